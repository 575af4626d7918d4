import { emptyRecord, isJsonObject, pointerTo, type Json } from '@tigateway/model';
import type { Findings } from './layout.js';

/** Reads `routes`: a list of definitions, a definition also as one text (`id=uri,predicate,predicate`). */
export function findRoutes(value: Json, pointer: string, findings: Findings): void {
  if (value === null) return;
  if (!Array.isArray(value)) return wrongType('a list of routes', pointer, findings);
  for (const [index, item] of (value as readonly (Json | undefined)[]).entries()) {
    if (item === undefined) continue; // a gap between indexed keys, reported where the list was put together
    const at = pointerTo(pointer, index);
    const offset =
      findings.offsets.ofItem(value, index) ?? (isJsonObject(item) ? findings.offsets.of(item) : undefined);
    const configuration = typeof item === 'string' ? routeFromText(item) : item;
    if (isJsonObject(configuration)) findings.found.push({ configType: 'route', configuration, pointer: at, offset });
    else if (typeof item === 'string') {
      const message = 'a route as one text has the form id=uri,predicate,predicate';
      findings.problems.push({ pointer: at, code: 'wrong-type', message, offset });
    } else wrongType('a route', at, findings, offset);
  }
}

/** Reads `filters`: a list of definitions, or a map of them by id. */
export function findFilters(value: Json, pointer: string, findings: Findings): void {
  if (value === null) return;
  if (Array.isArray(value)) {
    for (const [index, configuration] of (value as readonly Json[]).entries()) {
      const at = pointerTo(pointer, index);
      const offset = findings.offsets.ofItem(value, index);
      if (isJsonObject(configuration))
        findings.found.push({ configType: 'filter', configuration, pointer: at, offset });
      else wrongType('a filter definition', at, findings, offset);
    }
    return;
  }
  if (!isJsonObject(value)) return wrongType('a list of filters, or a map of them by id', pointer, findings);
  for (const [configId, configuration] of Object.entries(value)) {
    const at = pointerTo(pointer, configId);
    if (!isJsonObject(configuration)) wrongType('a filter definition', at, findings);
    else {
      const offset = findings.offsets.of(configuration);
      findings.found.push({ configType: 'filter', configId, configuration, pointer: at, offset });
    }
  }
}

export function wrongType(expected: string, pointer: string, findings: Findings, offset?: number): void {
  findings.problems.push({ pointer, code: 'wrong-type', message: `expected ${expected}`, offset });
}

/** Spring Cloud Gateway splits at every comma, so no predicate in this form can have two arguments. */
function routeFromText(text: string): Json | undefined {
  const equals = text.indexOf('=');
  if (equals <= 0) return undefined;
  const [uri, ...predicates] = text
    .slice(equals + 1)
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '');
  if (uri === undefined) return undefined;
  return Object.assign(emptyRecord(), { id: text.slice(0, equals).trim(), uri, predicates });
}

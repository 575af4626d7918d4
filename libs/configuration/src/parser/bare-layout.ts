import { isJsonObject, pointerTo, type Json, type JsonObject } from '@tigateway/model';
import { findFilters, findRoutes, wrongType } from './definition-list.js';
import { findGlobal, OPERATOR_WRAPPERS } from './global-settings.js';
import type { Findings } from './layout.js';

const KEYS = ['routes', 'filters', 'globals', ...OPERATOR_WRAPPERS.keys()];

/** Reads the top-level keys that are the gateway's own; the others are foreign to it (`spring` is read elsewhere). */
export function readBareLayout(root: JsonObject, findings: Findings): void {
  for (const [key, value] of Object.entries(root)) {
    const pointer = pointerTo('', key);
    const operatorGlobal = OPERATOR_WRAPPERS.get(key);
    if (key === 'routes') findRoutes(value, pointer, findings);
    else if (key === 'filters') findFilters(value, pointer, findings);
    else if (key === 'globals') findGlobals(value, pointer, findings);
    else if (operatorGlobal !== undefined) findGlobal(operatorGlobal, value, pointer, findings);
    else if (!isSpringKey(key)) findings.foreign.push({ name: key, pointer });
  }
}

export function isSpringKey(key: string): boolean {
  return key === 'spring' || key.startsWith('spring.');
}

/** Where a key that is not ours is an error, this says what would be. */
export const EXPECTED_KEYS = `expected ${KEYS.join(', ')} or spring`;

function findGlobals(value: Json, pointer: string, findings: Findings): void {
  if (value === null) return;
  if (!isJsonObject(value)) return wrongType('a map of settings by id', pointer, findings);
  for (const [configId, setting] of Object.entries(value)) {
    findGlobal(configId, setting, pointerTo(pointer, configId), findings);
  }
}

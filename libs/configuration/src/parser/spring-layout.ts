import { emptyRecord, isJsonObject, pointerTo, type Json, type JsonObject } from '@tigateway/model';
import { findRoutes, wrongType } from './definition-list.js';
import { findGlobal } from './global-settings.js';
import { isSpringKey } from './bare-layout.js';
import type { Findings } from './layout.js';
import { isSameStep, propertyPath, type PropertyStep } from './property-path.js';
import { flagOf, HOST_PORT, SPRING_FILTER_KEYS, SPRING_KEYS } from './spring-keys.js';
import { NEW_ROOT, newerWins, OLD_ROOT, type Setting, settingsBelow } from './spring-settings.js';

/**
 * Reads Spring Cloud Gateway's properties below `spring.cloud.gateway` and `spring.cloud.gateway.server.webflux`, nested or with
 * dotted keys, by relaxed names. Where both roots set a key, the newer root wins.
 */
export function readSpringLayout(root: JsonObject, findings: Findings): void {
  const old = settingsBelow(root, OLD_ROOT, findings);
  const current = settingsBelow(root, NEW_ROOT, findings);
  reportForeign(root, [], findings);
  const settings = new Map<string, Setting>();
  for (const name of new Set([...current.keys(), ...old.keys()])) {
    settings.set(name, newerWins(current.get(name), old.get(name), findings));
  }
  const globalFilters = settings.get('globalfilter');
  for (const [name, setting] of settings) {
    if (name === 'routes') findRoutes(setting.value, setting.pointer, findings);
    else if (name === 'filter' || name === 'predicate') readComponents(name, setting, globalFilters, findings);
    else if (name === 'globalfilter') readGlobalFilters(setting, findings);
    else if (name !== 'server') readKey(name, setting, findings);
  }
}

function readKey(name: string, setting: Setting, findings: Findings): void {
  const fate = SPRING_KEYS.get(name);
  if (fate?.becomes === 'global') return findGlobal(fate.configId, setting.value, setting.pointer, findings);
  if (fate?.becomes !== 'refusal') {
    const what = fate?.code === 'needless-property' ? 'is not needed' : 'has no effect here';
    const message = `"${setting.name}" ${what}${fate ? `: ${fate.because}` : ''}`;
    return remark(fate?.code ?? 'ignored-property', message, setting, findings);
  }
  const inner = fate.flag.reduce<Setting | undefined>((at, step) => at && membersOf(at, findings).get(step), setting);
  const value = inner && readFlag(inner, findings);
  if (inner === undefined || value === undefined || value === fate.unless) return;
  const key = [setting.name, ...fate.flag].join('.');
  if (fate.code === 'ignored-property')
    return remark(fate.code, `"${key}: ${value}" has no effect here: ${fate.because}`, inner, findings);
  const message = `"${key}" cannot be ${value}: ${fate.because}`;
  findings.problems.push({ pointer: inner.pointer, code: fate.code, message });
}

/** `filter.<name>.…` and `predicate.<name>.…`: whether there is such a component, and what holds for all of them. */
function readComponents(
  kind: 'filter' | 'predicate',
  setting: Setting,
  globalFilters: Setting | undefined,
  findings: Findings,
): void {
  for (const [name, component] of membersOf(setting, findings)) {
    const configId = kind === 'filter' ? SPRING_FILTER_KEYS.get(name) : undefined;
    if (configId === 'local-response-cache') {
      findGlobal(configId, withoutGlobalCache(component, globalFilters, findings), component.pointer, findings);
      continue;
    }
    const members = membersOf(component, findings);
    const enabled = members.get('enabled');
    members.delete('enabled');
    if (enabled && readFlag(enabled, findings) === false) {
      const key = `${kind}.${component.name}.enabled`;
      findings.disabled.push({ kind, name, key });
      const everywhere = `tigateway.disabled.${kind}s of the bootstrap file is for all`;
      remark('document-only', `"${key}" holds for this document; ${everywhere}`, enabled, findings);
    }
    if (members.size === 0) continue;
    if (configId !== undefined) {
      const rest = emptyRecord();
      for (const member of members.values()) rest[member.name] = member.value;
      findGlobal(configId, rest, component.pointer, findings);
      continue;
    }
    for (const [inner, member] of members) {
      const path = `"${kind}.${component.name}.${member.name}"`;
      if (kind === 'predicate' && name === 'host' && inner === 'includeport')
        remark('needless-property', `${path} is not needed: ${HOST_PORT}`, member, findings);
      else remark('ignored-property', `${path} has no effect here`, member, findings);
    }
  }
}

/** `global-filter.<name>.enabled`: of Spring's own global filters only the cache is a setting here. */
function readGlobalFilters(setting: Setting, findings: Findings): void {
  for (const [name, filter] of membersOf(setting, findings)) {
    if (name === 'localresponsecache') continue;
    const message = `"global-filter.${filter.name}" has no effect here: what it does is part of the gateway`;
    remark('ignored-property', message, filter, findings);
  }
}

/** The cache of all routes is on with the filter, unless `global-filter.local-response-cache.enabled` is false. */
function withoutGlobalCache(cache: Setting, globalFilters: Setting | undefined, findings: Findings): Json {
  const filter = globalFilters && membersOf(globalFilters, findings).get('localresponsecache');
  const enabled = filter && membersOf(filter, findings).get('enabled');
  if (!enabled || readFlag(enabled, findings) !== false) return cache.value;
  const settings = emptyRecord();
  for (const member of membersOf(cache, findings).values()) settings[member.name] = member.value;
  settings['enabled'] = false;
  return settings;
}

/** The settings inside of one, by relaxed name. */
function membersOf(setting: Setting, findings: Findings): Map<string, Setting> {
  if (setting.value === null) return new Map();
  if (isJsonObject(setting.value)) return settingsBelow(setting.value, [], findings, setting.pointer);
  wrongType('an object', setting.pointer, findings);
  return new Map();
}

function readFlag(setting: Setting, findings: Findings): boolean | undefined {
  const flag = flagOf(findings.resolve(setting.value));
  if (flag === undefined) wrongType('true or false', setting.pointer, findings);
  return flag;
}

function remark(code: string, message: string, { pointer }: Setting, findings: Findings): void {
  findings.warnings.push({ pointer, code, message });
}

/** What makes a part of a file count for some profiles alone. */
const PROFILES = /^spring\.(?:config\.activate|profiles)(?:\.on-?profile)?$/i;

/** Names what Spring or the application reads and the gateway does not: once each, at the highest level that is all foreign. */
function reportForeign(node: JsonObject, above: readonly PropertyStep[], findings: Findings, pointer = ''): void {
  for (const [key, value] of Object.entries(node)) {
    if (above.length === 0 && !isSpringKey(key)) continue;
    const path = [...above, ...propertyPath(key)];
    const at = pointerTo(pointer, key);
    const onTheWay = path.every(
      (step, index) => index >= NEW_ROOT.length || isSameStep(step, NEW_ROOT[index] as string),
    );
    if (path.length < OLD_ROOT.length && onTheWay && isJsonObject(value)) reportForeign(value, path, findings, at);
    else if (path.length === OLD_ROOT.length && onTheWay && isJsonObject(value))
      reportServer(value, path, findings, at);
    else if (!path.slice(0, OLD_ROOT.length).every((step, index) => isSameStep(step, OLD_ROOT[index] as string))) {
      findings.foreign.push({ name: path.join('.'), pointer: at });
      if (PROFILES.test(path.join('.'))) {
        const message = 'there are no profiles here: this part of the file is in force in any case';
        findings.warnings.push({ pointer: at, code: 'ignored-property', message });
      }
    }
  }
}

/** Below `spring.cloud.gateway` only `server.<other than webflux>` is foreign: the rest is reported by name. */
function reportServer(gateway: JsonObject, above: readonly PropertyStep[], findings: Findings, pointer: string): void {
  for (const [key, value] of Object.entries(gateway)) {
    if (!isSameStep(key, 'server') || !isJsonObject(value)) continue;
    for (const inner of Object.keys(value)) {
      if (isSameStep(propertyPath(inner)[0] as PropertyStep, 'webflux')) continue;
      findings.foreign.push({
        name: [...above, 'server', inner].join('.'),
        pointer: pointerTo(pointerTo(pointer, key), inner),
      });
    }
  }
}

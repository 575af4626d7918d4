import { emptyRecord, isJsonObject, pointerTo, relaxedName, type Json, type JsonObject } from '@tigateway/model';
import type { Findings } from './layout.js';
import { isSameStep, propertyPath, type PropertyStep } from './property-path.js';

export const OLD_ROOT = ['spring', 'cloud', 'gateway'] as const;
export const NEW_ROOT = [...OLD_ROOT, 'server', 'webflux'] as const;

/** One setting below a root: its name as it was written. */
export interface Setting {
  readonly name: string;
  readonly value: Json;
  readonly pointer: string;
}

/** A value that one key of the text sets. */
interface Property {
  readonly path: readonly PropertyStep[];
  readonly value: Json;
  readonly pointer: string;
}

/** The settings below a path, by relaxed name: each in one piece, however its parts are written. */
export function settingsBelow(
  root: JsonObject,
  rootPath: readonly string[],
  findings: Findings,
  pointerOfRoot = '',
): Map<string, Setting> {
  const groups = new Map<string, Property[]>();
  for (const property of propertiesBelow(root, rootPath, pointerOfRoot)) {
    const name = relaxedName(String(property.path[0]));
    groups.set(name, [...(groups.get(name) ?? []), property]);
  }
  const settings = new Map<string, Setting>();
  for (const [relaxed, properties] of groups) {
    const [first] = properties as [Property, ...Property[]];
    const name = String(first.path[0]);
    if (properties.length === 1 && first.path.length === 1)
      settings.set(relaxed, { name, value: first.value, pointer: first.pointer });
    else {
      const pointer = [...rootPath, name].reduce(pointerTo, pointerOfRoot);
      settings.set(relaxed, { name, value: new Assembly(findings, pointer).of(properties), pointer });
    }
  }
  return settings;
}

/** Every key below `rootPath`, whether the way there is nested, dotted or both. */
function* propertiesBelow(node: JsonObject, rootPath: readonly string[], pointer: string): Generator<Property> {
  for (const [key, value] of Object.entries(node)) {
    const path = propertyPath(key);
    const at = pointerTo(pointer, key);
    const shared = Math.min(path.length, rootPath.length);
    if (!path.slice(0, shared).every((step, index) => isSameStep(step, rootPath[index] as string))) continue;
    if (path.length > rootPath.length) yield { path: path.slice(rootPath.length), value, pointer: at };
    else if (isJsonObject(value)) yield* propertiesBelow(value, rootPath.slice(path.length), at);
  }
}

export function newerWins(current: Setting | undefined, old: Setting | undefined, findings: Findings): Setting {
  if (!current || !old) return (current ?? old) as Setting;
  return { ...current, value: overlay(current.value, old.value, old.pointer, findings) };
}

function overlay(current: Json, old: Json, oldPointer: string, findings: Findings): Json {
  if (!isJsonObject(current) || !isJsonObject(old)) {
    const message = `also set below ${NEW_ROOT.join('.')}, which wins`;
    findings.warnings.push({ pointer: oldPointer, code: 'overridden-property', message });
    return current;
  }
  const merged = Object.assign(emptyRecord(), current);
  for (const [key, value] of Object.entries(old)) {
    const same = Object.keys(current).find((each) => isSameStep(each, key));
    const at = pointerTo(oldPointer, key);
    merged[same ?? key] = same === undefined ? value : overlay(current[same] as Json, value, at, findings);
  }
  return merged;
}

/** Builds one value from the dotted and indexed keys that set its parts (`routes[0].id`, `routes[0].uri`, …). */
class Assembly {
  /** Containers made here, so that they may be written to; the others belong to the text. */
  private readonly made = new Set<object>();

  constructor(
    private readonly findings: Findings,
    private readonly pointer: string,
  ) {}

  of(properties: readonly Property[]): Json {
    let value: Json | undefined;
    for (const property of properties) value = this.put(value, property.path.slice(1), property);
    this.reportGaps(value ?? null, this.pointer);
    return value ?? null;
  }

  private put(target: Json | undefined, path: readonly PropertyStep[], property: Property): Json {
    const [step, ...rest] = path;
    if (step === undefined) return this.merge(target, property);
    if (typeof step === 'number') {
      const list = this.ownList(target, property);
      list[step] = this.put(list[step], rest, property);
      return list;
    }
    const record = this.ownRecord(target, property);
    const key = Object.keys(record).find((each) => isSameStep(each, step)) ?? step;
    record[key] = this.put(record[key], rest, property);
    return record;
  }

  private merge(target: Json | undefined, property: Property): Json {
    if (target === undefined) return property.value;
    if (isJsonObject(target) && isJsonObject(property.value)) {
      let merged: Json = target;
      for (const [key, value] of Object.entries(property.value)) {
        merged = this.put(merged, propertyPath(key), { ...property, value, pointer: pointerTo(property.pointer, key) });
      }
      return merged;
    }
    this.findings.problems.push({
      pointer: property.pointer,
      code: 'duplicate-key',
      message: 'this property is set twice',
    });
    return target;
  }

  private ownList(target: Json | undefined, property: Property): Json[] {
    if (Array.isArray(target) && this.made.has(target)) return target as Json[];
    if (target !== undefined && !Array.isArray(target)) this.reportClash(property);
    const list = Array.isArray(target) ? [...(target as readonly Json[])] : [];
    return this.own(list, target, property);
  }

  private ownRecord(target: Json | undefined, property: Property): Record<string, Json> {
    if (isJsonObject(target) && this.made.has(target)) return target;
    if (target !== undefined && !isJsonObject(target)) this.reportClash(property);
    return this.own(Object.assign(emptyRecord(), isJsonObject(target) ? target : {}), target, property);
  }

  private own<T extends object>(container: T, target: Json | undefined, property: Property): T {
    this.made.add(container);
    const offset = typeof target === 'object' && target !== null ? this.findings.offsets.of(target) : undefined;
    if (offset !== undefined) this.findings.offsets.set(container, offset);
    else if (typeof property.value === 'object' && property.value !== null) {
      const from = this.findings.offsets.of(property.value);
      if (from !== undefined) this.findings.offsets.set(container, from);
    }
    return container;
  }

  private reportClash(property: Property): void {
    const message = 'this property is set once as a value and once as an object or list';
    this.findings.problems.push({ pointer: property.pointer, code: 'duplicate-key', message });
  }

  private reportGaps(value: Json, pointer: string): void {
    if (typeof value !== 'object' || value === null || !this.made.has(value)) return;
    if (!Array.isArray(value)) {
      for (const [key, member] of Object.entries(value)) this.reportGaps(member, pointerTo(pointer, key));
      return;
    }
    const list = value as readonly (Json | undefined)[];
    for (let index = 0; index < list.length; index++) {
      const item = list[index];
      if (item !== undefined) this.reportGaps(item, pointerTo(pointer, index));
      else {
        const message = `the index ${index} is missing: the indexes of a list follow each other from 0`;
        this.findings.problems.push({ pointer: pointerTo(pointer, index), code: 'missing-index', message });
        return;
      }
    }
  }
}

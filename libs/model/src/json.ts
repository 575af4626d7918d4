import { hash } from 'node:crypto';

/** A JSON value. Objects that came from outside are null-prototype records. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * An empty record for keys from outside: it inherits nothing, and unlike `Object.create(null)` it keeps V8's compact object
 * layout, which at 100,000 routes is half of the memory.
 */
export function emptyRecord<T = Json>(): Record<string, T> {
  return new (EmptyRecord as unknown as new () => Record<string, T>)();
}

function EmptyRecord(): void {}
EmptyRecord.prototype = Object.freeze(Object.create(null)) as object;

/** A deep copy made of `emptyRecord`s. */
export function toRecords<T extends Json>(value: T): T {
  if (Array.isArray(value)) return (value as readonly Json[]).map(toRecords) as unknown as T;
  if (!isJsonObject(value)) return value;
  const copy = emptyRecord();
  for (const key of Object.keys(value)) copy[key] = toRecords(value[key] as Json);
  return copy as unknown as T;
}

/** Deep equality of JSON; the order of an object's keys does not count. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    const [left, right] = [a as readonly Json[], b as readonly Json[]];
    return (
      Array.isArray(b) && left.length === right.length && left.every((item, at) => sameJson(item, right[at] as Json))
    );
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as Json, b[key] as Json))
  );
}

/** The RFC 8785 form: keys sorted by UTF-16 code units, no white space. Equal content gives equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
  return `{${members.join(',')}}`;
}

/** `sha256-` and the base64 SHA-256 of the canonical JSON; `null` stands for a deleted configuration. */
export function hashOf(configuration: Json): string {
  // Joined, not added: a text that is put together by adding keeps its parts, and there is one for every configuration.
  return ['sha256-', hash('sha256', canonicalJson(configuration), 'base64')].join('');
}

const NEEDS_ESCAPE = /[~/]/;

/** Appends one reference token to a JSON Pointer (RFC 6901). */
export function pointerTo(base: string, token: string | number): string {
  if (typeof token === 'number' || !NEEDS_ESCAPE.test(token)) return `${base}/${token}`;
  return `${base}/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The reference tokens of a JSON Pointer, unescaped: `/a~1b/0` gives `['a/b', '0']`. */
export function pointerTokens(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

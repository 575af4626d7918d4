import type { ValidationError } from 'class-validator';
import { parseDataSizeBytes } from '../data-size.js';
import { parseDurationMs } from '../duration.js';
import { emptyRecord, isJsonObject, pointerTo, type Json, type JsonObject } from '../json.js';
import type { Problem } from '../problem.js';
import { classValidator } from './class-validator.js';
import { Constraints } from './constraints.js';
import { type Constructor, type Field, type FieldType, fieldsOf, relaxedName } from './fields.js';
import { statusByName } from './http-status.js';
import { parseInstantMs } from './instant.js';

export type Bound<T> = { readonly value: T; readonly problems: readonly [] } | Refused;
export interface Refused {
  readonly value?: undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads JSON into a declared class: names by Spring's relaxed rules, dotted and bracketed keys as nesting, texts converted
 * to the field's type, then the class's own class-validator constraints. Unknown keys are problems, never ignored.
 * @param pointer where `raw` stands in what was sent; every problem's pointer starts with it
 */
export function bind<T extends object>(type: Constructor<T>, raw: Json, pointer = ''): Bound<T> {
  const problems: Problem[] = [];
  const value = bindObject(type, raw, problems) as T;
  if (problems.length === 0) return { value, problems: [] };
  moveUnder(pointer, problems, 0);
  return { problems };
}

/** Problems are told from within, and moved to where their value stands by whoever looked into it: most values have none. */
function moveUnder(pointer: string, problems: Problem[], from: number): void {
  for (let at = from; at < problems.length; at++) {
    const problem = problems[at] as Problem;
    problems[at] = { ...problem, pointer: pointer + problem.pointer };
  }
}

interface Plan {
  readonly fields: readonly Field[];
  /** By relaxed name, and by the names that are written most. */
  readonly byName: ReadonlyMap<string, Field>;
  readonly required: readonly Field[];
  readonly constraints: Constraints;
}

const PLANS = new WeakMap<Constructor, Plan>();

function planOf(type: Constructor): Plan {
  const known = PLANS.get(type);
  if (known) return known;
  const defaults = new type() as Record<string, unknown>;
  const fields = fieldsOf(type);
  const plan: Plan = {
    fields,
    byName: new Map(
      fields.flatMap((field) => [field.key, relaxedName(field.key)].map((name) => [name, field] as const)),
    ),
    required: fields.filter((field) => !field.optional && defaults[field.name] === undefined),
    constraints: new Constraints(type),
  };
  PLANS.set(type, plan);
  return plan;
}

function bindObject(type: Constructor, raw: Json, problems: Problem[]): object {
  const target = new type() as Record<string, unknown>;
  if (!isJsonObject(raw)) {
    problems.push({ pointer: '', code: 'wrong-type', message: `expected an object, found ${describe(raw)}` });
    return target;
  }
  const { fields, byName, required, constraints } = planOf(type);
  const before = problems.length;
  const written = gathered(raw, byName);
  for (const key of Object.keys(written)) {
    const value = written[key] as Json;
    const field = byName.get(key) ?? byName.get(relaxedName(key));
    if (!field) {
      const known = fields.map((each) => each.key).join(', ');
      const expected = known ? `expected one of: ${known}` : 'no property is expected here';
      const message = `unknown property "${key}"; ${expected}`;
      problems.push({ pointer: pointerTo('', key), code: 'unknown-property', message });
      continue;
    }
    if (value === null && field.type.kind !== 'json') continue;
    const read = readMember(field.type, value, key, problems);
    if (read !== undefined) target[field.name] = read;
  }
  for (const { name, key } of required) {
    if (target[name] !== undefined || writtenAs(key, written) !== undefined) continue;
    problems.push({ pointer: pointerTo('', key), code: 'required', message: `"${key}" is required` });
  }
  if (problems.length === before && !constraints.isEmpty && !constraints.hold(target)) {
    for (const error of classValidator().validateSync(target, CONSTRAINT_OPTIONS)) {
      const key = fields.find(({ name }) => name === error.property)?.key ?? error.property;
      problems.push(...constraintProblems(error, key, pointerTo('', writtenAs(key, written) ?? key)));
    }
  }
  return target;
}

/** The key by which a field was written, however it was spelled. */
function writtenAs(key: string, written: JsonObject): string | undefined {
  const relaxed = relaxedName(key);
  return Object.keys(written).find((each) => relaxedName(each) === relaxed);
}

/** A key that addresses a part of a field: `backoff.factor`, `statuses[0]`. */
const PART = /^[^.[]+[.[]/;

/** Gathers keys that address parts of one field under that field. Most objects have none, and are taken as they are. */
function gathered(raw: JsonObject, byName: ReadonlyMap<string, Field>): JsonObject {
  const keys = Object.keys(raw);
  if (!keys.some((key) => !byName.has(key) && PART.test(key))) return raw;
  const whole = emptyRecord();
  const spelled = new Map<string, string>();
  for (const key of keys) {
    if (PART.test(key)) continue;
    whole[key] = raw[key] as Json;
    spelled.set(relaxedName(key), key);
  }
  const parts = new Map<string, Record<string, Json>>();
  for (const key of keys) {
    if (!PART.test(key)) continue;
    const cut = key.search(/[.[]/);
    const name = relaxedName(key.slice(0, cut));
    const members = parts.get(name) ?? emptyRecord();
    members[restOfKey(key, cut)] = raw[key] as Json;
    parts.set(name, members);
    if (!spelled.has(name)) spelled.set(name, key.slice(0, cut));
  }
  for (const [name, members] of parts) {
    const key = spelled.get(name) as string;
    const value = whole[key];
    whole[key] = isJsonObject(value) ? { ...value, ...members } : members;
  }
  return whole;
}

function restOfKey(key: string, cut: number): string {
  return key[cut] === '.'
    ? key.slice(cut + 1)
    : key
        .slice(cut + 1)
        .replace(']', '')
        .replace(/^(\d+)\.?/, '$1');
}

/** @param key where the value stands in what holds it */
function readMember(type: FieldType, value: Json, key: string, problems: Problem[]): unknown {
  const before = problems.length;
  const read = readValue(type, value, problems);
  if (problems.length > before) moveUnder(pointerTo('', key), problems, before);
  return read;
}

function readValue(type: FieldType, value: Json, problems: Problem[]): unknown {
  switch (type.kind) {
    case 'json':
      return value;
    case 'nested':
      return bindObject(type.of(), value, problems);
    case 'list':
      return readList(type, value, problems);
    case 'map':
      return readMap(type, value, problems);
    default: {
      const read = readScalar(type, value);
      if (read === undefined) {
        const message = `expected ${expectation(type)}, found ${describe(value)}`;
        problems.push({ pointer: '', code: 'wrong-type', message });
      }
      return read;
    }
  }
}

function readList({ of, splitsCommas }: FieldType & { kind: 'list' }, value: Json, problems: Problem[]): unknown[] {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item, index) => readMember(of, item, String(index), problems));
  }
  if (isJsonObject(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => Number(a) - Number(b));
    return entries.map(([key, item]) => readMember(of, item, key, problems));
  }
  if (typeof value !== 'string' || !splitsCommas) return [readValue(of, value, problems)];
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => readValue(of, item, problems));
}

function readMap(type: FieldType & { kind: 'map' }, value: Json, problems: Problem[]): unknown {
  if (!isJsonObject(value)) {
    problems.push({ pointer: '', code: 'wrong-type', message: `expected an object, found ${describe(value)}` });
    return undefined;
  }
  const map = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) map[key] = readMember(type.of, member, key, problems);
  return map;
}

/** A field left out is `required`'s business alone. */
const CONSTRAINT_OPTIONS = {
  forbidUnknownValues: false,
  skipUndefinedProperties: true,
  validationError: { target: false },
};

const TRUE_WORDS: ReadonlySet<string> = new Set(['true', 'on', 'yes', '1']);
const FALSE_WORDS: ReadonlySet<string> = new Set(['false', 'off', 'no', '0']);
const INTEGER = /^[+-]?(\d+|0x[0-9a-f]+)$/i;

function readScalar(type: FieldType, value: Json): string | number | boolean | undefined {
  if (typeof value === 'object') return undefined;
  const text = String(value).trim();
  switch (type.kind) {
    case 'text':
      return String(value);
    case 'int': {
      const number = INTEGER.test(text) ? Number(text) : NaN;
      return Number.isSafeInteger(number) ? number : undefined;
    }
    case 'number':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'flag': {
      const word = text.toLowerCase();
      return TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : undefined;
    }
    case 'durationMs':
      return typeof value === 'boolean' ? undefined : parseDurationMs(value);
    case 'sizeBytes':
      return typeof value === 'boolean' ? undefined : parseDataSizeBytes(value);
    case 'instantMs':
      return parseInstantMs(text);
    case 'httpStatus': {
      if (/^\d+$/.test(text))
        return type.namesOnly || Number(text) < 100 || Number(text) > 999 ? undefined : Number(text);
      return statusByName(text);
    }
    case 'choice':
      return type.choices.find((choice) => lettersOf(choice) === lettersOf(text));
    default:
      return undefined;
  }
}

function lettersOf(text: string): string {
  return text.replace(/[^a-z0-9]/gi, '').toLowerCase();
}

/** What a field takes, in words: used in error messages and in the generated catalogue. */
export function expectation(type: FieldType): string {
  switch (type.kind) {
    case 'text':
      return 'a text';
    case 'int':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'flag':
      return 'true or false';
    case 'durationMs':
      return 'a duration such as 250ms, 10s, 5m or PT5M';
    case 'sizeBytes':
      return 'a size such as 512KB or 5MB';
    case 'instantMs':
      return 'a date-time with an offset such as 2030-01-20T17:42:47.789-07:00, or epoch milliseconds';
    case 'httpStatus':
      return type.namesOnly ? 'a status name such as BAD_GATEWAY' : 'a status such as 404 or NOT_FOUND';
    case 'choice':
      return `one of ${type.choices.join(', ')}`;
    case 'list':
      return `a list, each item ${expectation(type.of)}`;
    case 'map':
      return `an object, each member ${expectation(type.of)}`;
    case 'nested':
      return 'an object';
    case 'json':
      return 'any JSON';
  }
}

function describe(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (isJsonObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function constraintProblems(error: ValidationError, key: string, pointer: string): Problem[] {
  const own = Object.values(error.constraints ?? {}).map((message) => ({
    pointer,
    code: 'constraint',
    message: message.replace(error.property, `"${key}"`),
  }));
  const inner = (error.children ?? []).flatMap((child) =>
    constraintProblems(child, child.property, pointerTo(pointer, child.property)),
  );
  return [...own, ...inner];
}

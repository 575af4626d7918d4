import type { ValidationError } from 'class-validator';
import { parseDataSizeBytes } from '../data-size.js';
import { parseDurationMs } from '../duration.js';
import { isJsonObject, pointerTo, type Json, type JsonObject } from '../json.js';
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
  const value = bindObject(type, raw, pointer, problems) as T;
  return problems.length > 0 ? { problems } : { value, problems: [] };
}

/** What the input writes for one field: the value, and where it was written. */
interface Written {
  readonly value: Json;
  readonly pointer: string;
}

interface Plan {
  /** By relaxed name. */
  readonly fields: ReadonlyMap<string, Field>;
  readonly required: readonly { readonly field: Field; readonly relaxed: string }[];
  readonly constraints: Constraints;
}

const PLANS = new WeakMap<Constructor, Plan>();

function planOf(type: Constructor): Plan {
  const known = PLANS.get(type);
  if (known) return known;
  const defaults = new type() as Record<string, unknown>;
  const fields = fieldsOf(type);
  const plan: Plan = {
    fields: new Map(fields.map((field) => [relaxedName(field.key), field])),
    required: fields
      .filter((field) => !field.optional && defaults[field.name] === undefined)
      .map((field) => ({ field, relaxed: relaxedName(field.key) })),
    constraints: new Constraints(type),
  };
  PLANS.set(type, plan);
  return plan;
}

function bindObject(type: Constructor, raw: Json, pointer: string, problems: Problem[]): object {
  const target = new type() as Record<string, unknown>;
  if (!isJsonObject(raw)) {
    problems.push({ pointer, code: 'wrong-type', message: `expected an object, found ${describe(raw)}` });
    return target;
  }
  const plan = planOf(type);
  const before = problems.length;
  const written = collect(raw, pointer);
  for (const [name, { value, pointer: at, key }] of written) {
    const field = plan.fields.get(name);
    if (!field) {
      const known = [...plan.fields.values()].map((each) => each.key).join(', ');
      const expected = known ? `expected one of: ${known}` : 'no property is expected here';
      problems.push({ pointer: at, code: 'unknown-property', message: `unknown property "${key}"; ${expected}` });
      continue;
    }
    if (value === null && field.type.kind !== 'json') continue;
    const read = readValue(field.type, value, at, problems);
    if (read !== undefined) target[field.name] = read;
  }
  for (const { field, relaxed } of plan.required) {
    if (target[field.name] !== undefined || written.has(relaxed)) continue;
    problems.push({ pointer: pointerTo(pointer, field.key), code: 'required', message: `"${field.key}" is required` });
  }
  if (problems.length === before && !plan.constraints.isEmpty && !plan.constraints.hold(target)) {
    const keys = new Map([...plan.fields.values()].map((field) => [field.name, field.key]));
    for (const error of classValidator().validateSync(target, CONSTRAINT_OPTIONS)) {
      const key = keys.get(error.property) ?? error.property;
      const at = written.get(relaxedName(key))?.pointer ?? pointerTo(pointer, key);
      problems.push(...constraintProblems(error, key, at));
    }
  }
  return target;
}

/** Gathers keys that address one field (`backoff.factor`, `backoff.max-backoff`, `statuses[0]`) under that field. */
function collect(raw: JsonObject, pointer: string): Map<string, Written & { key: string }> {
  const written = new Map<string, Written & { key: string }>();
  const nested = new Map<string, { key: string; members: Record<string, Json> }>();
  for (const key of Object.keys(raw)) {
    const value = raw[key] as Json;
    const cut = key.search(/[.[]/);
    if (cut <= 0) {
      written.set(relaxedName(key), { value, pointer: pointerTo(pointer, key), key });
      continue;
    }
    const name = relaxedName(key.slice(0, cut));
    const group = nested.get(name) ?? { key: key.slice(0, cut), members: Object.create(null) as Record<string, Json> };
    group.members[restOfKey(key, cut)] = value;
    nested.set(name, group);
  }
  for (const [name, { key, members }] of nested) {
    const whole = written.get(name);
    const value = whole && isJsonObject(whole.value) ? { ...whole.value, ...members } : members;
    written.set(name, { value, pointer: whole?.pointer ?? pointerTo(pointer, key), key });
  }
  return written;
}

function restOfKey(key: string, cut: number): string {
  return key[cut] === '.'
    ? key.slice(cut + 1)
    : key
        .slice(cut + 1)
        .replace(']', '')
        .replace(/^(\d+)\.?/, '$1');
}

function readValue(type: FieldType, value: Json, pointer: string, problems: Problem[]): unknown {
  switch (type.kind) {
    case 'json':
      return value;
    case 'nested':
      return bindObject(type.of(), value, pointer, problems);
    case 'list':
      return readList(type, value, pointer, problems);
    case 'map':
      return readMap(type, value, pointer, problems);
    default: {
      const read = readScalar(type, value);
      if (read === undefined) {
        const message = `expected ${expectation(type)}, found ${describe(value)}`;
        problems.push({ pointer, code: 'wrong-type', message });
      }
      return read;
    }
  }
}

function readList(type: FieldType & { kind: 'list' }, value: Json, pointer: string, problems: Problem[]): unknown {
  let items: readonly (readonly [key: string | undefined, item: Json])[];
  if (Array.isArray(value)) {
    items = (value as readonly Json[]).map((item, index) => [String(index), item] as const);
  } else if (isJsonObject(value)) {
    items = Object.entries(value).sort(([a], [b]) => Number(a) - Number(b));
  } else if (typeof value === 'string' && type.splitsCommas) {
    items = value
      .split(',')
      .map((item) => [undefined, item.trim()] as const)
      .filter(([, item]) => item !== '');
  } else {
    items = [[undefined, value]];
  }
  return items.map(([key, item]) =>
    readValue(type.of, item, key === undefined ? pointer : pointerTo(pointer, key), problems),
  );
}

function readMap(type: FieldType & { kind: 'map' }, value: Json, pointer: string, problems: Problem[]): unknown {
  if (!isJsonObject(value)) {
    problems.push({ pointer, code: 'wrong-type', message: `expected an object, found ${describe(value)}` });
    return undefined;
  }
  const map = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) {
    map[key] = readValue(type.of, member, pointerTo(pointer, key), problems);
  }
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

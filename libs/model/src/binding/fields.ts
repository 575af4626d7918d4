export type Constructor<T extends object = object> = new () => T;

/** What a field's text or JSON value is read as. The same facts validate, bind and document. */
export type FieldType =
  | { readonly kind: 'text' }
  | { readonly kind: 'int' }
  | { readonly kind: 'number' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'durationMs' }
  | { readonly kind: 'sizeBytes' }
  | { readonly kind: 'instantMs' }
  | { readonly kind: 'httpStatus'; readonly namesOnly: boolean }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'list'; readonly of: FieldType; readonly splitsCommas: boolean }
  | { readonly kind: 'map'; readonly of: FieldType }
  | { readonly kind: 'nested'; readonly of: () => Constructor }
  | { readonly kind: 'json' };

export interface FieldOptions {
  /** The key in the configuration, where it is not the property's own name: `timeout` for a property `timeoutMs`. */
  readonly key?: string;
  /** One sentence for the catalogue. */
  readonly about?: string;
  /** May be left out although the property has no default value. */
  readonly optional?: boolean;
  /** `{name}` in the value is replaced by the URI variable of that name. */
  readonly template?: boolean;
  readonly example?: string;
}

export interface Field extends FieldOptions {
  /** The key that it is written under, in kebab-case. */
  readonly key: string;
  readonly name: string;
  readonly type: FieldType;
}

const FIELDS = new WeakMap<object, Field[]>();
/** By class, once they have been asked for. */
let known = new WeakMap<Constructor, readonly Field[]>();

/** The fields that a class declares, its parents' first. Built once per class. */
export function fieldsOf(type: Constructor): readonly Field[] {
  let fields = known.get(type);
  if (fields === undefined) known.set(type, (fields = collectedFields(type)));
  return fields;
}

function collectedFields(type: Constructor): readonly Field[] {
  const parent = Object.getPrototypeOf(type.prototype as object) as object | null;
  const inherited = parent && parent !== Object.prototype ? fieldsOf(parent.constructor as Constructor) : [];
  return [...inherited, ...(FIELDS.get(type.prototype as object) ?? [])];
}

function field(type: FieldType, options: FieldOptions = {}): PropertyDecorator {
  return (target, name) => {
    const declared = FIELDS.get(target) ?? [];
    declared.push({ ...options, key: options.key ?? kebabName(String(name)), name: String(name), type });
    FIELDS.set(target, declared);
    known = new WeakMap();
  };
}

/** Any text; numbers and booleans are read as their text. Property type: `string`. */
export const Text = (options?: FieldOptions) => field({ kind: 'text' }, options);
/** A whole number, decimal or `0x…`. Property type: `number`. */
export const Int = (options?: FieldOptions) => field({ kind: 'int' }, options);
/** A decimal number. Property type: `number`. */
export const Decimal = (options?: FieldOptions) => field({ kind: 'number' }, options);
/** `true/on/yes/1` or `false/off/no/0`. Property type: `boolean`. */
export const Flag = (options?: FieldOptions) => field({ kind: 'flag' }, options);
/** A duration, see `parseDurationMs`. Property type: `number`, in milliseconds. */
export const DurationMs = (options?: FieldOptions) => field({ kind: 'durationMs' }, options);
/** A size, see `parseDataSizeBytes`. Property type: `number`, in bytes. */
export const SizeBytes = (options?: FieldOptions) => field({ kind: 'sizeBytes' }, options);
/** Epoch milliseconds or ISO-8601 with an offset or zone. Property type: `number`, in milliseconds since the epoch. */
export const InstantMs = (options?: FieldOptions) => field({ kind: 'instantMs' }, options);
/** An HTTP status: a number or Spring's enum name in any case. Property type: `number`. */
export const HttpStatus = (options?: FieldOptions & { namesOnly?: boolean }) =>
  field({ kind: 'httpStatus', namesOnly: options?.namesOnly ?? false }, options);
/** One of a closed set; compared by letters and digits only, in any case. Property type: the union of the choices. */
export const Choice = (choices: readonly string[], options?: FieldOptions) =>
  field({ kind: 'choice', choices }, options);
/** An array, an index-keyed map, or (unless `splitsCommas` is false) text with commas. Property type: an array. */
export const ListOf = (of: FieldType, options?: FieldOptions & { splitsCommas?: boolean }) =>
  field({ kind: 'list', of, splitsCommas: options?.splitsCommas ?? true }, options);
/** An object with free keys. Property type: a null-prototype record. */
export const MapOf = (of: FieldType, options?: FieldOptions) => field({ kind: 'map', of }, options);
/** An object of another declared class. Property type: that class. */
export const Nested = (of: () => Constructor, options?: FieldOptions) => field({ kind: 'nested', of }, options);
/** Any JSON, taken as it is. Property type: `Json`. */
export const AnyJson = (options?: FieldOptions) => field({ kind: 'json' }, options);

const RELAXED = /^[a-z0-9]*$/;

/** Keys of one name: Spring's relaxed binding ignores case, `-` and `_`. */
export function relaxedName(name: string): string {
  return RELAXED.test(name) ? name : name.replace(/[-_]/g, '').toLowerCase();
}

/** Kebab-case, as the keys are written in the documentation. */
export function kebabName(name: string): string {
  return name.replace(/(?<=[a-z0-9])([A-Z])/g, (letter) => `-${letter.toLowerCase()}`);
}

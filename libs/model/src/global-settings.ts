import { bind, type Bound } from './binding/bind.js';
import type { Constructor } from './binding/fields.js';
import { isJsonObject, type Json, pointerTo } from './json.js';
import type { Problem } from './problem.js';

/** The shape of one well-known global configuration. The lib that obeys it declares it; the validator checks by it. */
export interface GlobalSettingsSchema<T extends object = object> {
  /** `cors`, `httpclient`, `update-policy`, … */
  readonly configId: string;
  readonly type: Constructor<T>;
  /** Brings accepted spellings (a wrapper object, a bare list) into the form that `type` declares. */
  readonly unwrap?: (configuration: Json) => Json;
  /** What several properties together must obey. @param written what the settings were read from, unwrapped */
  check?(settings: T, written: Json): readonly Problem[];
}

/** Reads a global configuration by its schema. @param pointer where it stands in what was sent */
export function bindGlobal<T extends object>(
  schema: GlobalSettingsSchema<T>,
  configuration: Json,
  pointer = '',
): Bound<T> {
  const written = schema.unwrap ? schema.unwrap(configuration) : configuration;
  const at = written === configuration ? pointer : pointerInto(configuration, written, pointer);
  const bound = bind(schema.type, written, at);
  const problems = (bound.value && schema.check?.(bound.value, written)) ?? [];
  return problems.length === 0
    ? bound
    : { problems: problems.map((each) => ({ ...each, pointer: at + each.pointer })) };
}

/** A wrapper has one member that matters; what `unwrap` made anew stands where the whole stands. */
function pointerInto(configuration: Json, member: Json, pointer: string): string {
  const key = isJsonObject(configuration) && Object.keys(configuration).find((each) => configuration[each] === member);
  return typeof key === 'string' ? pointerTo(pointer, key) : pointer;
}

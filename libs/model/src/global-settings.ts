import type { Constructor } from './binding/fields.js';
import type { Json } from './json.js';

/** The shape of one well-known global configuration. The lib that obeys it declares it; the validator checks by it. */
export interface GlobalSettingsSchema<T extends object = object> {
  /** `cors`, `httpclient`, `update-policy`, … */
  readonly configId: string;
  readonly type: Constructor<T>;
  /** Brings accepted spellings (a wrapper object, a bare list) into the form that `type` declares. */
  readonly unwrap?: (configuration: Json) => Json;
}

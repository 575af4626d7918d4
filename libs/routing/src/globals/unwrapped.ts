import { isJsonObject, type Json } from '@tigateway/model';

/** Takes `{ httpclient: {…} }` for its inner object, where `names` allows that key. */
export function unwrapped(configuration: Json, ...names: readonly string[]): Json {
  if (!isJsonObject(configuration)) return configuration;
  const [key, ...others] = Object.keys(configuration);
  return key !== undefined && others.length === 0 && names.includes(key) ? (configuration[key] as Json) : configuration;
}

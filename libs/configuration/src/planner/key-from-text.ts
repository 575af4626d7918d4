import type { ConfigType, ConfigurationKey } from '@tigateway/model';

/** The inverse of `keyText`. */
export function keyFromText(text: string): ConfigurationKey {
  const colon = text.indexOf(':');
  return { configType: text.slice(0, colon) as ConfigType, configId: text.slice(colon + 1) };
}

export const CONFIG_TYPES = ['route', 'filter', 'global'] as const;
export type ConfigType = (typeof CONFIG_TYPES)[number];

/** What one configuration is known by, whatever source it comes from. */
export interface ConfigurationKey {
  readonly configType: ConfigType;
  readonly configId: string;
}

/** One string for one key; the type never holds a colon, so no two keys share a string. */
export function keyText({ configType, configId }: ConfigurationKey): string {
  // Joined, not added, as in `hashOf`: it is kept for every configuration.
  return [configType, configId].join(':');
}

export function isConfigType(text: string): text is ConfigType {
  return (CONFIG_TYPES as readonly string[]).includes(text);
}

const REFUSED_IDS: ReadonlySet<string> = new Set(['.', '..', '__proto__', 'constructor', 'prototype']);
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const ID = /^[^\u0000-\u001f\u007f-\u009f/]{1,253}$/u;

/** @returns why `id` cannot be the id of a configuration, or `undefined` where it can */
export function idProblem(id: unknown): string | undefined {
  if (typeof id !== 'string' || id === '') return 'an id of 1 to 253 characters is required';
  if (REFUSED_IDS.has(id)) return `"${id}" is not allowed as an id`;
  if (!ID.test(id)) return 'an id has 1 to 253 characters, no control characters and no "/"';
  return undefined;
}

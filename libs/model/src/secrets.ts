import { isJsonObject, type Json, type JsonObject } from './json.js';

/** What stands in every answer, event, log line and notification where a secret is. */
export const MASK = '***';

const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'keypassword',
  'keystorepassword',
  'secret',
  'token',
  'webhookurl',
]);

export function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.replace(/[-_]/g, '').toLowerCase());
}

/** A copy in which the value of every secret field is `***`. What holds no secret is returned as it is. */
export function maskSecrets<T extends Json>(value: T): T {
  return mask(value) as T;
}

function mask(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const masked = items.map(mask);
    return masked.every((item, index) => item === items[index]) ? items : masked;
  }
  if (!isJsonObject(value)) return value;
  let copy: Record<string, Json> | undefined;
  for (const [name, member] of Object.entries(value)) {
    const shown = isSecretName(name) && member !== null && member !== '' ? MASK : mask(member);
    if (shown === member) continue;
    copy ??= Object.assign(Object.create(null) as Record<string, Json>, value);
    copy[name] = shown;
  }
  return copy ?? value;
}

/** Puts back from `current` what a client read as `***` and sent unchanged. */
export function unmaskSecrets(sent: Json, current: Json | undefined): Json {
  if (Array.isArray(sent)) {
    const before = Array.isArray(current) ? (current as readonly Json[]) : [];
    return sent.map((item: Json, index) => unmaskSecrets(item, before[index]));
  }
  if (!isJsonObject(sent)) return sent;
  const before: JsonObject = isJsonObject(current) ? current : {};
  const result = Object.create(null) as Record<string, Json>;
  for (const [name, member] of Object.entries(sent)) {
    const previous = Object.hasOwn(before, name) ? before[name] : undefined;
    result[name] =
      isSecretName(name) && member === MASK && previous !== undefined ? previous : unmaskSecrets(member, previous);
  }
  return result;
}

import { type Placeholders } from '@tigateway/configuration';
import { isJsonObject, type Json, pointerTo } from '@tigateway/model';

export interface MissingVariable {
  readonly pointer: string;
  readonly name: string;
}

/**
 * Policies and channels come out again in the API and the history: they keep their placeholders until they take effect, so
 * that no value of a variable can be shown. That the variables exist is checked all the same.
 */
const OPERATOR_OWNED = /^\/tigateway[/.](update[-_]?policy|notification)(?![^/.[])/i;

/**
 * Replaces `${NAME}` and `${NAME:default}` in every text.
 * @param missing collects what has neither a variable nor a default
 */
export function resolvePlaceholders(
  value: Json,
  placeholders: Placeholders,
  missing: MissingVariable[],
  pointer = '',
): Json {
  if (typeof value === 'string') {
    const resolved = placeholders.resolve(value);
    for (const [written, name = ''] of value.matchAll(/\$\{([^{}:]+)\}/g)) {
      if (resolved.includes(written) && placeholders.resolve(written) === written) missing.push({ pointer, name });
    }
    return OPERATOR_OWNED.test(pointer) ? value : resolved;
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item, index) =>
      resolvePlaceholders(item, placeholders, missing, pointerTo(pointer, index)),
    );
  }
  if (!isJsonObject(value)) return value;
  const resolved = Object.create(null) as Record<string, Json>;
  for (const [key, member] of Object.entries(value)) {
    resolved[key] = resolvePlaceholders(member, placeholders, missing, pointerTo(pointer, key));
  }
  return resolved;
}

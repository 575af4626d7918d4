import { isJsonObject, type Json } from '@tigateway/model';
import type { Findings } from './layout.js';

/** The globals that the operator's own documents hold, by the key that wraps them there. */
export const OPERATOR_WRAPPERS: ReadonlyMap<string, string> = new Map([
  ['configuration', 'update-policy'],
  ['notification', 'notification'],
]);

const WRAPPER_OF: ReadonlyMap<string, string> = new Map([...OPERATOR_WRAPPERS].map(([wrapper, id]) => [id, wrapper]));

/** Whether `${NAME}` in this global is resolved only where it takes effect, so that its value is never shown. */
export function isOperatorOwned(configId: string): boolean {
  return WRAPPER_OF.has(configId);
}

/** The wrapped form of the operator's documents is reduced to the inner object; everything else is what it is. */
export function innerGlobal(configId: string, value: Json): Json {
  const wrapper = WRAPPER_OF.get(configId);
  const isWrapped = wrapper !== undefined && isJsonObject(value) && Object.keys(value).length === 1;
  return isWrapped ? (value[wrapper] ?? value) : value;
}

/** Takes one global setting. */
export function findGlobal(configId: string, value: Json, pointer: string, findings: Findings): void {
  const inner = innerGlobal(configId, value);
  const offset = typeof value === 'object' && value !== null ? findings.offsets.of(value) : undefined;
  findings.found.push({ configType: 'global', configId, configuration: inner, pointer, offset });
}

import { CONFIG_TYPES, isConfigType, isJsonObject } from '@tigateway/model';
import type { Pattern } from './subscription.js';

export type ClientMessage =
  | { readonly type: 'subscribe'; readonly pattern: Pattern; readonly since: number | undefined }
  | { readonly type: 'unsubscribe'; readonly pattern: Pattern }
  | { readonly type: 'ping' }
  | { readonly type: 'invalid'; readonly message: string };

const KEYS = {
  subscribe: ['type', 'configType', 'configId', 'since'],
  unsubscribe: ['type', 'configType', 'configId'],
  ping: ['type'],
} as const;

/** Reads one text frame of a client; whatever it holds, this is an answer. */
export function readClientMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return invalid('expected JSON');
  }
  if (!isJsonObject(message)) return invalid('expected a JSON object');
  const { type } = message;
  if (type !== 'subscribe' && type !== 'unsubscribe' && type !== 'ping') {
    return invalid('"type" must be one of: subscribe, unsubscribe, ping');
  }
  const known: readonly string[] = KEYS[type];
  const unknown = Object.keys(message).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    return invalid(`unknown property ${JSON.stringify(unknown)}; expected one of: ${known.join(', ')}`);
  }
  if (type === 'ping') return { type };
  const { configType = '*', configId = '*', since } = message;
  if (configType !== '*' && !(typeof configType === 'string' && isConfigType(configType))) {
    return invalid(`"configType" must be one of: ${CONFIG_TYPES.join(', ')}, *`);
  }
  if (typeof configId !== 'string' || configId === '' || configId.length > 253) {
    return invalid('"configId" must be a text of 1 to 253 characters');
  }
  const pattern: Pattern = { configType: configType, configId };
  if (type === 'unsubscribe') return { type, pattern };
  if (since !== undefined && !(typeof since === 'number' && Number.isSafeInteger(since) && since >= 0)) {
    return invalid('"since" must be a sequence, a whole number of at least 0');
  }
  return { type, pattern, since };
}

function invalid(message: string): ClientMessage {
  return { type: 'invalid', message };
}

import { createHash } from 'node:crypto';
import type { ConfigurationKey } from '@tigateway/model';

/** Kubernetes' limit of a name that is a DNS subdomain, in characters. */
const NAME_LIMIT = 253;
/** Of a label's value. */
const LABEL_LIMIT = 63;
const HASH_DIGITS = 10;

const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
/** An id that looks as if it had been made a name could stand for two. */
const LOOKS_MADE = new RegExp(`-[0-9a-f]{${HASH_DIGITS}}$`);

/** The ConfigMap that has a configuration's history: its id where that is a DNS name, else made one, with a hash of the id. */
export function historyName(gateway: string, { configType, configId }: ConfigurationKey): string {
  const prefix = `${gateway}-config-history-${configType}-`;
  const room = NAME_LIMIT - prefix.length;
  if (DNS_NAME.test(configId) && configId.length <= room && !LOOKS_MADE.test(configId)) return prefix + configId;
  return prefix + made(configId.toLowerCase(), /[^a-z0-9]+/g, room, configId);
}

/** A label's value for any id. */
export function labelValue(configId: string): string {
  if (LABEL_VALUE.test(configId) && configId.length <= LABEL_LIMIT && !LOOKS_MADE.test(configId)) return configId;
  return made(configId, /[^A-Za-z0-9]+/g, LABEL_LIMIT, configId);
}

function made(text: string, foreign: RegExp, room: number, configId: string): string {
  const hash = createHash('sha256').update(configId).digest('hex').slice(0, HASH_DIGITS);
  const stem = text
    .replace(foreign, '-')
    .slice(0, room - HASH_DIGITS - 1)
    .replace(/^-+|-+$/g, '');
  return stem === '' ? hash : `${stem}-${hash}`;
}

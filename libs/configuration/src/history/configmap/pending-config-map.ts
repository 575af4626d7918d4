import { type Json, toRecords } from '@tigateway/model';
import type { StoredPending } from '../configuration-store.js';
import type { ConfigMap } from './journal-head.js';

const PENDING_LABELS = { app: 'tigateway', component: 'config-pending' } as const;

export function pendingName(gateway: string): string {
  return `${gateway}-config-pending`;
}

/** Changes that wait for their time, one data key each. */
export function pendingConfigMap(gateway: string, namespace: string, pending: readonly StoredPending[]): ConfigMap {
  return {
    metadata: { name: pendingName(gateway), namespace, labels: { ...PENDING_LABELS, gateway } },
    data: Object.fromEntries(pending.map(({ id, payload }) => [id, JSON.stringify(payload)])),
  };
}

export function pendingOf({ data = {} }: ConfigMap): StoredPending[] {
  return Object.entries(data).map(([id, text]) => ({ id, payload: toRecords(JSON.parse(text) as Json) }));
}

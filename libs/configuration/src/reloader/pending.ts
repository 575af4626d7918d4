import { type ConfigurationKey, type Json, isJsonObject, keyText, type SourceName } from '@tigateway/model';
import type { OrderedMap } from 'immutable';
import type { StoreCommit, StoredPending } from '../history/configuration-store.js';
import type { PendingChange, WriteRequest } from './configuration-api.js';

/** A change that is accepted and not in force yet. */
export interface Pending {
  readonly id: string;
  readonly strategy: 'scheduled' | 'rolling';
  readonly source: SourceName;
  readonly actor: string;
  readonly reason?: string;
  /** Milliseconds since the epoch, like the others. */
  readonly acceptedMs: number;
  /** Scheduled: when it goes in; absent: its time was missed, and there is no next one. */
  readonly dueMs?: number;
  /** Scheduled: a time at which it should have gone in, and was too late to be caught up. */
  readonly missedMs?: number;
  readonly changes: readonly (ConfigurationKey & { readonly op: 'upsert' | 'delete' })[];
  /** What the API was asked; absent for a watched source, which is read again when its turn comes. */
  readonly requests?: readonly WriteRequest[];
}

/** By id, in the order of acceptance. */
export type PendingChanges = OrderedMap<string, Pending>;

const KIND = 'pending';

export function pendingRow(pending: Pending): StoredPending {
  return { id: pending.id, payload: { kind: KIND, ...pending } as unknown as Json };
}

/** @param rows what the store kept, other rows too */
export function pendingOf(rows: readonly StoredPending[]): Pending[] {
  return rows
    .flatMap(({ payload }) =>
      isJsonObject(payload) && payload['kind'] === KIND ? [payload as unknown as Pending] : [],
    )
    .sort((a, b) => a.acceptedMs - b.acceptedMs || (a.id < b.id ? -1 : 1));
}

/** What changes, without what a watched source or a secret would add to it. */
export function keysOf(requests: readonly WriteRequest[]): Pending['changes'] {
  return requests.map(({ op, configType, configId }) => ({ op, configType, configId }));
}

/** How people see it. */
export function shownPending(
  pending: Pending,
  batch?: PendingChange['batch'],
  others?: PendingChange['others'],
): PendingChange {
  const { id, strategy, source, actor, reason, acceptedMs, dueMs, missedMs, changes } = pending;
  return {
    id,
    strategy,
    source,
    actor,
    ...(reason !== undefined && { reason }),
    acceptedAt: new Date(acceptedMs).toISOString(),
    ...(dueMs !== undefined && { dueAt: new Date(dueMs).toISOString() }),
    ...(missedMs !== undefined && { missedAt: new Date(missedMs).toISOString() }),
    ...(batch && { batch }),
    ...(others && { others }),
    changes,
  };
}

export interface Replaced {
  readonly pending: PendingChanges;
  readonly commit: Required<Pick<StoreCommit, 'putPending' | 'removePending'>>;
}

/**
 * A later change of a configuration replaces what waits for it.
 * @param spared changes that have begun: they are let finish
 */
export function withoutKeys(
  pending: PendingChanges,
  keys: Iterable<ConfigurationKey>,
  spared: ReadonlySet<string>,
): Replaced {
  const replaced = new Set([...keys].map(keyText));
  const putPending: StoredPending[] = [];
  const removePending: string[] = [];
  const rest = pending.withMutations((map) => {
    for (const [id, each] of pending) {
      const { requests } = each;
      if (!requests || spared.has(id) || !requests.some((request) => replaced.has(keyText(request)))) continue;
      const left = requests.filter((request) => !replaced.has(keyText(request)));
      if (left.length === 0) {
        map.delete(id);
        removePending.push(id);
      } else {
        const shorter = { ...each, requests: left, changes: keysOf(left) };
        map.set(id, shorter);
        putPending.push(pendingRow(shorter));
      }
    }
  });
  return { pending: rest, commit: { putPending, removePending } };
}

import type { ConfigurationKey, DeadLetterKey } from '@tigateway/model';
import type { HistoryRetention } from '../configuration-store.js';
import type { RowBatch } from './store-database.js';

/** What the store asks of its thread; versions and events travel as JSON texts. A failure comes back as a message for a `ConfigurationStoreError`. */
export interface StoreCalls {
  open: { argument: { directory: string }; result: { lastVersionMs: number; lastSequence: number } };
  /** The next rows of what `open` found, `undefined` at the end: asked for one by one, so that no side is flooded. */
  loadNext: { argument: undefined; result: RowBatch | undefined };
  /** A large commit comes in several parts (each a `rowsText`), counted from 0; only the last one writes, and writes them all. */
  commit: { argument: { part: number; isLast: boolean; rows: string }; result: undefined };
  versions: { argument: ConfigurationKey; result: string[] };
  version: { argument: { key: ConfigurationKey; ms: number }; result: string | undefined };
  eventsSince: { argument: { sequence: number; limit: number }; result: string[] | undefined };
  /** The bodies of all deliveries. */
  outbox: { argument: undefined; result: { deliveries: string[]; oldestSequence: number; lastSequence: number } };
  deadLetters: { argument: { after: DeadLetterKey; limit: number }; result: string[] };
  prune: { argument: { retention: HistoryRetention; nowMs: number }; result: undefined };
  close: { argument: undefined; result: undefined };
}

export type StoreCallName = keyof StoreCalls;

export type StoreCall = {
  [Name in StoreCallName]: {
    readonly id: number;
    readonly name: Name;
    readonly argument: StoreCalls[Name]['argument'];
  };
}[StoreCallName];

export type StoreAnswer =
  | { readonly id: number; readonly result: StoreCalls[StoreCallName]['result'] }
  | { readonly id: number; readonly failure: string };

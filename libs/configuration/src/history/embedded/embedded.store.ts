import {
  type ConfigurationKey,
  ConfigurationStoreError,
  type ConfigurationVersion,
  type DeadLetter,
  type DeadLetterKey,
  type DeliveryProgress,
  TimeSlice,
} from '@tigateway/model';
import {
  ConfigurationStore,
  type HistoryRetention,
  type StoreCommit,
  type StoredEvent,
  type StoredOutbox,
  type StoredState,
} from '../configuration-store.js';
import { versionMs } from '../version-name.js';
import { StoreConnection } from './store-connection.js';
import type { StoreCallName, StoreCalls } from './store-protocol.js';
import { eventOf, LoadedState, type RowChange, rowChanges, rowsText, versionOf } from './store-rows.js';
import { KEPT_EVENTS, KEPT_UNDELIVERED_EVENTS } from './store-tables.js';

/** Carried over to the store's thread at once, in characters: a few milliseconds of copying. */
const PART_CHARACTERS = 256 * 1024;
const ROW_CHARACTERS = 128;

/**
 * The store of one process on one machine: a directory with a database (`store.db`, its log `store.db-wal`), the lock that
 * keeps a second process out (`lock`) and the count of acknowledged commits (`acknowledged`). All disk work happens on a
 * thread of its own.
 */
export class EmbeddedStore extends ConfigurationStore {
  private connection?: StoreConnection;
  private lastCommit: Promise<void> = Promise.resolve();
  /** Notification channels that events are kept for. */
  private readonly channels = new Set<string>();

  constructor(private readonly directory: string) {
    super();
  }

  override async open(): Promise<StoredState> {
    const connection = new StoreConnection();
    try {
      const { lastVersionMs, lastSequence } = await connection.call('open', { directory: this.directory });
      const state = new LoadedState();
      for (;;) {
        const batch = await connection.call('loadNext', undefined);
        if (!batch) break;
        state.add(batch.table, batch.bodies);
      }
      const { deliveries } = await connection.call('outbox', undefined);
      for (const body of deliveries) this.channels.add((JSON.parse(body) as DeliveryProgress).channel);
      this.connection = connection;
      return state.state(lastVersionMs, lastSequence);
    } catch (error) {
      await connection.terminate();
      throw error;
    }
  }

  /** Commits go in one after the other, in the order of the calls. */
  override commit(commit: StoreCommit): Promise<void> {
    const turn = this.lastCommit.then(() => this.send(commit));
    this.lastCommit = turn.catch(() => undefined);
    return turn;
  }

  override async versions(key: ConfigurationKey): Promise<ConfigurationVersion[]> {
    const { configType, configId } = key;
    return (await this.call('versions', { configType, configId })).map(versionOf);
  }

  override async version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined> {
    const ms = versionMs(version);
    if (ms === undefined) return undefined;
    const { configType, configId } = key;
    const body = await this.call('version', { key: { configType, configId }, ms });
    return body === undefined ? undefined : versionOf(body);
  }

  /** Also `undefined` for a sequence that was never given: whoever asks knows more than this store. */
  override async eventsSince(sequence: number, limit: number): Promise<StoredEvent[] | undefined> {
    return (await this.call('eventsSince', { sequence, limit }))?.map(eventOf);
  }

  override async outbox(): Promise<StoredOutbox> {
    const { deliveries, ...sequences } = await this.call('outbox', undefined);
    return { deliveries: deliveries.map((body) => JSON.parse(body) as DeliveryProgress), ...sequences };
  }

  override async deadLetters(after: DeadLetterKey | undefined, limit: number): Promise<DeadLetter[]> {
    const { channel = '', sequence = 0 } = after ?? {};
    const bodies = await this.call('deadLetters', { after: { channel, sequence }, limit });
    return bodies.map((body) => JSON.parse(body) as DeadLetter);
  }

  override async prune({ maxVersions, retentionMs, compression }: HistoryRetention, nowMs: number): Promise<void> {
    await this.call('prune', { retention: { maxVersions, retentionMs, compression }, nowMs });
  }

  /** Waits for the commit under way; a second call does nothing. */
  override async close(): Promise<void> {
    await this.lastCommit;
    const { connection } = this;
    this.connection = undefined;
    if (!connection) return;
    try {
      await connection.call('close', undefined);
    } finally {
      await connection.terminate();
    }
  }

  private async send(commit: StoreCommit): Promise<void> {
    const slice = new TimeSlice();
    let changes: RowChange[] = [];
    let characters = 0;
    let part = 0;
    for (const { channel } of commit.putDeliveries ?? []) this.channels.add(channel);
    for (const change of rowChanges(commit, this.channels.size > 0 ? KEPT_UNDELIVERED_EVENTS : KEPT_EVENTS)) {
      changes.push(change);
      characters += charactersOf(change);
      if (characters >= PART_CHARACTERS) {
        await this.call('commit', { part, isLast: false, rows: rowsText(changes) });
        part += 1;
        changes = [];
        characters = 0;
      }
      if (slice.isUsedUp) await slice.breathe();
    }
    await this.call('commit', { part, isLast: true, rows: rowsText(changes) });
    for (const channel of commit.removeDeliveries ?? []) this.channels.delete(channel);
  }

  private call<Name extends StoreCallName>(
    name: Name,
    argument: StoreCalls[Name]['argument'],
  ): Promise<StoreCalls[Name]['result']> {
    if (!this.connection)
      return Promise.reject(new ConfigurationStoreError(`the store "${this.directory}" is not open`));
    return this.connection.call(name, argument);
  }
}

function charactersOf(change: RowChange): number {
  return ROW_CHARACTERS + ('body' in change ? change.body.length : 0);
}

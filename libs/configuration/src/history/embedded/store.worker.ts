import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { HistoryRetention } from '../configuration-store.js';
import { HistoryPruner, type Key } from './history-pruner.js';
import { type RowBatch, StoreDatabase } from './store-database.js';
import type { StoreAnswer, StoreCall, StoreCallName, StoreCalls } from './store-protocol.js';
import { type RowChange, rowsOfText } from './store-rows.js';

/** A pause in the commits of this length is used to move the log into the database, in milliseconds. */
const QUIET_MS = 200;
/** Without such a pause it is done at this much log, in bytes: some hundred commits of one route. */
const LOG_BYTES = 8 * 2 ** 20;

type StoreResult = StoreCalls[StoreCallName]['result'];

type Handlers = {
  [Name in StoreCallName]: (
    argument: StoreCalls[Name]['argument'],
  ) => StoreCalls[Name]['result'] | Promise<StoreCalls[Name]['result']>;
};

/** The store's own thread: a flush to disk takes as long as it takes, and traffic does not notice. */
class StoreThread {
  private opened?: { readonly database: StoreDatabase; readonly pruner: HistoryPruner };
  private loading?: Iterator<RowBatch, void>;
  private parts: RowChange[] = [];
  private quiet?: NodeJS.Timeout;
  private pruning: Promise<void> = Promise.resolve();

  readonly handlers: Handlers = {
    open: ({ directory }) => {
      const database = StoreDatabase.open(directory);
      this.opened = { database, pruner: new HistoryPruner(database) };
      this.loading = database.load();
      return { lastVersionMs: database.lastVersionMs, lastSequence: database.lastSequence };
    },
    loadNext: () => this.loading?.next().value ?? undefined,
    commit: ({ part, isLast, rows }) => {
      if (part === 0) this.parts = [];
      for (const change of rowsOfText(rows)) this.parts.push(change);
      if (isLast) this.commit(this.parts.splice(0));
      return undefined;
    },
    versions: (key) => this.database.versions(key),
    version: ({ key, ms }) => this.database.version(key, ms),
    eventsSince: ({ sequence, limit }) => this.database.eventsSince(sequence, limit),
    outbox: () => {
      const { oldestSequence, lastSequence } = this.database;
      return { deliveries: this.database.deliveries(), oldestSequence, lastSequence };
    },
    deadLetters: ({ after, limit }) => this.database.deadLetters(after, limit),
    prune: async ({ retention, nowMs }) => {
      const turn = this.pruning.then(() => this.prune(retention, nowMs));
      this.pruning = turn.catch(() => undefined);
      await turn;
      return undefined;
    },
    close: async () => {
      const { database } = this;
      this.opened = undefined;
      await this.pruning;
      clearTimeout(this.quiet);
      database.close();
      return undefined;
    },
  };

  private get database(): StoreDatabase {
    if (!this.opened) throw new Error('the store is not open');
    return this.opened.database;
  }

  private commit(changes: readonly RowChange[]): void {
    this.database.commit(changes);
    for (const change of changes) {
      if (change.table !== 'version' || !('put' in change)) continue;
      const [configType, configId] = change.put as Key;
      this.opened?.pruner.touch([configType, configId]);
    }
    this.checkpointLater();
  }

  private async prune(retention: HistoryRetention, nowMs: number): Promise<void> {
    this.database.compression = retention.compression;
    const slices = this.opened?.pruner.slices(retention, nowMs);
    // Calls that came in meanwhile are answered between two slices; after a close there is nothing left to do.
    while (this.opened && !slices?.next().done) await setImmediate();
    if (this.opened) this.checkpointLater();
  }

  /** After the answer is out: a commit does not wait for the log of those before it. */
  private checkpointLater(): void {
    clearTimeout(this.quiet);
    const delayMs = this.database.uncheckpointedBytes < LOG_BYTES ? QUIET_MS : 0;
    this.quiet = setTimeout(() => {
      try {
        this.opened?.database.checkpoint();
      } catch {
        // The log keeps everything; the next commit meets whatever is wrong with the disk, and says so.
      }
    }, delayMs);
  }
}

const thread = new StoreThread();

async function answer(call: StoreCall): Promise<StoreAnswer> {
  try {
    // The union of calls and the table of handlers have one shape; TypeScript cannot follow the name from one to the other.
    const handler = thread.handlers[call.name] as (
      argument: StoreCall['argument'],
    ) => StoreResult | Promise<StoreResult>;
    return { id: call.id, result: await handler(call.argument) };
  } catch (error) {
    return { id: call.id, failure: (error as Error).message };
  }
}

parentPort?.on('message', (call: StoreCall) => {
  void answer(call).then((done) => parentPort?.postMessage(done));
});

import { Logger } from '@nestjs/common';
import {
  type Clock,
  type ConfigurationKey,
  ConfigurationStoreError,
  ConfigurationValidationError,
  type ConfigurationVersion,
  type DeadLetter,
  type DeadLetterKey,
  isJsonObject,
  keyText,
  type Problem,
  type Scheduled,
  StoreAheadError,
} from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient, type LeaderElection } from '@tigateway/kubernetes';
import {
  ConfigurationStore,
  type ForeignCommit,
  type HistoryRetention,
  type SharedPlace,
  type StoreCommit,
  type StoredEvent,
  type StoredOutbox,
  type StoredState,
  type StoreFollower,
} from '../configuration-store.js';
import { versionMs } from '../version-name.js';
import { historyOf, isTooLarge } from './history-config-map.js';
import { HistoryWriter } from './history-writer.js';
import { Journal } from './journal.js';
import type { ConfigMap, JournalEntry, JournalHead, JournalPlace } from './journal-head.js';
import { historyName } from './object-names.js';
import { sharedPart } from './shared-commit.js';
import { SharedDeliveries } from './shared-deliveries.js';
import { SharedHistory } from './shared-history.js';

export interface ConfigMapStoreOptions {
  /** The gateway's name: all processes of it share one journal. */
  readonly gateway: string;
  /** Of this process. */
  readonly identity: string;
}

export interface ConfigMapStorePorts {
  readonly client: KubernetesClient;
  readonly election: LeaderElection;
  readonly clock: Clock;
  /** What this process has on its own disk: what it serves while the API server is away. */
  readonly local: ConfigurationStore;
}

/** Everything that the cluster has, and where in the journal that is. */
interface WholeRead {
  readonly head: JournalHead;
  readonly shared: SharedHistory;
  readonly unwritten: readonly JournalEntry[];
}

/** The row in which a process remembers how far it has come. */
const PLACE_ID = 'journal-place';
const DEFAULT_RETENTION: HistoryRetention = { maxVersions: 10, retentionMs: 7 * 86_400_000, compression: true };
/** With more commits than this not in the local copy yet, others wait for it. */
const UNCOPIED = 64;
const RETRY_MS = 2_000;
/** The journal is read so often, in milliseconds, whatever its watch says: a watch may be dead for long before anybody knows. */
const LOOK_MS = 10_000;
const ATTEMPTS = 5;

/**
 * The store of many replicas: a journal in the cluster orders all commits, and is the point from which on they are durable. Each
 * replica keeps a copy on its own disk, from which it starts while the API server is away. The one that holds the Lease writes the
 * history's ConfigMaps and decides what watched sources change.
 */
export class ConfigMapStore extends ConfigurationStore {
  override readonly isShared = true;
  private readonly logger = new Logger('Store');
  private readonly journal: Journal;
  private readonly writer: HistoryWriter;
  private follower: StoreFollower | undefined;
  /** Up to this entry all is kept here, and goes in force right after. */
  private applied = 0;
  private inForce = 0;
  private readonly listeners = new Set<() => void>();
  private readonly leadListeners = new Set<(isLeading: boolean) => void>();
  private readonly deliveries: SharedDeliveries;
  /** Up to this entry all was handed to the follower. */
  private handed = 0;
  /**
   * By sequence: marks of entries that were handed over, from the newest that is kept here on. A cluster that was set back has other
   * entries under the same numbers.
   */
  private readonly marks = new Map<number, string>();
  private eventSequence = 0;
  private lastVersionMs = 0;
  /** Whether the local copy holds all that is in force here. */
  private isCopyWhole = true;
  /** Settles when everything so far is in the local copy, or cannot be. */
  private copied: Promise<void> = Promise.resolve();
  private uncopied = 0;
  private isLeading = false;
  /** Why the journal could not be read. */
  private reason: string | undefined = 'not read yet';
  /** Why it cannot be watched. */
  private watchReason: string | undefined;
  private look: Scheduled | undefined;
  /** What stood in the journal when it was read for the first time. */
  private firstRead: number | undefined;
  private servesSomething = false;
  private retention = DEFAULT_RETENTION;
  /** Looks at the journal, one after the other and never during a commit. */
  private turn: Promise<unknown> = Promise.resolve();
  private isClosed = false;
  private peers: () => readonly string[] = () => [];

  constructor(
    private readonly options: ConfigMapStoreOptions,
    private readonly ports: ConfigMapStorePorts,
  ) {
    super();
    const { gateway, identity } = options;
    const { client, clock } = ports;
    const labels = { app: 'tigateway', component: 'config-journal', gateway };
    this.journal = new Journal(client, { name: `${gateway}-config-journal`, labels, identity });
    this.deliveries = new SharedDeliveries(client, gateway, clock);
    this.writer = new HistoryWriter({
      client,
      gateway,
      clock,
      retention: () => this.retention,
      wrote: (through) => void this.inTurn(() => this.journal.wrote(through)).catch(() => undefined),
      confirm: () => this.inTurn(async () => this.handOver(await this.journal.read())),
    });
  }

  override get leads(): boolean {
    return this.isLeading && this.ports.election.isLeader;
  }

  override get place(): SharedPlace {
    const { inForce } = this;
    const reason = this.reason ?? this.watchReason;
    return { sequence: inForce, ...(reason !== undefined && { reason }) };
  }

  /** Whether what the cluster holds has been in force here once, or an earlier run's state is. */
  get isKnown(): boolean {
    return this.servesSomething || (this.firstRead !== undefined && this.inForce >= this.firstRead);
  }

  override swapped(): void {
    if (this.inForce === this.applied) return;
    this.inForce = this.applied;
    for (const listener of this.listeners) listener();
  }

  override get others(): readonly string[] {
    return this.peers();
  }

  /** @param peers who else is alive */
  knowPeers(peers: () => readonly string[]): void {
    this.peers = peers;
  }

  /** Calls `listener` when something that all share has come into force here. */
  onProgress(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Calls `listener` when this process begins or ceases to lead, and at once where it leads. */
  onLead(listener: (isLeading: boolean) => void): void {
    this.leadListeners.add(listener);
    if (this.isLeading) listener(true);
  }

  /** What the local copy has; what the cluster has comes with `follow`. */
  override async open(): Promise<StoredState> {
    const state = await this.ports.local.open();
    const place = state.pending.find(({ id }) => id === PLACE_ID)?.payload;
    if (isJsonObject(place)) this.applied = Number(place['sequence']);
    if (isJsonObject(place) && place['mark']) this.marks.set(this.applied, place['mark'] as string);
    this.handed = this.applied;
    this.servesSomething = this.applied > 0 || state.current.length > 0;
    this.eventSequence = state.lastSequence;
    this.lastVersionMs = state.lastVersionMs;
    return { ...state, pending: state.pending.filter(({ id }) => id !== PLACE_ID) };
  }

  override async follow(follower: StoreFollower): Promise<void> {
    this.follower = follower;
    await this.journal.start({
      moved: (isSure) => {
        this.watchReason = undefined;
        void this.lookNow(isSure);
      },
      down: (reason) => {
        this.watchReason = reason;
        this.lookIn(RETRY_MS);
      },
      up: () => {
        this.watchReason = undefined;
        void this.lookNow();
      },
    });
    await this.lookNow();
    if (this.reason !== undefined) this.logger.warn(`starts on what this process has itself: ${this.reason}`);
    this.ports.election.onChange((isLeader) => this.elected(isLeader));
    if (this.ports.election.isLeader) this.elected(true);
  }

  override async catchUp(): Promise<void> {
    if (this.reason === undefined) await this.lookNow();
  }

  override commit(commit: StoreCommit): Promise<void> {
    const shared = sharedPart(commit);
    if (this.isLeading) this.deliveries.note(commit);
    if (!shared) return this.ports.local.commit(commit);
    return this.inTurn(async () => {
      if (this.handed > this.applied) throw new StoreAheadError('others have committed first');
      const tooLarge = (shared.versions ?? []).filter(isTooLarge).map((version): Problem => ({
        pointer: '',
        code: 'too-large',
        message: `${keyText(version)} is too large: even compressed it has no room in a ConfigMap of 1 MiB`,
      }));
      if (tooLarge.length > 0) throw new ConfigurationValidationError(tooLarge);
      const place = this.placeAfter(shared);
      const head = await this.journal.append(place, shared, this.marks.get(this.applied)).catch((error: unknown) => {
        this.reason = (error as Error).message;
        this.lookIn(RETRY_MS);
        throw error;
      });
      if (!head) {
        const newest = await this.journal.read();
        if (this.isLost(newest)) throw new ConfigurationStoreError('the journal is gone; whoever leads begins it anew');
        await this.handOver(newest);
        throw new StoreAheadError('others have committed first');
      }
      this.reason = undefined;
      this.handed = place.sequence;
      this.remember(head, place.sequence);
      await this.adopt({ sequence: place.sequence, commit });
      if (this.isLeading) void this.writer.take({ sequence: place.sequence, mark: '', commit: shared });
    });
  }

  /** What is in force everywhere is kept here too; where the disk does not take it, the next start asks the cluster. */
  override async adopt({ sequence, commit, eventSequence }: Omit<ForeignCommit, 'identity'>): Promise<void> {
    const mark = this.marks.get(sequence) ?? '';
    const row = { id: PLACE_ID, payload: { kind: 'journal-place', sequence, mark } };
    const place = this.isCopyWhole ? { putPending: [...(commit.putPending ?? []), row] } : {};
    this.copy({ ...commit, ...place });
    if (this.uncopied > UNCOPIED) await this.copied;
    this.applied = sequence;
    for (const each of this.marks.keys()) if (each < sequence) this.marks.delete(each);
    this.eventSequence = eventSequence ?? Math.max(this.eventSequence, commit.events?.at(-1)?.sequence ?? 0);
    this.lastVersionMs = newestMs(this.lastVersionMs, commit);
  }

  override async versions(key: ConfigurationKey): Promise<ConfigurationVersion[]> {
    await this.copied;
    const [own, shared] = await Promise.all([this.ports.local.versions(key), this.sharedVersions(key)]);
    const all = new Map([...shared, ...own].map((version) => [version.version, version]));
    return [...all.values()].sort((a, b) => (versionMs(b.version) ?? 0) - (versionMs(a.version) ?? 0));
  }

  override async version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined> {
    await this.copied;
    const own = await this.ports.local.version(key, version);
    return own ?? (await this.sharedVersions(key)).find((each) => each.version === version);
  }

  override async eventsSince(sequence: number, limit: number): Promise<StoredEvent[] | undefined> {
    await this.copied;
    return this.ports.local.eventsSince(sequence, limit);
  }

  override async outbox(): Promise<StoredOutbox> {
    await this.copied;
    return this.ports.local.outbox();
  }

  override deadLetters(after: DeadLetterKey | undefined, limit: number): Promise<DeadLetter[]> {
    return this.ports.local.deadLetters(after, limit);
  }

  override async prune(retention: HistoryRetention, nowMs: number): Promise<void> {
    this.retention = retention;
    if (this.isLeading) this.writer.clean(nowMs);
    await this.ports.local.prune(retention, nowMs);
  }

  override async close(): Promise<void> {
    this.isClosed = true;
    this.look?.cancel();
    this.follower = undefined;
    this.writer.stop();
    await this.deliveries.flush();
    await this.journal.stop();
    await this.turn.catch(() => undefined);
    await this.copied;
    await this.ports.local.close();
  }

  /** The cluster has it: nobody waits for this disk. */
  private copy(commit: StoreCommit): void {
    this.uncopied++;
    this.copied = this.ports.local
      .commit(commit)
      .catch((error: unknown) => {
        if (!this.isCopyWhole) return;
        this.isCopyWhole = false;
        this.logger.error(`the copy on this disk falls behind: ${(error as Error).message}`);
        // What comes after it may be written, and must not say that all before is.
        this.copy({ removePending: [PLACE_ID] });
      })
      .finally(() => this.uncopied--);
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.turn.catch(() => undefined).then(work);
    this.turn = turn;
    return turn;
  }

  private placeAfter(commit: StoreCommit): JournalPlace {
    return {
      sequence: this.applied + 1,
      eventSequence: Math.max(this.eventSequence, commit.events?.at(-1)?.sequence ?? 0),
      lastVersionMs: newestMs(this.lastVersionMs, commit),
      writtenThrough: this.isLeading ? this.writer.through : 0,
    };
  }

  private lookIn(delayMs: number): void {
    this.look?.cancel();
    if (!this.isClosed) this.look = this.ports.clock.schedule(delayMs, () => void this.lookNow());
  }

  /** @param isSure what was heard of the journal is enough; else the API server is asked */
  private async lookNow(isSure = false): Promise<void> {
    try {
      await this.inTurn(async () => {
        const known = isSure ? this.journal.latest : undefined;
        await this.handOver(known ?? (await this.journal.read()));
      });
      this.lookIn(LOOK_MS);
    } catch (error) {
      this.reason = (error as Error).message;
      this.lookIn(RETRY_MS);
    }
  }

  /** Hands over what others have committed since. */
  private async handOver(head: JournalHead): Promise<void> {
    if (!this.follower) return;
    await this.catchUpWith(head, this.follower);
    this.firstRead ??= this.handed;
    this.reason = undefined;
  }

  private async catchUpWith(head: JournalHead, follower: StoreFollower): Promise<void> {
    if (this.isLost(head)) {
      if (this.isLeading) await this.beginAnew(follower);
      return;
    }
    const entries = this.goesOnFromHere(head) ? await this.journal.entriesAfter(head, this.handed) : undefined;
    if (entries) {
      for (const entry of entries) this.hand(entry);
      return;
    }
    // Too far behind, or the cluster was set back: what it has now is what holds.
    const { head: read, ...all } = await this.readAll(head);
    const { place } = read;
    const { sequence } = place;
    this.handed = sequence;
    this.remember(read, sequence);
    this.applied = Math.min(this.applied, sequence - 1);
    this.lastVersionMs = Math.max(this.lastVersionMs, place.lastVersionMs);
    if (this.isLeading) await this.beginWriting(all, sequence);
    follower.replaced(await all.shared.state(place));
  }

  /** Whether what was handed over is the past of this journal. */
  private goesOnFromHere({ place, entries }: JournalHead): boolean {
    if (place.sequence < this.handed) return false;
    const known = this.marks.get(this.handed);
    return known === undefined || entries.some(({ sequence, mark }) => sequence === this.handed && mark === known);
  }

  private remember({ entries }: JournalHead, wanted: number): void {
    const mark = entries.find(({ sequence }) => sequence === wanted)?.mark;
    if (mark === undefined) this.marks.delete(wanted);
    else this.marks.set(wanted, mark);
  }

  /** There was a journal, and it is no longer there: what runs here is all that is left of it. */
  private isLost({ resourceVersion }: JournalHead): boolean {
    return resourceVersion === '' && this.applied > 0;
  }

  private async beginAnew(follower: StoreFollower): Promise<void> {
    if (this.handed > this.applied) return;
    this.logger.warn('the journal is gone from the cluster: it is begun anew with what is in force here');
    const commit = sharedPart(await follower.everything()) ?? {};
    const place = this.placeAfter(commit);
    const head = await this.journal.begin({ ...place, writtenThrough: this.applied }, commit);
    this.handed = place.sequence;
    this.remember(head, place.sequence);
    await this.adopt({ sequence: place.sequence, commit: {} });
    await this.writer.take({ sequence: place.sequence, mark: '', commit });
  }

  private hand(entry: JournalEntry): void {
    this.handed = entry.sequence;
    const { sequence, mark, commit } = entry;
    this.marks.set(sequence, mark);
    this.follower?.committed({ sequence, commit, identity: this.options.identity });
    if (this.isLeading) void this.writer.take(entry);
  }

  /** What the cluster has, as of a place in the journal that is no older than `head`. */
  private async readAll(head: JournalHead): Promise<WholeRead> {
    for (let attempt = 1; ; attempt++) {
      const { place, entries } = head;
      const shared = await SharedHistory.read(this.ports.client, this.options.gateway);
      const oldest = entries[0]?.sequence ?? place.sequence + 1;
      const unwritten = await this.journal.entriesAfter(head, Math.max(place.writtenThrough, oldest - 1));
      if (!unwritten && attempt < ATTEMPTS) {
        // Its parts went while they were read: by now they are in the history.
        head = await this.journal.read();
        continue;
      }
      if (!unwritten) this.logger.error('parts of the journal are gone, and what was in them is not in the history');
      for (const entry of unwritten ?? []) await shared.add(entry);
      return { head, shared, unwritten: unwritten ?? [] };
    }
  }

  private async beginWriting({ shared, unwritten }: Omit<WholeRead, 'head'>, newest: number): Promise<void> {
    const through = (unwritten[0]?.sequence ?? newest + 1) - 1;
    this.writer.start(shared.keys.values(), [...shared.pending.values()], through);
    for (const entry of unwritten) await this.writer.take(entry);
  }

  private elected(isLeader: boolean): void {
    void this.inTurn(async () => {
      if (this.isClosed || isLeader === this.isLeading) return;
      if (!isLeader) {
        this.isLeading = false;
        this.writer.stop();
        this.deliveries.stop();
        this.tellLead(false);
        return;
      }
      const head = await this.journal.read();
      await this.handOver(head);
      const { head: read, ...all } = await this.readAll(head);
      // What was delivered by whoever led before is not delivered again.
      await this.ports.local.commit(await this.deliveries.read());
      if (!this.ports.election.isLeader) return;
      this.isLeading = true;
      await this.beginWriting(all, this.isLost(read) ? this.applied : read.place.sequence);
      if (this.follower && this.isLost(read)) await this.beginAnew(this.follower);
      this.tellLead(true);
    }).catch((error: unknown) => {
      this.logger.warn(`cannot take the lead yet: ${(error as Error).message}`);
      this.ports.clock.schedule(RETRY_MS, () => this.elected(this.ports.election.isLeader));
    });
  }

  private tellLead(isLeading: boolean): void {
    this.follower?.leads(isLeading);
    for (const listener of this.leadListeners) listener(isLeading);
  }

  /** Nothing where the API server is away: what this process has itself is all that can be told then. */
  private async sharedVersions(key: ConfigurationKey): Promise<readonly ConfigurationVersion[]> {
    const { client } = this.ports;
    try {
      const name = historyName(this.options.gateway, key);
      const found = await client.get<ConfigMap>(CONFIG_MAPS, name, client.namespace);
      return found ? historyOf(found).versions : [];
    } catch {
      return [];
    }
  }
}

function newestMs(ms: number, { versions = [] }: StoreCommit): number {
  return versions.reduce((newest, { version }) => Math.max(newest, versionMs(version) ?? 0), ms);
}

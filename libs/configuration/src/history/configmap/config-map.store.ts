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
  StoreAheadError,
} from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient, type LeaderElection } from '@tigateway/kubernetes';
import {
  ConfigurationStore,
  type ForeignCommit,
  type HistoryRetention,
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

/** How far a process has come in what all share. */
export interface SharedPlace {
  /** Of the newest commit that is in force here. */
  readonly sequence: number;
  /** Why the journal cannot be followed at the moment; absent while it can. */
  readonly reason?: string;
}

/** The row in which a process remembers how far it has come. */
const PLACE_ID = 'journal-place';
const DEFAULT_RETENTION: HistoryRetention = { maxVersions: 10, retentionMs: 7 * 86_400_000, compression: true };
const RETRY_MS = 2_000;

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
  private eventSequence = 0;
  private lastVersionMs = 0;
  /** Whether the local copy holds all that is in force here. */
  private isCopyWhole = true;
  private isLeading = false;
  private reason: string | undefined = 'not read yet';
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
    });
  }

  override get leads(): boolean {
    return this.isLeading;
  }

  get place(): SharedPlace {
    const { inForce, reason } = this;
    return { sequence: inForce, ...(reason !== undefined && { reason }) };
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
    this.handed = this.applied;
    this.eventSequence = state.lastSequence;
    this.lastVersionMs = state.lastVersionMs;
    return { ...state, pending: state.pending.filter(({ id }) => id !== PLACE_ID) };
  }

  override async follow(follower: StoreFollower): Promise<void> {
    this.follower = follower;
    await this.journal.start({
      moved: (isSure) =>
        void this.inTurn(async () => {
          const known = isSure ? this.journal.latest : undefined;
          await this.catchUp(known ?? (await this.journal.read()));
        }).catch((error: unknown) => (this.reason = (error as Error).message)),
      down: (reason) => (this.reason = reason),
      up: () => (this.reason = undefined),
    });
    await this.inTurn(async () => this.catchUp(await this.journal.read())).catch((error: unknown) => {
      this.reason = (error as Error).message;
      this.logger.warn(`starts on what this process has itself: ${this.reason}`);
    });
    this.ports.election.onChange((isLeader) => this.elected(isLeader));
    if (this.ports.election.isLeader) this.elected(true);
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
      const head = await this.journal.append(place, shared);
      if (!head) {
        const newest = await this.journal.read();
        if (this.isLost(newest)) throw new ConfigurationStoreError('the journal is gone; whoever leads begins it anew');
        await this.catchUp(newest);
        throw new StoreAheadError('others have committed first');
      }
      this.reason = undefined;
      this.handed = place.sequence;
      await this.adopt({ sequence: place.sequence, commit });
      if (this.isLeading) void this.writer.take({ sequence: place.sequence, mark: '', commit: shared });
    });
  }

  /** What is in force everywhere is kept here too; where the disk does not take it, the next start asks the cluster. */
  override async adopt({ sequence, commit, eventSequence }: Omit<ForeignCommit, 'identity'>): Promise<void> {
    const row = { id: PLACE_ID, payload: { kind: 'journal-place', sequence } };
    const place = this.isCopyWhole ? { putPending: [...(commit.putPending ?? []), row] } : {};
    try {
      await this.ports.local.commit({ ...commit, ...place });
    } catch (error) {
      if (this.isCopyWhole) this.logger.error(`the copy on this disk falls behind: ${(error as Error).message}`);
      this.isCopyWhole = false;
    }
    this.applied = sequence;
    this.eventSequence = eventSequence ?? Math.max(this.eventSequence, commit.events?.at(-1)?.sequence ?? 0);
    this.lastVersionMs = newestMs(this.lastVersionMs, commit);
  }

  override async versions(key: ConfigurationKey): Promise<ConfigurationVersion[]> {
    const [own, shared] = await Promise.all([this.ports.local.versions(key), this.sharedVersions(key)]);
    const all = new Map([...shared, ...own].map((version) => [version.version, version]));
    return [...all.values()].sort((a, b) => (versionMs(b.version) ?? 0) - (versionMs(a.version) ?? 0));
  }

  override async version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined> {
    const own = await this.ports.local.version(key, version);
    return own ?? (await this.sharedVersions(key)).find((each) => each.version === version);
  }

  override eventsSince(sequence: number, limit: number): Promise<StoredEvent[] | undefined> {
    return this.ports.local.eventsSince(sequence, limit);
  }

  override outbox(): Promise<StoredOutbox> {
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
    this.follower = undefined;
    this.writer.stop();
    await this.deliveries.flush();
    await this.journal.stop();
    await this.turn.catch(() => undefined);
    await this.ports.local.close();
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

  /** Hands over what others have committed since. */
  private async catchUp(head: JournalHead): Promise<void> {
    if (!this.follower) return;
    this.reason = undefined;
    if (this.isLost(head)) {
      if (this.isLeading) await this.beginAnew(this.follower);
      return;
    }
    const { sequence } = head.place;
    if (sequence === this.handed) return;
    const entries = sequence > this.handed ? await this.journal.entriesAfter(head, this.handed) : undefined;
    if (entries) {
      for (const entry of entries) this.hand(entry);
      return;
    }
    // Too far behind, or the cluster was set back: what it has now is what holds.
    const { shared } = await this.readAll(head);
    this.handed = sequence;
    this.applied = Math.min(this.applied, sequence - 1);
    this.lastVersionMs = Math.max(this.lastVersionMs, head.place.lastVersionMs);
    this.follower.replaced(await shared.state(head.place));
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
    await this.journal.begin({ ...place, writtenThrough: this.applied }, commit);
    this.handed = place.sequence;
    await this.adopt({ sequence: place.sequence, commit: {} });
    await this.writer.take({ sequence: place.sequence, mark: '', commit });
  }

  private hand(entry: JournalEntry): void {
    this.handed = entry.sequence;
    const { sequence, commit } = entry;
    this.follower?.committed({ sequence, commit, identity: this.options.identity });
    if (this.isLeading) void this.writer.take(entry);
  }

  private async readAll(head: JournalHead): Promise<{ shared: SharedHistory; unwritten: readonly JournalEntry[] }> {
    const shared = await SharedHistory.read(this.ports.client, this.options.gateway);
    const oldest = head.entries[0]?.sequence ?? head.place.sequence + 1;
    const unwritten = (await this.journal.entriesAfter(head, Math.max(head.place.writtenThrough, oldest - 1))) ?? [];
    for (const entry of unwritten) await shared.add(entry);
    return { shared, unwritten };
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
      await this.catchUp(head);
      const { shared, unwritten } = await this.readAll(head);
      // What was delivered by whoever led before is not delivered again.
      await this.ports.local.commit(await this.deliveries.read());
      if (!this.ports.election.isLeader) return;
      const newest = Math.max(head.place.sequence, this.applied);
      const through = (unwritten[0]?.sequence ?? newest + 1) - 1;
      this.writer.start(shared.keys.values(), [...shared.pending.values()], through);
      this.isLeading = true;
      for (const entry of unwritten) await this.writer.take(entry);
      if (this.follower && this.isLost(head)) await this.beginAnew(this.follower);
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

import type {
  ConfigurationKey,
  ConfigurationVersion,
  DeadLetter,
  DeadLetterKey,
  DeliveryProgress,
  Json,
  ParsedObject,
  RecordedEvent,
  SourceName,
} from '@tigateway/model';
import type { Undo } from '../reloader/undo.js';

/** A configuration that was made through the API. */
export interface StoredApiObject extends ConfigurationKey {
  readonly configuration: Json;
  readonly version: string;
  /** Place among the API's configurations by first creation; kept when the object is replaced. */
  readonly createdSequence: number;
}

/** A document of a watched source as it was last accepted: what a restart serves while the source is away or wrong. */
export interface StoredDocument {
  readonly source: SourceName;
  readonly name: string;
  readonly objects: readonly ParsedObject[];
}

/** The version in force of one key and where it came from. */
export interface StoredCurrent extends ConfigurationKey {
  readonly version: string;
  readonly hash: string;
  readonly source: SourceName;
}

/** A version that is held in force against its source (after a rollback), and the content that is barred. */
export interface StoredHold extends ConfigurationKey {
  readonly source: SourceName;
  readonly barredHash: string;
  /** `null` holds a deletion. */
  readonly configuration: Json;
  readonly version: string;
  readonly reason: string;
}

/** A change that waits for its time (scheduled) or its turn (rolling). */
export interface StoredPending {
  readonly id: string;
  readonly payload: Json;
}

/** An event as it was recorded, ready to be sent again: `sequence` and all facts in it. */
export type StoredEvent = RecordedEvent['facts'] & { readonly type: RecordedEvent['type'] };

/** What a start finds. */
export interface StoredState {
  readonly apiObjects: readonly StoredApiObject[];
  readonly documents: readonly StoredDocument[];
  readonly current: readonly StoredCurrent[];
  readonly holds: readonly StoredHold[];
  readonly pending: readonly StoredPending[];
  /** The newest version's milliseconds; 0 for an empty store. The next version must be greater. */
  readonly lastVersionMs: number;
  /** The newest event's sequence; 0 for none. */
  readonly lastSequence: number;
}

/** Everything that one change makes durable: all of it, or nothing. */
export interface StoreCommit {
  readonly versions?: readonly ConfigurationVersion[];
  readonly putApiObjects?: readonly StoredApiObject[];
  readonly removeApiObjects?: readonly ConfigurationKey[];
  readonly putDocuments?: readonly StoredDocument[];
  readonly removeDocuments?: readonly { readonly source: SourceName; readonly name: string }[];
  readonly putCurrent?: readonly StoredCurrent[];
  readonly removeCurrent?: readonly ConfigurationKey[];
  readonly putHolds?: readonly StoredHold[];
  readonly removeHolds?: readonly ConfigurationKey[];
  readonly putPending?: readonly StoredPending[];
  readonly removePending?: readonly string[];
  readonly events?: readonly StoredEvent[];
  /** Channels, by their names; events are kept for those that are known until they have come to them. */
  readonly putDeliveries?: readonly DeliveryProgress[];
  readonly removeDeliveries?: readonly string[];
  readonly putDeadLetters?: readonly DeadLetter[];
  readonly removeDeadLetters?: readonly DeadLetterKey[];
  /** Changes that are judged by what traffic makes of them: every process that the change reaches watches its own. */
  readonly judged?: readonly Undo[];
  /** Configurations that only the committing process puts in force, until they are released. */
  readonly held?: readonly HeldBack[];
  readonly released?: readonly Release[];
}

/** What an update that goes from process to process keeps back from the others. */
export interface HeldBack {
  /** Of the update. */
  readonly id: string;
  readonly keys: readonly ConfigurationKey[];
}

/** Processes that put in force now what an update kept back from them. */
export interface Release {
  readonly id: string;
  readonly replicas: readonly string[] | 'all';
}

/** What others committed to a store that several processes share. */
export interface ForeignCommit {
  /** Its place among all commits to the store; grows by one. */
  readonly sequence: number;
  readonly commit: StoreCommit;
  /** Who this process is among the others. */
  readonly identity?: string;
  /** Of the newest event of all, where the commit's own do not tell. */
  readonly eventSequence?: number;
}

/** What all processes share, as it stands: taken over whole where single commits can no longer be had. */
export interface SharedState extends Pick<
  StoredState,
  'apiObjects' | 'current' | 'holds' | 'pending' | 'lastVersionMs' | 'lastSequence'
> {
  readonly sequence: number;
  /** The versions in force, by key text. */
  readonly versions: ReadonlyMap<string, ConfigurationVersion>;
}

/** Who puts in force here what other processes commit. */
export interface StoreFollower {
  /** In the order of the commits; each goes in before what this process wants itself. */
  committed(foreign: ForeignCommit): void;
  replaced(state: SharedState): void;
  /** All that is in force here, as one commit: what the others have to have where the shared store has lost it. */
  everything(): Promise<StoreCommit>;
  /** This process decides from now on, or no longer, what watched sources change. */
  leads(isLeading: boolean): void;
}

/** What the notification channels left behind. */
export interface StoredOutbox {
  readonly deliveries: readonly DeliveryProgress[];
  /** The oldest event's sequence that is kept; one more than the newest for none. */
  readonly oldestSequence: number;
  /** The newest event's sequence; 0 for none. */
  readonly lastSequence: number;
}

export interface HistoryRetention {
  readonly maxVersions: number;
  readonly retentionMs: number;
  readonly compression: boolean;
}

/** How far a process has come in what all share. */
export interface SharedPlace {
  /** Of the newest commit that is in force here. */
  readonly sequence: number;
  /** Why what all share cannot be followed at the moment; absent while it can. */
  readonly reason?: string;
}

/**
 * The durable point of every change, and the history. `commit` settles when the change would survive a `kill -9`.
 * @throws ConfigurationStoreError from every method when the store cannot be reached or is damaged; names the file
 */
export abstract class ConfigurationStore {
  /** Whether other processes write to it too. */
  readonly isShared: boolean = false;

  /** Whether this process decides what watched sources change. The API's writes are everybody's. */
  get leads(): boolean {
    return true;
  }

  /** The other processes that are alive. */
  get others(): readonly string[] {
    return [];
  }

  /** Where this process stands; `undefined` for a store of one process. */
  get place(): SharedPlace | undefined {
    return undefined;
  }

  /** Asks what others have committed up to this moment; `follow` tells it. Without effect where it cannot be had. */
  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  /** Tells what others commit from now on. Settles once what they have committed so far was told, or cannot be had now. */
  follow(_follower: StoreFollower): Promise<void> {
    // Nobody else writes to a store of one process.
    return Promise.resolve();
  }

  /** Keeps what others have committed already; cannot be refused any more. */
  async adopt({ commit }: ForeignCommit): Promise<void> {
    await this.commit(commit);
  }

  /** What was committed or adopted last is in force. */
  swapped(): void {
    // Only those who share a store tell each other.
  }

  /** Takes possession, checks integrity and loads. One process at a time. */
  abstract open(): Promise<StoredState>;
  /** @throws StoreAheadError where others have committed what this process has not put in force yet */
  abstract commit(commit: StoreCommit): Promise<void>;
  /** Newest first, `[]` for none. */
  abstract versions(key: ConfigurationKey): Promise<ConfigurationVersion[]>;
  abstract version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined>;
  /**
   * Recorded events with a greater sequence, oldest first, at most `limit`.
   * `undefined` when events after `sequence` are no longer kept.
   */
  abstract eventsSince(sequence: number, limit: number): Promise<StoredEvent[] | undefined>;
  abstract outbox(): Promise<StoredOutbox>;
  /** In the order of their keys, those after `after`, at most `limit`. */
  abstract deadLetters(after: DeadLetterKey | undefined, limit: number): Promise<DeadLetter[]>;
  /** Drops what the retention no longer wants; never the newest version of a key. Gives the space back. */
  abstract prune(retention: HistoryRetention, nowMs: number): Promise<void>;
  abstract close(): Promise<void>;
}

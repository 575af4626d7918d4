import type {
  ConfigType,
  ConfigurationKey,
  ConfigurationVersion,
  Json,
  Position,
  Problem,
  SourceName,
} from '@tigateway/model';

import type { SharedPlace } from '../history/configuration-store.js';
import type { MigrationReport } from '../migration/migration-report.js';

/** One wish of an API call. */
export interface WriteRequest extends ConfigurationKey {
  readonly op: 'upsert' | 'delete';
  /** Required for `upsert`. */
  readonly configuration?: Json;
  /** The version that must be in force, without quotes; `*`: any. */
  readonly ifMatch?: string;
  /** True: the key must not exist yet (`If-None-Match: *`). */
  readonly ifNoneMatch?: boolean;
  /** Where the configuration stands in the request body; problems point there. Default: the root. */
  readonly pointer?: string;
}

export interface WriteOptions {
  /** Who asks: shown in history and notifications. */
  readonly actor: string;
  readonly reason?: string;
}

/** What a rollback asks of the version in force. */
export interface RollbackOptions extends WriteOptions, Pick<WriteRequest, 'ifMatch' | 'ifNoneMatch'> {}

export type WriteOutcome =
  | {
      readonly kind: 'applied';
      /** One per request, in its order; for a write without effect the version that was current already. */
      readonly versions: readonly ConfigurationVersion[];
      /** By key text: the source of higher precedence that keeps the written configuration out of force. */
      readonly shadowedBy: ReadonlyMap<string, SourceName>;
      readonly warnings: readonly Problem[];
    }
  | { readonly kind: 'pending'; readonly pending: PendingChange };

/** A change that the update policy delays. */
export interface PendingChange {
  readonly id: string;
  readonly strategy: 'scheduled' | 'rolling';
  readonly source: SourceName;
  readonly actor: string;
  readonly reason?: string;
  /** ISO 8601, like the others. */
  readonly acceptedAt: string;
  /** For scheduled changes; absent where the time was missed and there is no next one. */
  readonly dueAt?: string;
  /** For scheduled changes: the time that was missed by more than `misfire-limit`. */
  readonly missedAt?: string;
  /** For rolling updates: batches applied and in all. */
  readonly batch?: { readonly applied: number; readonly total: number };
  /** For rolling updates of several processes: those besides the first that serve it, and all of them. */
  readonly others?: { readonly served: number; readonly total: number };
  readonly changes: readonly (ConfigurationKey & { readonly op: 'upsert' | 'delete' })[];
}

/** What a change would mean for the last requests. */
export interface Impact {
  /** Requests that could be judged. */
  readonly sampled: number;
  /** Those that would go elsewhere; `null` where no route takes them. */
  readonly changed: readonly {
    readonly request: { readonly method: string; readonly host: string; readonly path: string };
    readonly before: string | null;
    readonly after: string | null;
  }[];
}

export interface DryRunReport {
  readonly valid: boolean;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly changes: readonly (ConfigurationKey & {
    readonly op: 'upsert' | 'delete';
    readonly shadowedBy?: SourceName;
  })[];
  /** Absent where it is not valid. */
  readonly impact?: Impact;
}

/** One configuration that is in force. */
export interface ConfigurationInForce extends ConfigurationKey {
  readonly configuration: Json;
  readonly version: string;
  readonly hash: string;
  readonly source: SourceName;
  readonly position: Position;
  /** True: `${NAME}` in `configuration` stands for a variable, and is replaced only where it takes effect. */
  readonly deferredPlaceholders?: boolean;
}

/** One source's definition of a configuration that several define. */
export interface Contender {
  readonly source: SourceName;
  readonly position: Position;
  /** Equal hashes: the sources agree. */
  readonly hash: string;
}

/** A configuration that more than one source defines. */
export interface Conflict extends ConfigurationKey {
  /** Why the winner is in force: the order of the sources, or a rollback that holds it. */
  readonly rule: 'precedence' | 'held';
  readonly winner: Contender;
  /** In the order in which they would come into force. */
  readonly losers: readonly Contender[];
}

export interface RefreshReport {
  readonly sources: readonly {
    readonly name: SourceName;
    readonly documents: number;
    readonly accepted: number;
    readonly rejected: number;
    /** Why the source could not be read. */
    readonly error?: string;
  }[];
  /** In force now. */
  readonly routes: number;
  /** Configurations that this refresh changed. */
  readonly changed: number;
  readonly durationMs: number;
}

export interface ValidationReport {
  readonly valid: boolean;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Of a document that was written for Spring Cloud Gateway alone. */
  readonly migration?: MigrationReport;
}

export interface RejectedDocument {
  readonly document: string;
  readonly problems: readonly Problem[];
  /** True: an older content of it is still in force. */
  readonly servesLastGood: boolean;
}

export interface SourceStatus {
  readonly name: SourceName;
  /** `starting`: has not delivered yet; `stale`: serves the last good state of an earlier run; `down`: cannot be read. */
  readonly state: 'starting' | 'up' | 'stale' | 'down';
  readonly reason?: string;
  readonly revision?: string;
  readonly documents: number;
  readonly rejected: readonly RejectedDocument[];
  /** Held back by `max-deletions`: objects that a delivery would remove; lifted by `refresh(confirm)`. */
  readonly heldBack?: { readonly deletions: number; readonly of: number };
}

export interface ConfigurationStatus {
  readonly revision: number;
  /** Of the whole state in force: equal on every replica that serves the same. */
  readonly hash: string;
  /** Where this process stands in what all replicas share; absent for a gateway of one process. */
  readonly store?: SharedPlace;
  readonly sources: readonly SourceStatus[];
  readonly configurations: Readonly<
    Record<
      ConfigType,
      {
        readonly count: number;
        readonly shadowed: readonly { readonly id: string; readonly source: SourceName; readonly by: SourceName }[];
      }
    >
  >;
  readonly pending: readonly PendingChange[];
  readonly held: readonly (ConfigurationKey & {
    readonly source: SourceName;
    readonly version: string;
    readonly barredHash: string;
    readonly reason: string;
  })[];
  /** Desired differs from running because something is held. */
  readonly drift: boolean;
  readonly lastUpdate?: {
    readonly at: string;
    readonly durationMs: number;
    readonly source: SourceName;
    readonly changes: number;
    readonly outcome: 'applied' | 'rejected' | 'failed' | 'rolled-back';
    readonly detail?: string;
  };
  readonly rollbacks: readonly {
    readonly at: string;
    readonly trigger: 'manual' | 'auto';
    readonly keys: readonly ConfigurationKey[];
    /** The newest that it made; absent where nothing had changed yet. */
    readonly version?: string;
    readonly detail?: string;
  }[];
}

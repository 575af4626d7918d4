import type { ConfigurationKey } from './configuration-key.js';
import type { Json } from './json.js';
import type { SourceName } from './problem.js';

export type Operation = 'create' | 'update' | 'delete' | 'rollback';

/** One entry of the history. It exists if and only if it ran (or, shadowed, was accepted to run). */
export interface ConfigurationVersion extends ConfigurationKey {
  /** `v<milliseconds>`, strictly increasing over the whole gateway. */
  readonly version: string;
  /** `null` where the operation was a deletion. */
  readonly configuration: Json;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** `hashOf(configuration)`. */
  readonly hash: string;
  readonly operation: Operation;
  readonly source: SourceName;
  readonly actor: string;
  readonly reason?: string;
  /** The version whose content a rollback brought back. */
  readonly rollbackOf?: string;
}

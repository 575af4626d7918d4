import type { ConfigurationKey } from './configuration-key.js';
import type { Json } from './json.js';
import type { Position, SourceName } from './problem.js';

/** One configuration of the desired or the running state, with its origin. */
export interface Configured {
  readonly configuration: Json;
  /** `hashOf(configuration)`. */
  readonly hash: string;
  readonly source: SourceName;
  readonly position: Position;
  /** Order among routes of equal `order`: the source's precedence, then the document, then the place in it. */
  readonly rank: Rank;
  readonly deferredPlaceholders?: boolean;
}

/** Compared member by member; smaller is first. */
export type Rank = readonly [precedence: number, document: string, index: number];

export function compareRank(a: Rank, b: Rank): number {
  return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2]);
}

/** One step from what runs to what is desired. `previous` is absent for what did not run before. */
export type Change = ConfigurationKey & { readonly previous?: Configured } & (
    { readonly op: 'upsert'; readonly next: Configured } | { readonly op: 'delete'; readonly previous: Configured }
  );

/** The difference between the desired and the running state. Empty: nothing to do, no version, no event. */
export interface ChangeSet {
  readonly changes: readonly Change[];
}

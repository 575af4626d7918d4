import type { CompiledGlobals } from '../globals/compiled-globals.js';
import type { RouteTable } from './route-table.js';

/** Everything that a request meets, at one revision. Immutable; a new one shares all that did not change with the old. */
export interface Snapshot {
  /** Grows by one with every swap of this process. */
  readonly revision: number;
  readonly table: RouteTable;
  readonly globals: CompiledGlobals;
}

import { Map as PersistentMap } from 'immutable';
import { type NamedFilter, NamedFilters } from '../compiler/named-filters.js';
import type { PlacedRoute } from '../compiler/route-blueprint.js';
import { type CompiledGlobals, DEFAULT_GLOBALS } from '../globals/compiled-globals.js';
import { RouteTable } from './route-table.js';

/** Everything that a request meets, at one revision. Immutable; a new one shares all that did not change with the old. */
export interface Snapshot {
  /** Grows by one with every snapshot compiled from another. */
  readonly revision: number;
  readonly table: RouteTable;
  readonly globals: CompiledGlobals;
  /** The routes that take traffic, by id. */
  readonly routes: PersistentMap<string, PlacedRoute>;
  /** The filters with an id of their own that are enabled, by id. */
  readonly filters: PersistentMap<string, NamedFilter>;
  /** The same filters, by the routes that they join. */
  readonly namedFilters: NamedFilters;
  /**
   * Routes that are not what they were in the snapshot this one was compiled from: added, changed, deleted, or with another
   * chain. A route that only changed its place is not among them.
   */
  readonly changedRouteIds: readonly string[];
}

/** Nothing configured. @param random in [0, 1); draws among the routes of a weight group */
export function emptySnapshot(random?: () => number): Snapshot {
  return {
    revision: 0,
    table: RouteTable.empty(random),
    globals: DEFAULT_GLOBALS,
    routes: PersistentMap(),
    filters: PersistentMap(),
    namedFilters: NamedFilters.NONE,
    changedRouteIds: [],
  };
}

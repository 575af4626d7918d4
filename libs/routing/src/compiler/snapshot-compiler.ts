import { type Change, type ChangeSet, RouteCompileError, TimeSlice } from '@tigateway/model';
import type { Map as PersistentMap } from 'immutable';
import { defaultPart, type GlobalPart, PART_OF } from '../globals/compile-global.js';
import type { CompiledGlobals } from '../globals/compiled-globals.js';
import type { FilterChain } from '../filters/filter-chain.js';
import type { Snapshot } from '../table/snapshot.js';
import type { Compilation } from './compilation.js';
import { composeChain } from './compose-chain.js';
import { type NamedFilter, NamedFilters } from './named-filters.js';
import { inOrder, type PlacedFilter } from './placed-filter.js';
import { PlacedRoute } from './route-blueprint.js';
import type { RouteCompiler } from './route-compiler.js';
import type { RouteSelector } from './route-selector.js';

type Upsert = Extract<Change, { op: 'upsert' }>;

/** Makes the next snapshot of the running one and what changes. The cost follows the change, not what is there. */
export class SnapshotCompiler {
  constructor(private readonly routeCompiler: RouteCompiler) {}

  /** @throws RouteCompileError for what does not compile; `previous` stays as it is in any case */
  async compile(previous: Snapshot, { changes }: ChangeSet): Promise<Snapshot> {
    const slice = new TimeSlice();
    // Hardly any: what they change is known before the first route is compiled.
    const others: Change[] = [];
    for (const change of changes) {
      if (change.configType !== 'route') others.push(change);
      if (slice.isUsedUp) await slice.breathe();
    }
    const globals = this.globals(previous.globals, others);
    const { filters, touched } = this.filters(previous.filters, others);
    const namedFilters = touched.length > 0 ? new NamedFilters(filters.values()) : previous.namedFilters;
    const surroundings: Surroundings = { joining: joiningFilters(globals), namedFilters };

    const edit = new RouteEdit(previous.routes);
    for (const change of changes) {
      if (change.configType === 'route') this.route(change, edit, surroundings);
      if (slice.isUsedUp) await slice.breathe();
    }
    for (const id of affectedIds(previous, globals, touched)) {
      edit.surround(id, surroundings);
      if (slice.isUsedUp) await slice.breathe();
    }
    const table = edit.isEmpty ? previous.table : await previous.table.with(edit.removed(), edit.added());
    return {
      revision: previous.revision + 1,
      table,
      globals,
      routes: edit.result(),
      filters,
      namedFilters,
      changedRouteIds: [...edit.changedIds],
    };
  }

  private route(change: Change, edit: RouteEdit, surroundings: Surroundings): void {
    const id = change.configId;
    if (change.op === 'delete') return edit.remove(id);
    const running = edit.running(id);
    // The same content in another place or of another source: what was compiled goes on, with all that it remembers.
    const isSame = running !== undefined && change.previous?.hash === change.next.hash;
    const blueprint = isSame
      ? running.blueprint
      : resultOf(change, this.routeCompiler.takeRoute(change.next.configuration));
    if (!blueprint.isEnabled) return edit.remove(id);
    const chain = isSame ? running.chain : chainOf(id, blueprint.filters, surroundings);
    const traffic = isSame ? running.traffic : running?.traffic.successor();
    edit.put(new PlacedRoute(blueprint, change.next.rank, chain, traffic), !isSame);
  }

  private filters(
    previous: PersistentMap<string, NamedFilter>,
    changes: readonly Change[],
  ): { filters: PersistentMap<string, NamedFilter>; touched: readonly RouteSelector[] } {
    const filters = previous.asMutable();
    const touched: RouteSelector[] = [];
    for (const change of changes) {
      if (change.configType !== 'filter') continue;
      const before = filters.get(change.configId);
      if (before) touched.push(before.blueprint.selector);
      filters.delete(change.configId);
      if (change.op === 'delete') continue;
      const isSame = before !== undefined && change.previous?.hash === change.next.hash;
      const blueprint = isSame
        ? before.blueprint
        : resultOf(change, this.routeCompiler.takeFilter(change.next.configuration));
      if (!blueprint.isEnabled) continue;
      touched.push(blueprint.selector);
      filters.set(change.configId, { blueprint, rank: change.next.rank });
    }
    return { filters: filters.asImmutable(), touched };
  }

  private globals(previous: CompiledGlobals, changes: readonly Change[]): CompiledGlobals {
    let globals = previous;
    for (const change of changes) {
      const part = change.configType === 'global' ? PART_OF[change.configId] : undefined;
      if (part === undefined) continue;
      if (change.op === 'delete') globals = { ...globals, ...defaultPart(part) };
      else if (change.previous?.hash !== change.next.hash) globals = { ...globals, ...this.global(change) };
    }
    return globals;
  }

  private global(change: Upsert): GlobalPart {
    return resultOf(change, this.routeCompiler.compileGlobal(change.configId, change.next.configuration));
  }
}

/** What a route's chain is made of beside its own filters. */
interface Surroundings {
  /** The filters that join every route, in order. */
  readonly joining: readonly PlacedFilter[];
  readonly namedFilters: NamedFilters;
}

function joiningFilters({ defaultFilters, localResponseCache: { filters } }: CompiledGlobals): readonly PlacedFilter[] {
  return filters.length === 0 ? defaultFilters : inOrder([...filters, ...defaultFilters]);
}

function chainOf(id: string, own: readonly PlacedFilter[], { joining, namedFilters }: Surroundings): FilterChain {
  return composeChain(joining, namedFilters.of(id), own);
}

function isSameChain(a: FilterChain, b: FilterChain): boolean {
  return (
    a.filters.length === b.filters.length &&
    a.filters.every(({ filter, order }, at) => filter === b.filters[at]?.filter && order === b.filters[at].order)
  );
}

function resultOf<T>({ configType, configId }: Change, { result, problems }: Compilation<T>): T {
  if (result === undefined) throw new RouteCompileError(configId, problems, configType);
  return result;
}

/** Routes whose surroundings changed, so that their chains are composed anew. */
function affectedIds(
  previous: Snapshot,
  globals: CompiledGlobals,
  touched: readonly RouteSelector[],
): Iterable<string> {
  const { defaultFilters, localResponseCache } = previous.globals;
  if (globals.defaultFilters !== defaultFilters || globals.localResponseCache.filters !== localResponseCache.filters) {
    return previous.routes.keys();
  }
  if (touched.length === 0) return [];
  if (!touched.some(({ hasPatterns }) => hasPatterns)) return new Set(touched.flatMap(({ ids }) => ids));
  return namedOf(previous.routes.keys(), touched);
}

function* namedOf(ids: Iterable<string>, selectors: readonly RouteSelector[]): Generator<string> {
  for (const id of ids) if (selectors.some((selector) => selector.names(id))) yield id;
}

/** The next map of routes in the making, and what the table has to change for it. */
class RouteEdit {
  readonly changedIds = new Set<string>();
  private readonly routes: PersistentMap<string, PlacedRoute>;
  private readonly touched = new Map<string, { before: PlacedRoute | undefined; after: PlacedRoute | undefined }>();

  constructor(private readonly previous: PersistentMap<string, PlacedRoute>) {
    this.routes = previous.asMutable();
  }

  get isEmpty(): boolean {
    return this.touched.size === 0;
  }

  *removed(): Generator<PlacedRoute> {
    for (const { before } of this.touched.values()) if (before) yield before;
  }

  *added(): Generator<PlacedRoute> {
    for (const { after } of this.touched.values()) if (after) yield after;
  }

  running(id: string): PlacedRoute | undefined {
    return this.previous.get(id);
  }

  remove(id: string): void {
    if (!this.routes.has(id)) return;
    this.touched.set(id, { before: this.running(id), after: undefined });
    this.routes.delete(id);
    this.changedIds.add(id);
  }

  put(route: PlacedRoute, isChanged: boolean): void {
    const running = this.running(route.id);
    const isUnmoved = running?.rank.every((member, at) => member === route.rank[at]) ?? false;
    if (!isChanged && isUnmoved) return;
    this.touched.set(route.id, { before: running, after: route });
    this.routes.set(route.id, route);
    if (isChanged) this.changedIds.add(route.id);
  }

  /** Composes the chain of a route anew, unless the change has just done so. */
  surround(id: string, surroundings: Surroundings): void {
    const route = this.routes.get(id);
    if (route === undefined || this.changedIds.has(id)) return;
    const chain = chainOf(id, route.blueprint.filters, surroundings);
    if (isSameChain(chain, route.chain)) return;
    this.put(new PlacedRoute(route.blueprint, route.rank, chain, route.traffic.successor()), true);
  }

  result(): PersistentMap<string, PlacedRoute> {
    return this.routes.asImmutable();
  }
}

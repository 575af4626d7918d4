import type { GatewayFilter, Snapshot } from '@tigateway/routing';

/** A filter that remembers something from one request to the next. */
export interface StatefulFilter extends GatewayFilter {
  /**
   * Its place in the route and its arguments. A filter that is compiled again with the same key, because something else of its
   * route changed, goes on with the same state.
   */
  readonly stateKey: string;
}

/** In place of a route's id, for what the routes of a default or named filter share. */
export const ALL_ROUTES = '';

/** @param position of the filter, as the compiler gives it */
export function stateKey(name: string, position: string | undefined, args: object): string {
  return `${name} ${position ?? ''} ${JSON.stringify(args)}`;
}

/** What filters remember, by route, place and arguments. Nothing is made before the first request needs it. */
export class FilterStates<State> {
  private readonly byRoute = new Map<string, Map<string, State>>();

  of(routeId: string, key: string, make: () => State): State {
    let states = this.byRoute.get(routeId);
    if (states === undefined) this.byRoute.set(routeId, (states = new Map<string, State>()));
    let state = states.get(key);
    if (state === undefined) states.set(key, (state = make()));
    return state;
  }

  *all(): Generator<readonly [routeId: string, state: State]> {
    for (const [routeId, states] of this.byRoute) for (const state of states.values()) yield [routeId, state];
  }

  /** After a swap: forgets what belonged to filters that the changed routes no longer have. */
  prune(snapshot: Snapshot, changedRouteIds: readonly string[]): void {
    if (this.byRoute.size === 0) return;
    for (const id of changedRouteIds) {
      if (this.byRoute.has(id)) this.retain(id, snapshot.routes.get(id)?.chain.filters ?? []);
    }
    if (this.byRoute.has(ALL_ROUTES)) this.retain(ALL_ROUTES, joiningFilters(snapshot));
  }

  private retain(routeId: string, filters: readonly { readonly filter: GatewayFilter }[]): void {
    const states = this.byRoute.get(routeId);
    const inUse = new Set(filters.map(({ filter }) => (filter as Partial<StatefulFilter>).stateKey));
    for (const key of states?.keys() ?? []) if (!inUse.has(key)) states?.delete(key);
    if (states?.size === 0) this.byRoute.delete(routeId);
  }
}

function joiningFilters({ globals, filters }: Snapshot): { readonly filter: GatewayFilter }[] {
  const named = [...filters.values()].map(({ blueprint }) => blueprint.placed);
  return [...globals.defaultFilters, ...globals.localResponseCache.filters, ...named];
}

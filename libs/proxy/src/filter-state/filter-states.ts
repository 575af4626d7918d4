import type { GatewayFilter, Snapshot } from '@tigateway/routing';

/** A filter that remembers something from one request to the next. */
export interface StatefulFilter extends GatewayFilter {
  /**
   * Its place in the route and its arguments. A filter that is compiled again with the same key, because something else of its
   * route changed, goes on with the same state.
   */
  readonly stateKey: string;
}

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
  prune({ routes }: Snapshot, changedRouteIds: readonly string[]): void {
    for (const id of changedRouteIds) {
      const states = this.byRoute.get(id);
      if (states === undefined) continue;
      const inUse = new Set(
        routes.get(id)?.chain.filters.map(({ filter }) => (filter as Partial<StatefulFilter>).stateKey),
      );
      for (const key of states.keys()) if (!inUse.has(key)) states.delete(key);
      if (states.size === 0) this.byRoute.delete(id);
    }
  }
}

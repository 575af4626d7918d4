import { type RouteManager, type Snapshot } from '@tigateway/routing';
import { FilterStates } from '../filter-state/filter-states.js';
import { ResponseCache } from './response-cache.js';

/** The caches of all routes, which outlive every reload that leaves their filters alone. */
export class ResponseCaches {
  private readonly states = new FilterStates<ResponseCache>();

  constructor(routes?: RouteManager) {
    routes?.onSwap((_previous, next, changedRouteIds) => this.prune(next, changedRouteIds));
  }

  of(routeId: string, stateKey: string, timeToLiveMs: number, maxBytes: number): ResponseCache {
    return this.states.of(routeId, stateKey, () => new ResponseCache(timeToLiveMs, maxBytes));
  }

  /** After a swap: forgets the caches that the changed routes no longer have. */
  prune(next: Snapshot, changedRouteIds: readonly string[]): void {
    this.states.prune(next, changedRouteIds);
  }
}

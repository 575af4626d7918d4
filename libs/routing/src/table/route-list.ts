import { compareRank } from '@tigateway/model';
import type { CompiledRoute } from './compiled-route.js';

/** Routes in the order in which they are asked: by `order`, then by rank. */
export type RouteList = readonly CompiledRoute[];

export const NO_ROUTES: RouteList = Object.freeze([]);

/** Smaller is asked first. Ids part what is otherwise equal, so that the order never depends on that of the changes. */
export function compareRoutes(a: CompiledRoute, b: CompiledRoute): number {
  return a.order - b.order || compareRank(a.rank, b.rank) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * A new list without the removed routes and with the added ones, in one pass.
 * @param added in order
 */
export function changeList(list: RouteList, removed: ReadonlySet<CompiledRoute>, added: RouteList): RouteList {
  const changed: CompiledRoute[] = [];
  let next = 0;
  for (const route of list) {
    if (removed.has(route)) continue;
    while (next < added.length && compareRoutes(added[next] as CompiledRoute, route) < 0) {
      changed.push(added[next++] as CompiledRoute);
    }
    changed.push(route);
  }
  while (next < added.length) changed.push(added[next++] as CompiledRoute);
  // A copy has no spare room: most lists hold one route, and there is one for every pattern.
  return changed.length === 0 ? NO_ROUTES : changed.slice();
}

import { type Change, forEachSliced, isJsonObject, type Json, relaxedName } from '@tigateway/model';
import { RouteSelector } from '@tigateway/routing';
import { isRelocation } from '../../planner/configuration-planner.js';

/** Whose requests a change can make fail. */
export type AffectedRoutes = 'all' | ReadonlySet<string>;

/** Settings that no request meets. */
const BESIDE_TRAFFIC: ReadonlySet<string> = new Set(['update-policy', 'notification', 'metrics', 'access-log']);

/** Gives the event loop away. @param changedRouteIds every route that the compile has made anew, for whatever change */
export async function affectedRoutes(
  changes: readonly Change[],
  changedRouteIds: readonly string[],
): Promise<AffectedRoutes> {
  const ids = new Set<string>();
  const selectors: RouteSelector[] = [];
  let affectsAll = false;
  await forEachSliced(changes, (change) => {
    if (isRelocation(change)) return;
    if (change.configType === 'route') ids.add(change.configId);
    else if (change.configType === 'filter') selectors.push(...selectorsOf(change));
    else affectsAll ||= !BESIDE_TRAFFIC.has(change.configId);
  });
  if (affectsAll || selectors.some((selector) => selector.namesAll)) return 'all';
  if (selectors.length === 0) return ids;
  await forEachSliced(changedRouteIds, (id) => {
    if (selectors.some((selector) => selector.names(id))) ids.add(id);
  });
  return ids;
}

/** Of a filter before and after its change. */
function selectorsOf(change: Change): RouteSelector[] {
  const contents = [change.previous?.configuration, change.op === 'upsert' ? change.next.configuration : undefined];
  return contents.filter((each) => each !== undefined).map(selectorOf);
}

export function selectorOf(filter: Json): RouteSelector {
  if (!isJsonObject(filter)) return new RouteSelector([]);
  const key = Object.keys(filter).find((each) => relaxedName(each) === 'routes');
  const routes = key === undefined ? undefined : filter[key];
  if (typeof routes === 'string') return new RouteSelector(routes.split(',').map((each) => each.trim()));
  return new RouteSelector(Array.isArray(routes) ? (routes as readonly Json[]).map(String) : undefined);
}

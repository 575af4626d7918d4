import { sortedSliced, TimeSlice } from '@tigateway/model';
import type { GatewayRequest, UriVariables } from '../exchange/exchange.js';
import { RequestWithMethod } from '../exchange/request-with-method.js';
import { MalformedPathError, PreparedPath } from '../patterns/prepared-path.js';
import { Candidates } from './candidates.js';
import type { CompiledRoute } from './compiled-route.js';
import { HostIndex, HostIndexEdit, hostLabels } from './host-index.js';
import type { HostIndexKey, PathIndexKey } from './index-keys.js';
import type { PathIndex } from './path-index.js';
import { RouteChoice } from './route-choice.js';
import { compareRoutes, type RouteList } from './route-list.js';

/** What a request meets: a route with the variables that it captured, or the failure of a predicate that nothing made up for. */
export type RouteMatch =
  | { readonly route: CompiledRoute; readonly variables: UriVariables }
  | { readonly route?: undefined; readonly failure: unknown };

export interface MatchOptions {
  /** Match as if the request had this method: a CORS preflight is matched by the one that it asks for. */
  readonly method?: string;
  /** Draws among the routes of a weight group instead of the table's own chance; in [0, 1). */
  readonly random?: () => number;
}

/**
 * Finds a request's route: the first, by `order` and then by rank, whose predicates all hold. The index only narrows the
 * candidates; the answer is that of asking every route in turn, at a cost that does not grow with the routes that cannot
 * match. Immutable; a changed table shares what did not change with the old one.
 */
export class RouteTable {
  private constructor(
    private readonly hosts: HostIndex | undefined,
    /** In [0, 1); draws among the routes of a weight group. */
    private readonly random: () => number,
  ) {}

  static empty(random: () => number = Math.random): RouteTable {
    return new RouteTable(undefined, random);
  }

  /** @returns `undefined` where no route matches and no predicate failed */
  match(request: GatewayRequest, options?: MatchOptions): RouteMatch | undefined {
    if (this.hosts === undefined) return undefined;
    const asked =
      options?.method === undefined || options.method === request.method
        ? request
        : new RequestWithMethod(request, options.method);
    const lists: RouteList[] = [];
    const failure = this.collect(asked, lists);
    if (lists.length === 0) return failure;
    return new RouteChoice(asked, new Candidates(lists), options?.random ?? this.random).find() ?? failure;
  }

  /** The table with the changes, in slices that give the event loop away. @param added in any order */
  async with(removed: Iterable<CompiledRoute>, added: Iterable<CompiledRoute>): Promise<RouteTable> {
    const slice = new TimeSlice();
    const edit = new HostIndexEdit();
    for (const route of removed) {
      forEachKey(route, (host, path) => edit.pathsAt(host).listAt(path).remove(route));
      if (slice.isUsedUp) await slice.breathe();
    }
    for (const route of await sortedSliced(added, compareRoutes)) {
      forEachKey(route, (host, path) => edit.pathsAt(host).listAt(path).add(route));
      if (slice.isUsedUp) await slice.breathe();
    }
    const work = HostIndex.edited(this.hosts, edit);
    let step = work.next();
    while (!step.done) {
      if (slice.isUsedUp) await slice.breathe();
      step = work.next();
    }
    return new RouteTable(step.value, this.random);
  }

  /** @returns the failure that stands if nothing matches: a path that cannot be read, where routes would have asked for it */
  private collect(request: GatewayRequest, lists: RouteList[]): RouteMatch | undefined {
    const hosts = this.hosts as HostIndex;
    const found: PathIndex[] = [];
    const host = hosts.isDivided ? request.headers.get('host') : undefined;
    hosts.collect(host === undefined ? NO_LABELS : hostLabels(host), 0, found);
    try {
      const { segments } = PreparedPath.of(request);
      for (const index of found) index.collect(segments, 0, lists);
      return undefined;
    } catch (failure) {
      if (!(failure instanceof MalformedPathError)) throw failure;
      for (const index of found) index.collectUndivided(lists);
      return found.some((index) => index.isDivided) ? { failure } : undefined;
    }
  }
}

const NO_LABELS: readonly string[] = [];
const ANY_HOST: readonly HostIndexKey[] = [{ labels: [], open: true }];
const ANY_PATH: readonly PathIndexKey[] = [{ segments: [], open: true }];

/** Visits each place of a route in the index. All its predicates must hold, so the keys of one of a kind suffice. */
function forEachKey(route: CompiledRoute, visit: (host: HostIndexKey, path: PathIndexKey) => void): void {
  const keys = route.predicates.map(({ index }) => index);
  const hosts = keys.find((each) => each?.hosts)?.hosts ?? ANY_HOST;
  const paths = keys.find((each) => each?.paths)?.paths ?? ANY_PATH;
  for (const host of hosts) for (const path of paths) visit(host, path);
}

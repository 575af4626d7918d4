import {
  type CompiledGlobals,
  type CompiledRoute,
  type CorsSettings,
  emptySnapshot,
  type FilterChain,
  type GatewayFilter,
  type GatewayRequest,
  type RoutePredicate,
  type RouteUri,
  RouteTable,
  RouteTraffic,
  type Snapshot,
} from '@tigateway/routing';

export interface TestRoute {
  readonly id: string;
  readonly uri: RouteUri;
  /** Paths that begin so; default all. */
  readonly path?: string;
  readonly method?: string;
  readonly filters?: readonly Partial<GatewayFilter>[];
  readonly cors?: CorsSettings;
  readonly connectTimeoutMs?: number;
  readonly responseTimeoutMs?: number;
}

/** A target on this machine. */
export function local(port: number, scheme = 'http'): RouteUri {
  return { kind: 'direct', target: { scheme, host: '127.0.0.1', port, authority: `127.0.0.1:${port}` } };
}

export async function snapshotOf(
  routes: readonly TestRoute[],
  globals: Partial<CompiledGlobals> = {},
  changedRouteIds: readonly string[] = routes.map(({ id }) => id),
): Promise<Snapshot> {
  const empty = emptySnapshot();
  const table = await RouteTable.empty().with([], routes.map(compiled));
  return { ...empty, table, globals: { ...empty.globals, ...globals }, changedRouteIds };
}

function compiled(route: TestRoute, at: number): CompiledRoute {
  const { id, uri, path = '/', method } = route;
  const predicate: RoutePredicate = {
    matches: (request: GatewayRequest) =>
      request.path.startsWith(path) && (method === undefined || request.method === method),
  };
  return {
    id,
    definition: { id, uri: `test:${id}`, metadata: {} },
    order: 0,
    rank: [0, 'test', at],
    predicates: [predicate],
    chain: chainOf(route.filters ?? []),
    uri,
    connectTimeoutMs: route.connectTimeoutMs,
    responseTimeoutMs: route.responseTimeoutMs,
    cors: route.cors,
    traffic: new RouteTraffic(),
  };
}

function chainOf(parts: readonly Partial<GatewayFilter>[]): FilterChain {
  const filters = parts.map((filter, at) => ({ filter: filter as GatewayFilter, order: at + 1 }));
  return {
    filters,
    requestHooks: filters.map(({ filter }) => filter).filter(({ onRequest }) => onRequest),
    responseHooks: filters
      .map(({ filter }) => filter)
      .filter(({ onResponse }) => onResponse)
      .reverse(),
    hasAround: filters.some(({ filter }) => filter.around),
  };
}

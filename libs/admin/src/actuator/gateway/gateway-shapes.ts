import { isJsonObject, type Json, type JsonObject, maskSecrets } from '@tigateway/model';
import { type CompiledRoute, describeFilters, describePredicates, readNotation } from '@tigateway/routing';

/** A route that takes traffic, as `/actuator/gateway/routes` of Spring Cloud Gateway shows it. */
export interface LiveRoute {
  readonly route_id: string;
  readonly uri: string;
  readonly order: number;
  readonly predicate: string;
  readonly filters: readonly string[];
  readonly metadata?: JsonObject;
}

export function liveRoute(route: CompiledRoute): LiveRoute {
  const { id, uri, order, chain, definition } = route;
  const metadata = definition.metadata ?? {};
  return {
    route_id: id,
    uri:
      uri.kind === 'direct' ? `${uri.target.scheme}://${hostIn(uri.target.host)}:${uri.target.port}` : definition.uri,
    order,
    predicate: describePredicates(route),
    filters: describeFilters(chain),
    ...(Object.keys(metadata).length > 0 && { metadata: maskSecrets(metadata) }),
  };
}

/** The same where the global configuration `actuator` asks for less: what the route was made of. */
export function definedRoute({ id, order, definition }: CompiledRoute): unknown {
  return { route_id: id, order, route_definition: writtenOut(definition as unknown as Json) };
}

const GATEWAY = '/actuator/gateway';

/** What can be called, with its methods. */
interface Endpoint {
  readonly href: string;
  readonly methods: readonly string[];
}

export const GATEWAY_ENDPOINTS: readonly Endpoint[] = [
  ...['/', '/globalfilters', '/routefilters', '/routepredicates', '/routedefinitions'].map((path) => ({
    href: `${GATEWAY}${path}`,
    methods: ['GET'],
  })),
  { href: `${GATEWAY}/refresh`, methods: ['POST'] },
  { href: `${GATEWAY}/routes`, methods: ['POST', 'GET'] },
];

/** Those of one route. */
export function routeEndpoints({ id }: CompiledRoute): readonly Endpoint[] {
  const href = `${GATEWAY}/routes/${encodeURIComponent(id)}`;
  return [
    { href, methods: ['POST', 'DELETE', 'GET'] },
    { href: `${href}/combinedfilters`, methods: ['GET'] },
  ];
}

function hostIn(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The whole chain of a route: each filter's text and its order. */
export function combinedFilters({ chain }: CompiledRoute): Record<string, number> {
  const filters: Record<string, number> = {};
  for (const { filter, order } of chain.filters) {
    const text = String(filter);
    let key = text;
    // Two filters may read alike; an object's keys must not.
    for (let count = 2; key in filters; count++) key = `${text} #${count}`;
    filters[key] = order;
  }
  return filters;
}

/** A definition with everything written out, as `/actuator/gateway/routedefinitions` shows it and a POST takes it back. */
export function writtenOut(definition: Json): JsonObject {
  const { id, predicates, filters, uri, metadata, order, enabled } = maskSecrets(
    isJsonObject(definition) ? definition : {},
  );
  return {
    ...(id !== undefined && { id }),
    predicates: componentsOf('predicate', predicates),
    filters: componentsOf('filter', filters),
    ...(uri !== undefined && { uri }),
    metadata: metadata ?? {},
    order: order ?? 0,
    enabled: enabled ?? true,
  };
}

function componentsOf(kind: 'predicate' | 'filter', components: Json | undefined): JsonObject[] {
  const list = Array.isArray(components) ? (components as readonly Json[]) : [];
  return list.flatMap((component) => {
    const written = readNotation(kind, component, '', []);
    return written
      ? [{ name: written.name, args: Object.fromEntries(written.args.map(({ key, value }) => [key, value])) }]
      : [];
  });
}

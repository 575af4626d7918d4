import { forEachSliced } from '@tigateway/model';
import { type GatewayRequest, HeaderList, type RouteTable, type SampledRequest } from '@tigateway/routing';
import type { Impact } from './configuration-api.js';

/** Draws among weighted routes that are tried until one leads where the request went. */
const DRAWS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999];

/**
 * Which of the last requests would go elsewhere. Only those are judged that the present table, with the little that is kept of
 * them, sends where they went: what is decided by a header, a query or an address cannot be told.
 */
export async function impactOf(
  requests: readonly SampledRequest[],
  now: RouteTable,
  next: RouteTable,
): Promise<Impact> {
  let sampled = 0;
  const changed: Impact['changed'][number][] = [];
  await forEachSliced(requests, ({ routeId, ...request }) => {
    const draw = DRAWS.find((each) => routeOf(now, request, each) === routeId);
    if (draw === undefined) return;
    sampled++;
    const after = routeOf(next, request, draw);
    if (after !== routeId) changed.push({ request, before: routeId, after });
  });
  return { sampled, changed };
}

function routeOf(table: RouteTable, request: Omit<SampledRequest, 'routeId'>, draw: number): string | null {
  return table.match(asRequest(request), { random: () => draw })?.route?.id ?? null;
}

function asRequest({ method, host, path }: Omit<SampledRequest, 'routeId'>): GatewayRequest {
  return {
    method,
    path,
    query: undefined,
    headers: new HeaderList(host === '' ? [] : ['Host', host]),
    remoteAddress: '0.0.0.0',
    remotePort: 0,
    scheme: 'http',
    localPort: 0,
  };
}

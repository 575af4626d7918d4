import type { Rank, RouteDefinition } from '@tigateway/model';
import type { UpstreamTarget } from '../exchange/exchange.js';
import type { FilterChain } from '../filters/filter-chain.js';
import type { CorsSettings } from '../globals/cors.settings.js';
import type { RoutePredicate } from '../predicates/predicate-factory.js';
import type { RouteTraffic } from '../traffic/route-traffic.js';

/** A route made ready: nothing about it is computed again for a request. Unchanged routes keep their object over reloads. */
export interface CompiledRoute {
  readonly id: string;
  readonly definition: RouteDefinition;
  readonly order: number;
  readonly rank: Rank;
  readonly predicates: readonly RoutePredicate[];
  /** The whole chain: named and default filters merged with the route's own, sorted. */
  readonly chain: FilterChain;
  readonly uri: RouteUri;
  /** Milliseconds; `undefined` takes the global setting, a negative response timeout means none. */
  readonly connectTimeoutMs: number | undefined;
  readonly responseTimeoutMs: number | undefined;
  /** `metadata.cors`; `undefined` leaves it to the global configuration `cors`. */
  readonly cors: CorsSettings | undefined;
  /** What came of its requests. A route that is changed begins to count anew. */
  readonly traffic: RouteTraffic;
}

/**
 * A route's `uri`, parsed. Path and query of it are ignored, except by `forward:`. A balanced one's `service` is a name, or
 * `name:port` where the uri names a port.
 */
export type RouteUri =
  | { readonly kind: 'direct'; readonly target: UpstreamTarget }
  | { readonly kind: 'balanced'; readonly service: string; readonly innerScheme: string | undefined }
  | { readonly kind: 'forward'; readonly path: string }
  | { readonly kind: 'none' };

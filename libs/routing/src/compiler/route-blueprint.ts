import type { Rank, RouteDefinition } from '@tigateway/model';
import type { FilterChain } from '../filters/filter-chain.js';
import type { CorsSettings } from '../globals/cors.settings.js';
import type { RoutePredicate } from '../predicates/predicate-factory.js';
import type { CompiledRoute, RouteUri } from '../table/compiled-route.js';
import { RouteTraffic } from '../traffic/route-traffic.js';
import type { PlacedFilter } from './placed-filter.js';

/** All of a route that follows from its definition alone: made once, however often the route's surroundings change. */
export interface RouteBlueprint {
  readonly id: string;
  readonly definition: RouteDefinition;
  readonly order: number;
  readonly isEnabled: boolean;
  readonly predicates: readonly RoutePredicate[];
  /** The route's own filters, sorted. */
  readonly filters: readonly PlacedFilter[];
  readonly uri: RouteUri;
  readonly connectTimeoutMs: number | undefined;
  readonly responseTimeoutMs: number | undefined;
  readonly cors: CorsSettings | undefined;
}

/** A route in its place, with the filters that its surroundings add. */
export class PlacedRoute implements CompiledRoute {
  readonly order: number;
  readonly predicates: readonly RoutePredicate[];

  constructor(
    readonly blueprint: RouteBlueprint,
    readonly rank: Rank,
    readonly chain: FilterChain,
    readonly traffic = new RouteTraffic(),
  ) {
    // What matching reads stands in the route itself.
    this.order = blueprint.order;
    this.predicates = blueprint.predicates;
  }

  get id(): string {
    return this.blueprint.id;
  }

  get definition(): RouteDefinition {
    return this.blueprint.definition;
  }

  get uri(): RouteUri {
    return this.blueprint.uri;
  }

  get connectTimeoutMs(): number | undefined {
    return this.blueprint.connectTimeoutMs;
  }

  get responseTimeoutMs(): number | undefined {
    return this.blueprint.responseTimeoutMs;
  }

  get cors(): CorsSettings | undefined {
    return this.blueprint.cors;
  }
}

import type { ComponentCatalogue } from './compiler/component-catalogue.js';
import type { NamedFilter } from './compiler/named-filters.js';
import type { FilterFactory } from './filters/filter-factory.js';
import type { RouteManager } from './route-manager.js';
import { describeFilters } from './table/describe-route.js';

/** The filters of the running snapshot. */
export class FilterManager {
  constructor(
    private readonly routes: RouteManager,
    private readonly catalogue: ComponentCatalogue,
  ) {}

  /** What a route may name. */
  get factories(): readonly FilterFactory[] {
    return this.catalogue.filters;
  }

  /** A filter with an id of its own that is enabled. */
  filter(id: string): NamedFilter | undefined {
    return this.routes.current.filters.get(id);
  }

  get filters(): readonly NamedFilter[] {
    return [...this.routes.current.filters.values()];
  }

  /**
   * The chain that a route's requests really go through: default, named and own filters in their order, as the actuator
   * shows them. `undefined` where there is no such route.
   */
  combinedFilters(routeId: string): readonly string[] | undefined {
    const route = this.routes.route(routeId);
    return route && describeFilters(route.chain);
  }
}

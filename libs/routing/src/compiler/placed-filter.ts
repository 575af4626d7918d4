import type { GatewayFilter } from '../filters/filter-factory.js';

/** A filter with its place in the chain; lower is earlier. */
export interface PlacedFilter {
  readonly filter: GatewayFilter;
  readonly order: number;
}

/** By order; what is equal keeps its place. */
export function inOrder(filters: readonly PlacedFilter[]): readonly PlacedFilter[] {
  return filters.every(({ order }, at) => at === 0 || (filters[at - 1] as PlacedFilter).order <= order)
    ? filters
    : filters.toSorted((a, b) => a.order - b.order);
}

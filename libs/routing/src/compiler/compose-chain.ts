import type { FilterChain } from '../filters/filter-chain.js';
import type { GatewayFilter } from '../filters/filter-factory.js';
import { inOrder, type PlacedFilter } from './placed-filter.js';

const NO_HOOKS: readonly GatewayFilter[] = Object.freeze([]);

/** The chain of a route without filters: one for all of them. */
export const EMPTY_CHAIN: FilterChain = Object.freeze({
  filters: Object.freeze([]),
  requestHooks: NO_HOOKS,
  responseHooks: NO_HOOKS,
  hasAround: false,
});

/**
 * Merges the filters that a route gets from all sides into the chain that the data path runs. Of equal order, the default
 * filters come first, then the named ones, then the route's own. Each list is sorted in itself.
 */
export function composeChain(
  defaults: readonly PlacedFilter[],
  named: readonly PlacedFilter[],
  own: readonly PlacedFilter[],
): FilterChain {
  const parts = [defaults, named, own].filter((part) => part.length > 0);
  if (parts.length === 0) return EMPTY_CHAIN;
  const filters = parts.length === 1 ? (parts[0] as readonly PlacedFilter[]) : inOrder(parts.flat());
  return {
    filters,
    requestHooks: hooks(filters, 'onRequest'),
    responseHooks: hooks(filters.toReversed(), 'onResponse'),
    hasAround: filters.some(({ filter }) => filter.around !== undefined),
  };
}

function hooks(filters: readonly PlacedFilter[], hook: 'onRequest' | 'onResponse'): readonly GatewayFilter[] {
  const having = filters.map(({ filter }) => filter).filter((filter) => filter[hook] !== undefined);
  return having.length === 0 ? NO_HOOKS : having.slice();
}

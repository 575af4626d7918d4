import type { FilterChain } from '../filters/filter-chain.js';
import type { CompiledRoute } from './compiled-route.js';

/** As Spring's actuator shows a route's predicates: `(A && B)`, nested to the left. */
export function describePredicates({ predicates }: CompiledRoute): string {
  const [first, ...others] = predicates.map(String);
  return others.reduce((left, right) => `(${left} && ${right})`, first ?? '');
}

/** As Spring's actuator shows a chain: `[[StripPrefix parts = 1], order = 1]`, in the order of the requests. */
export function describeFilters({ filters }: Pick<FilterChain, 'filters'>): string[] {
  return filters.map(({ filter, order }) => `[${String(filter)}, order = ${order}]`);
}

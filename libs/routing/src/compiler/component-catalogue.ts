import type { FilterFactory } from '../filters/filter-factory.js';
import type { PredicateFactory } from '../predicates/predicate-factory.js';

/** Every predicate and filter that a route may name. */
export class ComponentCatalogue {
  private readonly predicatesByName: ReadonlyMap<string, PredicateFactory>;
  private readonly filtersByName: ReadonlyMap<string, FilterFactory>;

  /** @throws Error where two factories claim one name */
  constructor(
    readonly predicates: readonly PredicateFactory[],
    readonly filters: readonly FilterFactory[],
  ) {
    this.predicatesByName = byName('predicate', predicates);
    this.filtersByName = byName('filter', filters);
  }

  predicate(name: string): PredicateFactory | undefined {
    return this.predicatesByName.get(name);
  }

  filter(name: string): FilterFactory | undefined {
    return this.filtersByName.get(name);
  }
}

function byName<T extends { readonly name: string }>(kind: string, factories: readonly T[]): ReadonlyMap<string, T> {
  const named = new Map<string, T>();
  for (const factory of factories) {
    if (named.has(factory.name)) throw new Error(`there are two factories for the ${kind} "${factory.name}"`);
    named.set(factory.name, factory);
  }
  return named;
}

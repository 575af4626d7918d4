import { FILTERS } from '../filters/catalogue.js';
import type { FilterFactory } from '../filters/filter-factory.js';
import { PREDICATES } from '../predicates/catalogue.js';
import type { PredicateFactory } from '../predicates/predicate-factory.js';
import { ComponentCatalogue } from './component-catalogue.js';

/** The gateway's own components and those given, made without Nest: for tests, tools and workers. */
export function standardCatalogue(
  predicates: readonly PredicateFactory[] = [],
  filters: readonly FilterFactory[] = [],
): ComponentCatalogue {
  return new ComponentCatalogue(
    [...PREDICATES.map((Factory) => new Factory()), ...predicates],
    [...FILTERS.map((Factory) => new Factory()), ...filters],
  );
}

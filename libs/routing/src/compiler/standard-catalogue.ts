import { FILTERS } from '../filters/catalogue.js';
import type { FilterFactory } from '../filters/filter-factory.js';
import type { ApiVersionSource } from '../predicates/api-version.js';
import { PREDICATES } from '../predicates/catalogue.js';
import type { PredicateFactory } from '../predicates/predicate-factory.js';
import { ComponentCatalogue, type DisabledNames } from './component-catalogue.js';

export interface CatalogueOptions {
  readonly disabled?: DisabledNames;
  /** Absent: no request names a version. */
  readonly apiVersion?: ApiVersionSource;
}

/** The gateway's own components and those given, made without Nest: for tests, tools and workers. */
export function standardCatalogue(
  predicates: readonly PredicateFactory[] = [],
  filters: readonly FilterFactory[] = [],
  { disabled, apiVersion }: CatalogueOptions = {},
): ComponentCatalogue {
  return new ComponentCatalogue(
    [...PREDICATES.map((Factory) => new Factory(apiVersion)), ...predicates],
    [...FILTERS.map((Factory) => new Factory()), ...filters],
    disabled,
  );
}

import type { PredicateFactory } from './predicate-factory.js';

/** The gateway's own predicates. A new one is its file and its line here. */
export const PREDICATES: readonly (new () => PredicateFactory)[] = [];

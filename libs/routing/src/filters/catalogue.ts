import type { FilterFactory } from './filter-factory.js';

/** The gateway's own filters. A new one is its file and its line here. */
export const FILTERS: readonly (new () => FilterFactory)[] = [];

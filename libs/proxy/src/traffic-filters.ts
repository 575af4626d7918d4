import type { FilterFactory } from '@tigateway/routing';
import { RetryFilterFactory } from './retry/retry.filter.js';

/** The filters that work on how bytes travel: `RoutingModule.forRoot({ filters: TRAFFIC_FILTERS })`. */
export const TRAFFIC_FILTERS: readonly (new () => FilterFactory)[] = [RetryFilterFactory];

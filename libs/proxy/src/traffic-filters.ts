import type { Type } from '@nestjs/common';
import type { FilterFactory } from '@tigateway/routing';
import { CacheRequestBodyFilterFactory } from './body/cache-request-body.filter.js';
import { RemoveJsonAttributesResponseBodyFilterFactory } from './body/remove-json-attributes-response-body.filter.js';
import { CircuitBreakerFilterFactory } from './circuit-breaker/circuit-breaker.filter.js';
import { JsonToGrpcFilterFactory } from './grpc/json-to-grpc.filter.js';
import { LocalResponseCacheFilterFactory } from './response-cache/local-response-cache.filter.js';
import { RequestRateLimiterFilterFactory } from './rate-limit/request-rate-limiter.filter.js';
import { RequestMirrorFilterFactory } from './mirror/request-mirror.filter.js';
import { TokenRelayFilterFactory } from './oauth2/token-relay.filter.js';
import { RetryFilterFactory } from './retry/retry.filter.js';

/**
 * The filters that work on how bytes travel: `RoutingModule.forRoot({ filters: TRAFFIC_FILTERS })`. What they need is in the
 * `TrafficFiltersModule`.
 */
export const TRAFFIC_FILTERS: readonly Type<FilterFactory>[] = [
  CacheRequestBodyFilterFactory,
  CircuitBreakerFilterFactory,
  JsonToGrpcFilterFactory,
  LocalResponseCacheFilterFactory,
  RemoveJsonAttributesResponseBodyFilterFactory,
  RequestMirrorFilterFactory,
  RequestRateLimiterFilterFactory,
  RetryFilterFactory,
  TokenRelayFilterFactory,
];

import type { Clock } from '@tigateway/model';
import type { FilterFactory } from '@tigateway/routing';
import { CacheRequestBodyFilterFactory } from './body/cache-request-body.filter.js';
import { RemoveJsonAttributesResponseBodyFilterFactory } from './body/remove-json-attributes-response-body.filter.js';
import { CircuitBreakerFilterFactory } from './circuit-breaker/circuit-breaker.filter.js';
import { TrafficFilterState, type TrafficFiltersOptions } from './filter-state/traffic-filter-state.js';
import { JsonToGrpcFilterFactory } from './grpc/json-to-grpc.filter.js';
import { RequestMirrorFilterFactory } from './mirror/request-mirror.filter.js';
import { TokenRelayFilterFactory } from './oauth2/token-relay.filter.js';
import { RequestRateLimiterFilterFactory } from './rate-limit/request-rate-limiter.filter.js';
import { LocalResponseCacheFilterFactory } from './response-cache/local-response-cache.filter.js';
import { RetryFilterFactory } from './retry/retry.filter.js';

/** The filters that work on how bytes travel. */
export function trafficFilters(state: TrafficFilterState): readonly FilterFactory[] {
  return [
    new CacheRequestBodyFilterFactory(),
    new CircuitBreakerFilterFactory(state.breakers),
    new JsonToGrpcFilterFactory(state.grpcClient, state.descriptorFolders),
    new LocalResponseCacheFilterFactory(state.caches),
    new RemoveJsonAttributesResponseBodyFilterFactory(),
    new RequestMirrorFilterFactory(),
    new RequestRateLimiterFilterFactory(state.rateLimiter),
    new RetryFilterFactory(),
    new TokenRelayFilterFactory(state.oauth2Clients),
  ];
}

/** They with a state that nobody else needs: for tests and tools. */
export function standardTrafficFilters(clock: Clock, options?: TrafficFiltersOptions): readonly FilterFactory[] {
  return trafficFilters(new TrafficFilterState({ clock }, options));
}

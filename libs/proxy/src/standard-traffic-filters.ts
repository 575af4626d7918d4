import type { Clock } from '@tigateway/model';
import type { FilterFactory } from '@tigateway/routing';
import { CacheRequestBodyFilterFactory } from './body/cache-request-body.filter.js';
import { RemoveJsonAttributesResponseBodyFilterFactory } from './body/remove-json-attributes-response-body.filter.js';
import { CircuitBreakerFilterFactory } from './circuit-breaker/circuit-breaker.filter.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';
import { RequestRateLimiterFilterFactory } from './rate-limit/request-rate-limiter.filter.js';
import { LocalResponseCacheFilterFactory } from './response-cache/local-response-cache.filter.js';
import { ResponseCaches } from './response-cache/response-caches.js';
import { RetryFilterFactory } from './retry/retry.filter.js';

/** The traffic's filters with all that they need, made without Nest: for tests and tools. */
export function standardTrafficFilters(clock: Clock): readonly FilterFactory[] {
  return [
    new CacheRequestBodyFilterFactory(),
    new CircuitBreakerFilterFactory(new CircuitBreakers(clock)),
    new LocalResponseCacheFilterFactory(new ResponseCaches()),
    new RemoveJsonAttributesResponseBodyFilterFactory(),
    new RequestRateLimiterFilterFactory(new RateLimiter(clock)),
    new RetryFilterFactory(),
  ];
}

import type { Clock } from '@tigateway/model';
import type { FilterFactory } from '@tigateway/routing';
import { CacheRequestBodyFilterFactory } from './body/cache-request-body.filter.js';
import { RemoveJsonAttributesResponseBodyFilterFactory } from './body/remove-json-attributes-response-body.filter.js';
import { CircuitBreakerFilterFactory } from './circuit-breaker/circuit-breaker.filter.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from './addresses/upstream-guard.js';
import { DescriptorFolders } from './grpc/descriptor-folders.js';
import { GrpcClient } from './grpc/grpc-client.js';
import { JsonToGrpcFilterFactory } from './grpc/json-to-grpc.filter.js';
import { RequestMirrorFilterFactory } from './mirror/request-mirror.filter.js';
import type { OAuth2ClientSettings } from './oauth2/oauth2-client.js';
import { OAuth2Clients } from './oauth2/oauth2-clients.js';
import { TokenRelayFilterFactory } from './oauth2/token-relay.filter.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';
import { RequestRateLimiterFilterFactory } from './rate-limit/request-rate-limiter.filter.js';
import { LocalResponseCacheFilterFactory } from './response-cache/local-response-cache.filter.js';
import { ResponseCaches } from './response-cache/response-caches.js';
import { RetryFilterFactory } from './retry/retry.filter.js';

/**
 * The traffic's filters with all that they need, made without Nest: for tests and tools.
 * @param descriptorFolders of `JsonToGrpc`
 * @param oauth2Clients of `TokenRelay`
 */
export function standardTrafficFilters(
  clock: Clock,
  descriptorFolders: readonly string[] = [],
  oauth2Clients: Readonly<Record<string, OAuth2ClientSettings>> = {},
): readonly FilterFactory[] {
  return [
    new CacheRequestBodyFilterFactory(),
    new CircuitBreakerFilterFactory(new CircuitBreakers(clock)),
    new JsonToGrpcFilterFactory(
      new GrpcClient(new UpstreamGuard(DEFAULT_DENIED_UPSTREAMS)),
      new DescriptorFolders(descriptorFolders),
    ),
    new LocalResponseCacheFilterFactory(new ResponseCaches()),
    new RemoveJsonAttributesResponseBodyFilterFactory(),
    new RequestMirrorFilterFactory(),
    new RequestRateLimiterFilterFactory(new RateLimiter(clock)),
    new RetryFilterFactory(),
    new TokenRelayFilterFactory(new OAuth2Clients(oauth2Clients, clock)),
  ];
}

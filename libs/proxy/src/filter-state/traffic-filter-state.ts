import type { OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '@tigateway/model';
import type { CompileEnvironment, RouteManager } from '@tigateway/routing';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from '../addresses/upstream-guard.js';
import { CircuitBreakers } from '../circuit-breaker/circuit-breakers.js';
import { DescriptorFolders } from '../grpc/descriptor-folders.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import type { OAuth2ClientSettings } from '../oauth2/oauth2-client.js';
import { OAuth2Clients } from '../oauth2/oauth2-clients.js';
import { RateLimiter } from '../rate-limit/rate-limiter.js';
import type { RateLimiterBackend } from '../rate-limit/rate-limiter-backend.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from '../rate-limit/rate-limiter-options.js';
import { ResponseCaches } from '../response-cache/response-caches.js';

export interface TrafficFiltersOptions {
  readonly rateLimiter?: RateLimiterOptions;
  /** By id, for `TokenRelay`. */
  readonly oauth2Clients?: Readonly<Record<string, OAuth2ClientSettings>>;
  /** Where `JsonToGrpc` finds descriptor sets. */
  readonly descriptorFolders?: readonly string[];
  /** As in `DataPlaneOptions`. */
  readonly deniedUpstreams?: readonly string[];
}

/** What filters need of the process that they run in. */
export interface TrafficFilterSurroundings {
  readonly clock: Clock;
  readonly environment?: CompileEnvironment;
  /** Absent: what is remembered outlives its route. */
  readonly routes?: RouteManager;
  /** Where limiters count that have no Redis; absent: in this process. */
  readonly buckets?: RateLimiterBackend;
}

/** What the filters of the traffic share and remember. */
export class TrafficFilterState implements OnModuleDestroy {
  readonly breakers: CircuitBreakers;
  readonly caches: ResponseCaches;
  readonly descriptorFolders: DescriptorFolders;
  readonly grpcClient: GrpcClient;
  readonly oauth2Clients: OAuth2Clients;
  readonly rateLimiter: RateLimiter;

  /** @throws Error for a key resolver that is none, or a Redis that is not set up */
  constructor(
    { clock, environment, routes, buckets }: TrafficFilterSurroundings,
    {
      rateLimiter = DEFAULT_RATE_LIMITER_OPTIONS,
      oauth2Clients = {},
      descriptorFolders = [],
      deniedUpstreams = DEFAULT_DENIED_UPSTREAMS,
    }: TrafficFiltersOptions = {},
  ) {
    this.breakers = new CircuitBreakers(clock, routes);
    this.caches = new ResponseCaches(routes);
    this.descriptorFolders = new DescriptorFolders(descriptorFolders);
    this.grpcClient = new GrpcClient(new UpstreamGuard(deniedUpstreams, environment));
    this.oauth2Clients = new OAuth2Clients(oauth2Clients, clock);
    this.rateLimiter = new RateLimiter(clock, rateLimiter, buckets);
  }

  onModuleDestroy(): void {
    this.close();
  }

  close(): void {
    this.grpcClient.close();
    this.rateLimiter.close();
  }
}

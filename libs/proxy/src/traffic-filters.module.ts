import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CompileEnvironment } from '@tigateway/routing';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from './addresses/upstream-guard.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { DescriptorFolders } from './grpc/descriptor-folders.js';
import { GrpcClient } from './grpc/grpc-client.js';
import type { OAuth2ClientSettings } from './oauth2/oauth2-client.js';
import { OAuth2Clients } from './oauth2/oauth2-clients.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limit/rate-limiter-options.js';
import { ResponseCaches } from './response-cache/response-caches.js';

export interface TrafficFiltersOptions {
  readonly rateLimiter?: RateLimiterOptions;
  /** By id, for `TokenRelay`. */
  readonly oauth2Clients?: Readonly<Record<string, OAuth2ClientSettings>>;
  /** Where `JsonToGrpc` finds descriptor sets. */
  readonly descriptorFolders?: readonly string[];
  /** As in `DataPlaneOptions`. */
  readonly deniedUpstreams?: readonly string[];
}

/** What the filters of the traffic share and remember. Needs the global `Clock` and, of the RoutingModule, the `RouteManager`. */
@Module({})
export class TrafficFiltersModule {
  static forRoot({
    rateLimiter = DEFAULT_RATE_LIMITER_OPTIONS,
    oauth2Clients = {},
    descriptorFolders = [],
    deniedUpstreams = DEFAULT_DENIED_UPSTREAMS,
  }: TrafficFiltersOptions = {}): DynamicModule {
    return {
      module: TrafficFiltersModule,
      global: true,
      providers: [
        CircuitBreakers,
        ResponseCaches,
        { provide: DescriptorFolders, useValue: new DescriptorFolders(descriptorFolders) },
        {
          provide: GrpcClient,
          inject: [CompileEnvironment],
          useFactory: (own: CompileEnvironment) => new GrpcClient(new UpstreamGuard(deniedUpstreams, own)),
        },
        {
          provide: OAuth2Clients,
          inject: [Clock],
          useFactory: (clock: Clock) => new OAuth2Clients(oauth2Clients, clock),
        },
        { provide: RateLimiter, inject: [Clock], useFactory: (clock: Clock) => new RateLimiter(clock, rateLimiter) },
      ],
      exports: [CircuitBreakers, DescriptorFolders, GrpcClient, OAuth2Clients, RateLimiter, ResponseCaches],
    };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CompileEnvironment } from '@tigateway/routing';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from './addresses/upstream-guard.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { DescriptorFolders } from './grpc/descriptor-folders.js';
import { GrpcClient } from './grpc/grpc-client.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limit/rate-limiter-options.js';
import { ResponseCaches } from './response-cache/response-caches.js';

export interface TrafficFiltersOptions {
  readonly rateLimiter?: RateLimiterOptions;
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
        { provide: RateLimiter, inject: [Clock], useFactory: (clock: Clock) => new RateLimiter(clock, rateLimiter) },
      ],
      exports: [CircuitBreakers, DescriptorFolders, GrpcClient, RateLimiter, ResponseCaches],
    };
  }
}

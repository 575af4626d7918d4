import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limit/rate-limiter-options.js';
import { ResponseCaches } from './response-cache/response-caches.js';

export interface TrafficFiltersOptions {
  readonly rateLimiter?: RateLimiterOptions;
}

/** What the filters of the traffic share and remember. Needs the global `Clock` and, of the RoutingModule, the `RouteManager`. */
@Module({})
export class TrafficFiltersModule {
  static forRoot({ rateLimiter = DEFAULT_RATE_LIMITER_OPTIONS }: TrafficFiltersOptions = {}): DynamicModule {
    return {
      module: TrafficFiltersModule,
      global: true,
      providers: [
        CircuitBreakers,
        ResponseCaches,
        { provide: RateLimiter, inject: [Clock], useFactory: (clock: Clock) => new RateLimiter(clock, rateLimiter) },
      ],
      exports: [CircuitBreakers, RateLimiter, ResponseCaches],
    };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';

/** What the filters of the traffic share and remember. Needs the global `Clock` and, of the RoutingModule, the `RouteManager`. */
@Module({})
export class TrafficFiltersModule {
  static forRoot(): DynamicModule {
    return { module: TrafficFiltersModule, global: true, providers: [CircuitBreakers], exports: [CircuitBreakers] };
  }
}

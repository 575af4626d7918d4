import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CompileEnvironment, RouteManager } from '@tigateway/routing';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import { TrafficFilterState, type TrafficFiltersOptions } from './filter-state/traffic-filter-state.js';
import { trafficFilters } from './traffic-filters.js';

/** The injection token of the traffic's filters: `RoutingModule.forRoot({ made: [TRAFFIC_FILTERS] })`. */
export const TRAFFIC_FILTERS = Symbol('TRAFFIC_FILTERS');

/** The traffic's filters and what they remember. Needs the global `Clock` and, of the RoutingModule, the `RouteManager`. */
@Module({})
export class TrafficFiltersModule {
  static forRoot(options: TrafficFiltersOptions = {}): DynamicModule {
    return {
      module: TrafficFiltersModule,
      global: true,
      providers: [
        {
          provide: TrafficFilterState,
          inject: [Clock, CompileEnvironment, RouteManager],
          useFactory: (clock: Clock, environment: CompileEnvironment, routes: RouteManager) =>
            new TrafficFilterState({ clock, environment, routes }, options),
        },
        { provide: TRAFFIC_FILTERS, inject: [TrafficFilterState], useFactory: trafficFilters },
        {
          provide: CircuitBreakers,
          inject: [TrafficFilterState],
          useFactory: ({ breakers }: TrafficFilterState) => breakers,
        },
      ],
      exports: [CircuitBreakers, TRAFFIC_FILTERS],
    };
  }
}

import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ServingProcesses } from '@tigateway/configuration';
import { Clock } from '@tigateway/model';
import { Freshness, ObservabilityModule, RequestMetrics } from '@tigateway/observability';
import { BreakerBoard, ServiceInstances, serviceInstances, TrafficPlane, TrafficWorkers } from '@tigateway/proxy';
import { RouteManager, TrafficMeter } from '@tigateway/routing';
import { PoolOfWorkers } from './pool-of-workers.js';
import { WorkerConfiguration } from './worker-configuration.js';
import type { WorkerLink } from './worker-link.js';
import type { WorkerSetup } from './worker-messages.js';
import { WorkerPool } from './worker-pool.js';
import { WorkerServices } from './worker-services.js';
import { WorkerSums } from './worker-sums.js';
import { WorkerTraffic } from './worker-traffic.js';

export interface WorkersModuleOptions {
  readonly count: number;
  readonly setup: WorkerSetup;
  /** Who knows services beside those of the setup. */
  readonly services?: Type<ServiceInstances>;
  /** Modules that export what the services need. */
  readonly imports?: NonNullable<DynamicModule['imports']>;
}

/** In the place of the data plane: processes that serve traffic. Global, since a change has to reach them. */
@Module({})
export class WorkersModule {
  static forRoot({ count, setup, services, imports = [] }: WorkersModuleOptions): DynamicModule {
    const links = new Set<WorkerLink>();
    const { dataPlane } = setup;
    return {
      module: WorkersModule,
      global: true,
      imports: [ObservabilityModule, ...imports],
      providers: [
        {
          provide: ServiceInstances,
          inject: services ? [services] : [],
          useFactory: (others?: ServiceInstances) => serviceInstances(dataPlane, others),
        },
        {
          provide: WorkerServices,
          inject: services ? [services] : [],
          useFactory: (others?: ServiceInstances) => new WorkerServices(others, links),
        },
        {
          provide: WorkerTraffic,
          inject: [RouteManager, TrafficMeter, RequestMetrics],
          useFactory: (routes: RouteManager, meter: TrafficMeter, metrics: RequestMetrics) =>
            new WorkerTraffic(routes, meter, metrics),
        },
        {
          provide: WorkerConfiguration,
          inject: [WorkerServices, WorkerTraffic],
          useFactory: (known: WorkerServices, traffic: WorkerTraffic) => new WorkerConfiguration(links, known, traffic),
        },
        {
          provide: WorkerPool,
          inject: [WorkerConfiguration, WorkerServices, WorkerTraffic, RouteManager, Clock, Freshness],
          useFactory: (...[configuration, known, traffic, routes, clock, freshness]: PoolParts) => {
            const sums = new WorkerSums();
            routes.onSwap((_previous, _next, changedRouteIds) => sums.forget(changedRouteIds));
            const pool = new WorkerPool(
              { count, setup },
              { links, configuration, services: known, traffic, sums, clock },
            );
            freshness.follow(() => pool.refresh());
            return pool;
          },
        },
        PoolOfWorkers,
        { provide: TrafficPlane, useExisting: WorkerPool },
        { provide: ServingProcesses, useExisting: WorkerConfiguration },
        { provide: TrafficWorkers, useExisting: PoolOfWorkers },
        {
          provide: BreakerBoard,
          inject: [WorkerPool],
          useFactory: (pool: WorkerPool): BreakerBoard => ({
            get all() {
              return pool.breakers;
            },
          }),
        },
      ],
      exports: [TrafficPlane, ServiceInstances, ServingProcesses, TrafficWorkers, BreakerBoard],
    };
  }
}

type PoolParts = [WorkerConfiguration, WorkerServices, WorkerTraffic, RouteManager, Clock, Freshness];

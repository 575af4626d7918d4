import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { CompileEnvironment, RouteManager } from '@tigateway/routing';
import { assembleDataPlane, serviceInstances } from './assembly.js';
import { BreakerBoard } from './circuit-breaker/breaker-board.js';
import { CircuitBreakers } from './circuit-breaker/circuit-breakers.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import { DataPlane } from './data-plane.js';
import { RequestObserver } from './ports/request-observer.js';
import { ServiceInstances } from './ports/service-instances.js';
import { TrafficPlane } from './ports/traffic-plane.js';

export interface ProxyModuleOptions {
  readonly options: DataPlaneOptions;
  /** Who hears of every request. */
  readonly observer: Type<RequestObserver>;
  /** Who knows services beside those of the options, which come first. */
  readonly services?: Type<ServiceInstances>;
  /** Modules that export what the observer and the services need. */
  readonly imports?: DynamicModule['imports'];
}

/** The data plane in this process. Needs the global modules of routing and of the traffic's filters, and a `CompileEnvironment`. */
@Module({})
export class ProxyModule {
  static forRoot({ options, observer, services, imports = [] }: ProxyModuleOptions): DynamicModule {
    return {
      module: ProxyModule,
      imports,
      providers: [
        { provide: RequestObserver, useClass: observer },
        {
          provide: ServiceInstances,
          inject: services ? [services] : [],
          useFactory: (others?: ServiceInstances) => serviceInstances(options, others),
        },
        {
          provide: DataPlane,
          inject: [RouteManager, ServiceInstances, RequestObserver, CompileEnvironment],
          useFactory: (...[routes, instances, hears, environment]: Injected) =>
            assembleDataPlane(options, { routes, services: instances, observer: hears, environment }),
        },
        { provide: TrafficPlane, useExisting: DataPlane },
        { provide: BreakerBoard, useExisting: CircuitBreakers },
      ],
      exports: [BreakerBoard, DataPlane, TrafficPlane, ServiceInstances],
    };
  }
}

type Injected = [RouteManager, ServiceInstances, RequestObserver, CompileEnvironment];

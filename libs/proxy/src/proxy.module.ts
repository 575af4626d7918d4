import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { CompileEnvironment } from '@tigateway/routing';
import { UpstreamGuard, DEFAULT_DENIED_UPSTREAMS } from './addresses/upstream-guard.js';
import { CombinedServiceInstances } from './balancing/combined-service-instances.js';
import { StaticServiceInstances } from './balancing/static-service-instances.js';
import { DATA_PLANE_OPTIONS, type DataPlaneOptions } from './data-plane-options.js';
import { DataPlane } from './data-plane.js';
import { NativeServer } from './native/native-server.js';
import { NativeUpstreamClient } from './native/native-upstream-client.js';
import { NodeServer } from './node/node-server.js';
import { UndiciUpstreamClient } from './node/undici-upstream-client.js';
import { DataPlaneServer } from './ports/data-plane-server.js';
import { RequestObserver } from './ports/request-observer.js';
import { ServiceInstances } from './ports/service-instances.js';
import { UpstreamClient } from './ports/upstream-client.js';
import { WebSocketProxy } from './websocket/websocket-proxy.js';

export interface ProxyModuleOptions {
  readonly options: DataPlaneOptions;
  /** Who hears of every request. */
  readonly observer: Type<RequestObserver>;
  /** Who knows services beside those of the options, which come first. */
  readonly services?: Type<ServiceInstances>;
  /** Modules that export what the observer and the services need. */
  readonly imports?: DynamicModule['imports'];
}

/** The data plane. Needs the `RouteManager` of a global RoutingModule and a global `CompileEnvironment`. */
@Module({})
export class ProxyModule {
  static forRoot({ options, observer, services, imports = [] }: ProxyModuleOptions): DynamicModule {
    const isNative = options.engine === 'native';
    return {
      module: ProxyModule,
      imports,
      providers: [
        { provide: DATA_PLANE_OPTIONS, useValue: options },
        { provide: RequestObserver, useClass: observer },
        {
          provide: ServiceInstances,
          inject: services ? [services] : [],
          useFactory: (others?: ServiceInstances) => {
            const listed = new StaticServiceInstances(options.services ?? {});
            return others ? new CombinedServiceInstances(listed, others) : listed;
          },
        },
        {
          provide: UpstreamGuard,
          inject: [CompileEnvironment],
          useFactory: (own: CompileEnvironment) =>
            new UpstreamGuard(options.deniedUpstreams ?? DEFAULT_DENIED_UPSTREAMS, own),
        },
        { provide: DataPlaneServer, useFactory: () => (isNative ? new NativeServer() : new NodeServer()) },
        {
          provide: UpstreamClient,
          inject: [UpstreamGuard],
          useFactory: (guard: UpstreamGuard) => {
            const native = new NativeUpstreamClient(guard);
            return isNative ? native : new UndiciUpstreamClient(guard, native);
          },
        },
        {
          provide: WebSocketProxy,
          inject: [UpstreamGuard],
          useFactory: (guard: UpstreamGuard) => new WebSocketProxy(guard, options.webSocketIdleMs),
        },
        DataPlane,
      ],
      exports: [DataPlane, ServiceInstances],
    };
  }
}

import type { CompileEnvironment, RouteManager } from '@tigateway/routing';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from './addresses/upstream-guard.js';
import { CombinedServiceInstances } from './balancing/combined-service-instances.js';
import { StaticServiceInstances } from './balancing/static-service-instances.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import { DataPlane } from './data-plane.js';
import { NativeServer } from './native/native-server.js';
import { NativeUpstreamClient } from './native/native-upstream-client.js';
import { NodeServer } from './node/node-server.js';
import { UndiciUpstreamClient } from './node/undici-upstream-client.js';
import type { RequestObserver } from './ports/request-observer.js';
import type { ServiceInstances } from './ports/service-instances.js';
import { WebSocketProxy } from './websocket/websocket-proxy.js';

export interface DataPlaneParts {
  readonly routes: RouteManager;
  readonly services: ServiceInstances;
  /** Who hears of every request. */
  readonly observer: RequestObserver;
  readonly environment?: CompileEnvironment;
}

/** The data plane on the engines that the options name. */
export function assembleDataPlane(
  options: DataPlaneOptions,
  { routes, services, observer, environment }: DataPlaneParts,
): DataPlane {
  const isNative = options.engine === 'native';
  const guard = new UpstreamGuard(options.deniedUpstreams ?? DEFAULT_DENIED_UPSTREAMS, environment);
  const native = new NativeUpstreamClient(guard);
  return new DataPlane(
    options,
    routes,
    isNative ? new NativeServer() : new NodeServer(),
    isNative ? native : new UndiciUpstreamClient(guard, native),
    services,
    new WebSocketProxy(guard, options.webSocketIdleMs),
    observer,
  );
}

/** Those of the options, and after them what `others` know. */
export function serviceInstances({ services = {} }: DataPlaneOptions, others?: ServiceInstances): ServiceInstances {
  const listed = new StaticServiceInstances(services);
  return others ? new CombinedServiceInstances(listed, others) : listed;
}

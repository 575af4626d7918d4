import { type CompiledGlobals, RouteManager } from '@tigateway/routing';
import { DEFAULT_DENIED_UPSTREAMS, UpstreamGuard } from '../addresses/upstream-guard.js';
import { StaticServiceInstances } from '../balancing/static-service-instances.js';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { DataPlane } from '../data-plane.js';
import { NativeServer } from '../native/native-server.js';
import { NativeUpstreamClient } from '../native/native-upstream-client.js';
import { NodeServer } from '../node/node-server.js';
import { UndiciUpstreamClient } from '../node/undici-upstream-client.js';
import { type RequestFacts, RequestObserver } from '../ports/request-observer.js';
import type { UpstreamClient } from '../ports/upstream-client.js';
import { WebSocketProxy } from '../websocket/websocket-proxy.js';
import { snapshotOf, type TestRoute } from './test-route.js';

/** What a test may know of a request once it is over. */
export type SeenRequest = Pick<
  RequestFacts,
  'routeId' | 'method' | 'path' | 'status' | 'outcome' | 'failed' | 'responseBytes'
>;

/** `native` or `node` (the default): which engines the gateways of the tests run on. */
const isNative = process.env['TIGATEWAY_TEST_ENGINE'] === 'native';

/** A data plane on a port of its own, with the routes of a test. */
export class RunningGateway extends RequestObserver {
  readonly routes = new RouteManager();
  readonly seen: SeenRequest[] = [];
  readonly plane: DataPlane;
  readonly upstreams: UpstreamClient;
  private readonly waiting: (() => void)[] = [];

  private constructor(options: Partial<DataPlaneOptions>) {
    super();
    const complete = { address: '127.0.0.1', port: 0, drainTimeoutMs: 1_000, ...options };
    const guard = new UpstreamGuard(options.deniedUpstreams ?? DEFAULT_DENIED_UPSTREAMS);
    const native = new NativeUpstreamClient(guard);
    this.upstreams = isNative ? native : new UndiciUpstreamClient(guard, native);
    this.plane = new DataPlane(
      complete,
      this.routes,
      isNative ? new NativeServer() : new NodeServer(),
      this.upstreams,
      new StaticServiceInstances(options.services ?? {}),
      new WebSocketProxy(guard, options.webSocketIdleMs),
      this,
    );
  }

  static async start(
    routes: readonly TestRoute[],
    options: Partial<DataPlaneOptions> = {},
    globals: Partial<CompiledGlobals> = {},
  ): Promise<RunningGateway> {
    const gateway = new RunningGateway(options);
    gateway.routes.swap(await snapshotOf(routes, globals));
    await gateway.plane.start();
    return gateway;
  }

  async reload(
    routes: readonly TestRoute[],
    changedRouteIds?: readonly string[],
    globals?: Partial<CompiledGlobals>,
  ): Promise<void> {
    this.routes.swap(await snapshotOf(routes, globals, changedRouteIds));
  }

  get port(): number {
    return this.plane.address?.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  completed({ routeId, method, path, status, outcome, failed, responseBytes }: RequestFacts): void {
    this.seen.push({ routeId, method, path, status, outcome, failed, responseBytes });
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves with the facts of the first `count` requests. */
  async finished(count = 1): Promise<readonly SeenRequest[]> {
    while (this.seen.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.seen;
  }

  async stop(): Promise<void> {
    await this.plane.stop(0);
  }
}

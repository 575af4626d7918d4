import { type CompiledGlobals, RouteManager } from '@tigateway/routing';
import { assembleDataPlane, serviceInstances } from '../assembly.js';
import type { DataPlaneOptions } from '../data-plane-options.js';
import type { DataPlane } from '../data-plane.js';
import { type RequestFacts, RequestObserver } from '../ports/request-observer.js';
import { snapshotOf, type TestRoute } from './test-route.js';

/** What a test may know of a request once it is over. */
export type SeenRequest = Pick<
  RequestFacts,
  'routeId' | 'method' | 'path' | 'status' | 'outcome' | 'failed' | 'responseBytes'
>;

/** `native` or `node` (the default): which engines the gateways of the tests run on. */
const engine = process.env['TIGATEWAY_TEST_ENGINE'] === 'native' ? 'native' : 'node';

/** A data plane on a port of its own, with the routes of a test. */
export class RunningGateway extends RequestObserver {
  readonly routes = new RouteManager();
  readonly seen: SeenRequest[] = [];
  readonly plane: DataPlane;
  private readonly waiting: (() => void)[] = [];

  private constructor(options: Partial<DataPlaneOptions>) {
    super();
    const complete: DataPlaneOptions = { address: '127.0.0.1', port: 0, drainTimeoutMs: 1_000, engine, ...options };
    this.plane = assembleDataPlane(complete, {
      routes: this.routes,
      services: serviceInstances(complete),
      observer: this,
    });
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

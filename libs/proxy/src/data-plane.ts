import { type RouteManager, trustedProxies } from '@tigateway/routing';
import { HealthChecks } from './balancing/health-checks.js';
import { LoadBalancer } from './balancing/load-balancer.js';
import { type DataPlaneOptions, DEFAULT_SERVER_LIMITS } from './data-plane-options.js';
import { GatewayHandler } from './gateway/gateway-handler.js';
import { upstreamSettingsOf } from './gateway/upstream-settings-of.js';
import type { DataPlaneServer, ListeningAddress } from './ports/data-plane-server.js';
import type { RequestObserver } from './ports/request-observer.js';
import type { ServiceInstances } from './ports/service-instances.js';
import { type ServiceFacts, TrafficPlane } from './ports/traffic-plane.js';
import type { PoolFacts, UpstreamClient } from './ports/upstream-client.js';
import { ListenerTls } from './tls/listener-tls.js';
import { RouteSockets } from './websocket/route-sockets.js';
import type { WebSocketProxy } from './websocket/websocket-proxy.js';

/** The traffic side of the process: it listens, serves by the running snapshot, and stops without losing a request. */
export class DataPlane extends TrafficPlane {
  private readonly handler: GatewayHandler;
  private readonly balancer: LoadBalancer;
  private readonly healthChecks: HealthChecks;
  private readonly routeSockets: RouteSockets;
  private listeningAt: ListeningAddress | undefined;

  constructor(
    private readonly options: DataPlaneOptions,
    routes: RouteManager,
    private readonly server: DataPlaneServer,
    private readonly upstreams: UpstreamClient,
    services: ServiceInstances,
    private readonly sockets: WebSocketProxy,
    observer: RequestObserver,
  ) {
    super();
    this.balancer = new LoadBalancer(services, options.serviceSettings);
    this.healthChecks = new HealthChecks(this.balancer, upstreams, () =>
      upstreamSettingsOf(routes.current.globals.httpclient),
    );
    this.handler = new GatewayHandler(
      routes,
      {
        upstreams,
        balancer: this.balancer,
        proxies: trustedProxies(options.trustedProxies),
        ambiguousPaths: options.ambiguousPaths ?? 'dangerous',
        errorStatus: options.errorStatus ?? 'precise',
      },
      sockets,
      observer,
    );
    this.routeSockets = new RouteSockets(routes, sockets, options.drainTimeoutMs);
  }

  override get inFlight(): number {
    return this.handler.inFlight;
  }

  override get openWebSockets(): number {
    return this.sockets.count;
  }

  override get isListening(): boolean {
    return this.listeningAt !== undefined;
  }

  override get services(): readonly ServiceFacts[] {
    return this.balancer.all().map(({ name, settings, instances }) => ({
      name,
      balancing: settings.balancing,
      instances: instances.map(({ instance, status, active, requests, failures, ejections }) => ({
        authority: instance.authority,
        status,
        active,
        requests,
        failures,
        ejections,
      })),
    }));
  }

  override get pools(): readonly PoolFacts[] {
    return this.upstreams.pools();
  }

  /** Where traffic is taken, once it is. */
  get address(): ListeningAddress | undefined {
    return this.listeningAt;
  }

  override async start(): Promise<ListeningAddress> {
    const { address, port, limits, tls, http2 } = this.options;
    this.routeSockets.start();
    this.healthChecks.start();
    this.listeningAt = await this.server.listen(
      {
        address,
        port,
        limits: { ...DEFAULT_SERVER_LIMITS, ...limits },
        http2: http2 ?? true,
        ...(tls && { tls: new ListenerTls(tls) }),
      },
      this.handler,
    );
    return this.listeningAt;
  }

  /**
   * Takes no new connections, closes WebSockets with 1001, lets requests finish and cuts those that take longer than
   * `drainTimeoutMs` milliseconds.
   * @param lingerMs how long a client that keeps its connection may still use it, in milliseconds
   */
  override async stop(drainTimeoutMs: number = this.options.drainTimeoutMs, lingerMs = 0): Promise<void> {
    if (this.listeningAt === undefined) return;
    this.listeningAt = undefined;
    this.routeSockets.stop();
    this.healthChecks.stop();
    await Promise.all([this.server.close(drainTimeoutMs, lingerMs), this.sockets.closeAll(drainTimeoutMs)]);
    await this.upstreams.close();
  }
}

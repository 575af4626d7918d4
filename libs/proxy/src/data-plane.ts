import { Inject, Injectable } from '@nestjs/common';
import { RouteManager, trustedProxies } from '@tigateway/routing';
import { HealthChecks } from './balancing/health-checks.js';
import { type BalancedService, LoadBalancer } from './balancing/load-balancer.js';
import { DATA_PLANE_OPTIONS, type DataPlaneOptions, DEFAULT_SERVER_LIMITS } from './data-plane-options.js';
import { GatewayHandler } from './gateway/gateway-handler.js';
import { upstreamSettingsOf } from './gateway/upstream-settings-of.js';
import { DataPlaneServer, type ListeningAddress } from './ports/data-plane-server.js';
import { RequestObserver } from './ports/request-observer.js';
import { ServiceInstances } from './ports/service-instances.js';
import { type PoolFacts, UpstreamClient } from './ports/upstream-client.js';
import { ListenerTls } from './tls/listener-tls.js';
import { RouteSockets } from './websocket/route-sockets.js';
import { WebSocketProxy } from './websocket/websocket-proxy.js';

/** The traffic side of the process: it listens, serves by the running snapshot, and stops without losing a request. */
@Injectable()
export class DataPlane {
  private readonly handler: GatewayHandler;
  private readonly balancer: LoadBalancer;
  private readonly healthChecks: HealthChecks;
  private readonly routeSockets: RouteSockets;
  private listeningAt: ListeningAddress | undefined;

  constructor(
    @Inject(DATA_PLANE_OPTIONS) private readonly options: DataPlaneOptions,
    routes: RouteManager,
    private readonly server: DataPlaneServer,
    private readonly upstreams: UpstreamClient,
    services: ServiceInstances,
    private readonly sockets: WebSocketProxy,
    observer: RequestObserver,
  ) {
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

  /** Requests whose response is not complete yet; open WebSockets are not among them. */
  get inFlight(): number {
    return this.handler.inFlight;
  }

  get openWebSockets(): number {
    return this.sockets.count;
  }

  get isListening(): boolean {
    return this.listeningAt !== undefined;
  }

  /** Every service that is known, and how its instances do. */
  get services(): readonly BalancedService[] {
    return this.balancer.all();
  }

  /** Connections to upstreams, of the pools whose settings want them shown. */
  get pools(): readonly PoolFacts[] {
    return this.upstreams.pools();
  }

  /** Where traffic is taken, once it is. */
  get address(): ListeningAddress | undefined {
    return this.listeningAt;
  }

  /** @throws the system's error where the address or a certificate cannot be had */
  async start(): Promise<ListeningAddress> {
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
   */
  async stop(drainTimeoutMs: number = this.options.drainTimeoutMs): Promise<void> {
    if (this.listeningAt === undefined) return;
    this.listeningAt = undefined;
    this.routeSockets.stop();
    this.healthChecks.stop();
    await Promise.all([this.server.close(drainTimeoutMs), this.sockets.closeAll(drainTimeoutMs)]);
    await this.upstreams.close();
  }
}

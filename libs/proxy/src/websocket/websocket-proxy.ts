import { Agent, type ClientRequest as OutgoingRequest, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import httpProxy from 'http-proxy';
import type { CompiledRoute, UpstreamTarget } from '@tigateway/routing';
import { DeniedUpstreamError, type UpstreamGuard } from '../addresses/upstream-guard.js';
import { BalancedTarget } from '../balancing/balanced-instance.js';
import { type UpstreamConnector, upstreamConnector } from '../connect/upstream-connector.js';
import {
  type UpstreamCall,
  UpstreamError,
  type UpstreamHandler,
  type UpstreamRequest,
} from '../ports/upstream-client.js';
import { GOING_AWAY } from './close-frame.js';
import type { TunnelClient } from './tunnel-end.js';
import { WebSocketTunnel } from './websocket-tunnel.js';

/** A client's connection that waits for its handshake. */
export class PendingUpgrade {
  constructor(
    private readonly sockets: WebSocketProxy,
    private readonly client: TunnelClient,
    private readonly head: Buffer,
  ) {}

  connect(route: CompiledRoute, request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return this.sockets.connect(route, request, this.client, this.head, handler);
  }
}

interface Handshake {
  readonly tunnel: WebSocketTunnel;
  readonly request: UpstreamRequest;
}

/**
 * WebSockets, by `http-proxy`: it makes the connection and pipes; heads, hop-by-hop fields, timeouts and closing are ours,
 * since it passes every header line on and collapses `//` in paths. It remembers which route each socket belongs to.
 */
export class WebSocketProxy {
  private readonly proxy = httpProxy.createProxyServer({});
  /** Connections in the middle of their handshake. */
  private readonly unopened = new Set<Duplex>();
  private readonly open = new Map<string, Set<WebSocketTunnel>>();
  private readonly handshakes = new WeakMap<object, Handshake>();

  /** @param idleMs silence in both directions that closes a WebSocket, in milliseconds; 0: none does */
  constructor(
    private readonly guard: UpstreamGuard,
    private readonly idleMs = 0,
  ) {
    this.proxy.on('proxyReqWs', (outgoing, incoming) => {
      const { tunnel, request } = this.handshakes.get(incoming) as Handshake;
      outgoing.path = request.path;
      writeHeaders(outgoing, request.headers);
      tunnel.follow(outgoing);
    });
  }

  /** WebSockets that are open. */
  get count(): number {
    let count = 0;
    for (const tunnels of this.open.values()) count += tunnels.size;
    return count;
  }

  pending(socket: Duplex, head: Buffer): PendingUpgrade {
    this.unopened.add(socket);
    socket.once('close', () => this.unopened.delete(socket));
    return new PendingUpgrade(this, socket as TunnelClient, head);
  }

  connect(
    route: CompiledRoute,
    request: UpstreamRequest,
    client: TunnelClient,
    head: Buffer,
    handler: UpstreamHandler,
  ): UpstreamCall {
    const { target, settings } = request;
    const tunnel: WebSocketTunnel = new WebSocketTunnel(
      client,
      head,
      request.responseTimeoutMs,
      handler,
      () => this.track(route.id, tunnel, target),
      { maxFrameBytes: settings.webSocket.maxFrameBytes, idleMs: this.idleMs },
    );
    if (this.guard.refuses(target.host)) {
      queueMicrotask(() => tunnel.fail(new UpstreamError('denied', new DeniedUpstreamError(target.host).message)));
      return tunnel;
    }
    const isSecure = target.scheme === 'wss' || target.scheme === 'https';
    const connectTimeoutMs = request.connectTimeoutMs ?? settings.connectTimeoutMs;
    const incoming = {
      method: 'GET',
      url: request.path,
      headers: { upgrade: 'websocket', connection: 'Upgrade', host: target.authority },
    } as unknown as IncomingMessage;
    this.handshakes.set(incoming, { tunnel, request });
    this.proxy.ws(
      incoming,
      tunnel.end,
      Buffer.alloc(0),
      {
        target: {
          protocol: isSecure ? 'https:' : 'http:',
          host: target.host,
          hostname: target.host,
          port: target.port,
        },
        agent: new ConnectorAgent(
          isSecure ? 'https:' : 'http:',
          upstreamConnector(settings, connectTimeoutMs, this.guard),
        ),
      },
      (error) => tunnel.fail(error),
    );
    return tunnel;
  }

  /** Sockets that `routeId` has open now, to be closed later if they are still there. */
  openOn(routeId: string): readonly WebSocketTunnel[] {
    return [...(this.open.get(routeId) ?? [])];
  }

  /** Ends every socket; handshakes that take longer than `limitMs` milliseconds are cut. Resolves when all have ended. */
  async closeAll(limitMs: number): Promise<void> {
    const handshakes = [...this.unopened];
    const cut = setTimeout(() => handshakes.forEach((socket) => socket.destroy()), limitMs);
    const tunnels = [...this.open.values()].flatMap((set) => [...set]);
    const ends = [...handshakes, ...tunnels.map(({ end }) => end.client)].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const { end } of tunnels) end.closeWith(GOING_AWAY);
    await Promise.all(ends);
    clearTimeout(cut);
  }

  private track(routeId: string, tunnel: WebSocketTunnel, target: UpstreamTarget): void {
    this.unopened.delete(tunnel.end.client);
    if (target instanceof BalancedTarget) {
      // Its instance is at work as long as it is open.
      target.of.active++;
      tunnel.end.client.once('close', () => target.of.active--);
    }
    const tunnels = this.open.get(routeId) ?? new Set();
    this.open.set(routeId, tunnels.add(tunnel));
    tunnel.end.client.once('close', () => {
      tunnels.delete(tunnel);
      if (tunnels.size === 0 && this.open.get(routeId) === tunnels) this.open.delete(routeId);
    });
  }
}

/** Lets http-proxy have its connection from where all upstream connections come from. */
class ConnectorAgent extends Agent {
  constructor(
    readonly protocol: 'http:' | 'https:',
    private readonly connector: UpstreamConnector,
  ) {
    super({ keepAlive: false });
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.connector({ hostname: host ?? '', protocol: this.protocol, port: port ?? '' }, (error, socket) =>
      callback?.(error, socket as Duplex),
    );
  }
}

/** Puts our lines in the place of http-proxy's; lines of one name stay lines. */
function writeHeaders(outgoing: OutgoingRequest, lines: readonly string[]): void {
  for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
  const values = new Map<string, string[]>();
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    const known = values.get(name.toLowerCase());
    if (known === undefined) values.set(name.toLowerCase(), [name, lines[at + 1] as string]);
    else known.push(lines[at + 1] as string);
  }
  for (const [name, ...rest] of values.values())
    outgoing.setHeader(name as string, rest.length === 1 ? (rest[0] as string) : rest);
  outgoing.setHeader('Connection', 'Upgrade');
  outgoing.setHeader('Upgrade', 'websocket');
}

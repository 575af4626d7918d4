import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { DEFAULT_LIMITS, type Http1Limits, RequestHeadReader } from '../http1/index.js';
import { Http2Connections } from '../http2/http2-connections.js';
import {
  DataPlaneServer,
  type ListeningAddress,
  type ListenOptions,
  type RequestHandler,
  type ServerLimits,
} from '../ports/data-plane-server.js';
import { alpnProtocols } from '../tls/alpn.js';
import { ConnectionLimit } from '../ports/connection-limit.js';
import { linger } from '../ports/linger.js';
import { Handshakes } from '../tls/handshakes.js';
import type { ListenerTls } from '../tls/listener-tls.js';
import { ClientConnection, type ConnectionHost } from './client-connection.js';
import { ConnectionsPerAddress } from './connections-per-address.js';
import { TimerWheel } from './timer-wheel.js';

/** What a slow client may leave with us before it is asked to wait, in bytes. */
const HIGH_WATER_MARK_BYTES = 128 * 1024;
const KEEP_ALIVE_PROBE_MS = 60_000;
const BACKLOG = 1024;
/** Readers kept for the next heads; a reader is only in use while a head comes in more than one piece. */
const SPARE_READERS = 64;
const LONGEST_TICK_MS = 250;

/**
 * The engine on sockets of our own: HTTP/1.1 with the strict parser, one exchange at a time on a connection. Connections that
 * speak HTTP/2 are left to `node:http2`.
 */
export class NativeServer extends DataPlaneServer {
  private running: Listener | undefined;

  async listen(options: ListenOptions, handler: RequestHandler): Promise<ListeningAddress> {
    const listener = new Listener(options, handler);
    const bound = await listener.listen(options.address, options.port);
    this.running = listener;
    return bound;
  }

  async close(limitMs: number, lingerMs = 0): Promise<void> {
    const listener = this.running;
    this.running = undefined;
    await listener?.close(limitMs, lingerMs);
  }
}

/** One listening socket and the connections that came over it. */
class Listener implements ConnectionHost {
  isClosing = false;
  private isClosed = false;
  readonly messageLimits: Http1Limits;
  readonly limits: ServerLimits;
  readonly wheel: TimerWheel;
  readonly http2: Http2Connections | undefined;
  private readonly server: Server;
  private readonly tls: ListenerTls | undefined;
  private readonly handshakes: Handshakes | undefined;
  private readonly connections = new Set<ClientConnection>();
  private readonly limit: ConnectionLimit;
  private readonly perAddress: ConnectionsPerAddress;
  private readonly spareReaders: RequestHeadReader[] = [];
  private onAllGone: (() => void) | undefined;

  constructor(
    { limits, tls, http2 = false }: ListenOptions,
    readonly handler: RequestHandler,
  ) {
    this.limits = limits;
    this.tls = tls;
    this.http2 = http2 ? new Http2Connections(limits, handler) : undefined;
    this.messageLimits = {
      ...DEFAULT_LIMITS,
      maxHeadBytes: limits.maxHeaderBytes,
      maxTargetBytes: limits.maxHeaderBytes,
      maxLineBytes: limits.maxHeaderBytes,
      maxFields: limits.maxHeaderCount,
    };
    this.wheel = new TimerWheel(tickFor(limits));
    this.limit = new ConnectionLimit(limits.maxConnections);
    this.perAddress = new ConnectionsPerAddress(limits.maxConnectionsPerAddress ?? 0);
    const options = {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      highWaterMark: HIGH_WATER_MARK_BYTES,
    };
    if (tls === undefined) {
      this.server = createServer(options, (socket) => {
        if (this.admits(socket)) this.serve(socket);
      });
    } else {
      const server = createTlsServer({
        ...options,
        ...tls.serverOptions(alpnProtocols(http2)),
        handshakeTimeout: limits.headersTimeoutMs,
      });
      this.handshakes = this.serveTls(server, tls);
      this.server = server;
    }
  }

  async listen(address: string, port: number): Promise<ListeningAddress> {
    const { server } = this;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const bound = server.address() as AddressInfo;
    return { address: bound.address, port: bound.port };
  }

  async close(limitMs: number, lingerMs: number): Promise<void> {
    this.isClosing = true;
    // Its callback would wait for upgraded connections too.
    this.server.close();
    const leftMs = lingerMs > 0 ? await linger(limitMs, lingerMs, () => this.hasConnections) : limitMs;
    this.isClosed = true;
    this.tls?.stop();
    this.handshakes?.cut();
    await Promise.all([this.closeConnections(leftMs), this.http2?.close(leftMs)]);
  }

  private get hasConnections(): boolean {
    return this.connections.size > 0 || this.handshakes?.isEmpty === false;
  }

  private async closeConnections(limitMs: number): Promise<void> {
    for (const connection of [...this.connections]) connection.endWhenIdle();
    if (this.connections.size === 0) return;
    const allGone = new Promise<void>((resolve) => (this.onAllGone = resolve));
    const cut = setTimeout(() => {
      for (const connection of [...this.connections]) connection.destroy();
    }, limitMs);
    await allGone;
    clearTimeout(cut);
  }

  lendReader(): RequestHeadReader {
    return this.spareReaders.pop() ?? new RequestHeadReader(this.messageLimits);
  }

  takeBackReader(reader: RequestHeadReader): void {
    reader.reset();
    if (this.spareReaders.length < SPARE_READERS) this.spareReaders.push(reader);
  }

  onGone(connection: ClientConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.onAllGone?.();
  }

  private serveTls(server: TlsServer, tls: ListenerTls): Handshakes {
    server.on('connection', (socket: Socket) => this.admits(socket));
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      if (socket.destroyed || this.isClosed) socket.destroy();
      else if (socket.alpnProtocol === 'h2') this.http2?.accept(socket);
      else this.serve(socket);
    });
    tls.follow(server);
    return new Handshakes(server);
  }

  /** Refuses a connection by closing it. */
  private admits(socket: Socket): boolean {
    if (!this.isClosed && this.limit.admits(socket) && this.perAddress.admits(socket)) return true;
    socket.destroy();
    return false;
  }

  private serve(socket: Socket): void {
    this.connections.add(new ClientConnection(socket, this));
  }
}

/** Fine enough for the shortest limit, no finer than any needs. */
function tickFor(limits: ServerLimits): number {
  const shortest = Math.min(limits.headersTimeoutMs, limits.keepAliveTimeoutMs, limits.requestTimeoutMs || Infinity);
  return Math.max(10, Math.min(LONGEST_TICK_MS, Math.floor(shortest / 4)));
}

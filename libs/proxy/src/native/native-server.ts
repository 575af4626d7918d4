import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DEFAULT_LIMITS, type Http1Limits, RequestHeadReader } from '../http1/index.js';
import {
  DataPlaneServer,
  type ListeningAddress,
  type ListenOptions,
  type RequestHandler,
  type ServerLimits,
} from '../ports/data-plane-server.js';
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

/** The engine on sockets of our own: plain HTTP/1.1 with the strict parser, one exchange at a time on a connection. */
export class NativeServer extends DataPlaneServer {
  private running: Listener | undefined;

  async listen({ address, port, limits }: ListenOptions, handler: RequestHandler): Promise<ListeningAddress> {
    const listener = new Listener(limits, handler);
    const bound = await listener.listen(address, port);
    this.running = listener;
    return bound;
  }

  async close(limitMs: number): Promise<void> {
    const listener = this.running;
    this.running = undefined;
    await listener?.close(limitMs);
  }
}

/** One listening socket and the connections that came over it. */
class Listener implements ConnectionHost {
  isClosing = false;
  readonly messageLimits: Http1Limits;
  readonly wheel: TimerWheel;
  private readonly server: Server;
  private readonly connections = new Set<ClientConnection>();
  private readonly perAddress: ConnectionsPerAddress;
  private readonly spareReaders: RequestHeadReader[] = [];
  private onAllGone: (() => void) | undefined;

  constructor(
    readonly limits: ServerLimits,
    readonly handler: RequestHandler,
  ) {
    this.messageLimits = {
      ...DEFAULT_LIMITS,
      maxHeadBytes: limits.maxHeaderBytes,
      maxTargetBytes: limits.maxHeaderBytes,
      maxLineBytes: limits.maxHeaderBytes,
      maxFields: limits.maxHeaderCount,
    };
    this.wheel = new TimerWheel(tickFor(limits));
    this.perAddress = new ConnectionsPerAddress(limits.maxConnectionsPerAddress ?? 0);
    this.server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      highWaterMark: HIGH_WATER_MARK_BYTES,
    });
    if (limits.maxConnections > 0) this.server.maxConnections = limits.maxConnections;
    this.server.on('connection', (socket) => this.accept(socket));
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

  async close(limitMs: number): Promise<void> {
    this.isClosing = true;
    // Its callback would wait for upgraded connections too.
    this.server.close();
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

  private accept(socket: Socket): void {
    if (this.isClosing || !this.perAddress.admits(socket)) socket.destroy();
    else this.connections.add(new ClientConnection(socket, 'http', this));
  }
}

/** Fine enough for the shortest limit, no finer than any needs. */
function tickFor(limits: ServerLimits): number {
  const shortest = Math.min(limits.headersTimeoutMs, limits.keepAliveTimeoutMs, limits.requestTimeoutMs || Infinity);
  return Math.max(10, Math.min(LONGEST_TICK_MS, Math.floor(shortest / 4)));
}

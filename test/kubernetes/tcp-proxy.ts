import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Stands between a client and a server, and misbehaves on demand. */
export class TcpProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private mode: 'open' | 'refusing' | 'silent' = 'open';
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async before(target: string): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, new URL(target));
    server.on('connection', (client) => proxy.join(client));
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Connections that are open stay so, and nothing passes on them any more; new ones are served. */
  silence(): void {
    for (const [client, server] of this.pairs) {
      client.pause().unpipe();
      server.pause().unpipe();
    }
  }

  /** As a network that is cut: nothing passes, and nobody is told. */
  cutOff(): void {
    this.mode = 'silent';
    this.silence();
  }

  /** Open connections are reset, new ones at once. */
  refuse(): void {
    this.mode = 'refusing';
    this.reset();
  }

  /** What was cut off stays dead; new connections are served. */
  restore(): void {
    this.mode = 'open';
  }

  /** On connections that are opened from now on, each piece takes so long, in milliseconds. */
  delay(delayMs: number): void {
    this.delayMs = delayMs;
  }

  reset(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.refuse();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    if (this.mode === 'refusing') {
      client.destroy();
      return;
    }
    const server = connect(Number(this.target.port), this.target.hostname);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.pairs.delete(pair);
        other.destroy();
      });
      if (this.mode !== 'open') socket.pause();
      else if (this.delayMs === 0) socket.pipe(other);
      else socket.pipe(slowed(this.delayMs)).pipe(other);
    }
  }
}

function slowed(delayMs: number): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => void setTimeout(() => done(null, chunk), delayMs),
  });
}

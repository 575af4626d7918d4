import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** The client's end of a connection, byte by byte. */
export class RawClient {
  received = '';
  isClosed = false;
  private changed: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends one text, waits for the end of the connection, and gives what came. */
  static async exchange(port: number, text: string): Promise<string> {
    const client = await RawClient.to(port);
    client.send(text);
    return client.closed();
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what has come so far satisfies `test`, or the connection is closed. */
  async until(test: (received: string) => boolean): Promise<string> {
    while (!test(this.received) && !this.isClosed) await new Promise<void>((resolve) => this.changed.push(resolve));
    return this.received;
  }

  async closed(): Promise<string> {
    return this.until(() => false);
  }

  private wake(): void {
    for (const wake of this.changed.splice(0)) wake();
  }
}

/** An upstream that says exactly what a test wants, connection by connection. */
export class RawUpstream {
  readonly requests: string[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private changed: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly onData: (socket: Socket, received: string, upstream: RawUpstream) => void,
  ) {
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket);
      const at = this.requests.push('') - 1;
      socket.setEncoding('latin1');
      socket.on('data', (text: string) => {
        this.requests[at] += text;
        this.onData(socket, this.requests[at] as string, this);
        this.wake();
      });
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.wake();
      });
      socket.on('error', () => undefined);
    });
  }

  /**
   * @param onData called with every piece, and all that the connection has received so far
   * @param allowHalfOpen its side of a connection stays open where the other has ended
   */
  static async listen(
    onData: (socket: Socket, received: string, upstream: RawUpstream) => void,
    allowHalfOpen = false,
  ): Promise<RawUpstream> {
    const server = createServer({ allowHalfOpen });
    const upstream = new RawUpstream(server, onData);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.sockets.size;
  }

  async until(test: (upstream: RawUpstream) => boolean): Promise<void> {
    while (!test(this)) await new Promise<void>((resolve) => this.changed.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private wake(): void {
    for (const wake of this.changed.splice(0)) wake();
  }
}

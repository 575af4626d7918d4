import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What a receiver does with the n-th request, counted from 1, once it has read it. */
export type Answer = (response: ServerResponse, received: Received, n: number) => void;

/** A real HTTP server that takes messages, keeps them until they are asked for, and answers as it is told. */
export class Receiver {
  readonly all: Received[] = [];
  private taken = 0;
  private arrived = (): void => undefined;
  private readonly sockets = new Set<Socket>();
  connections = 0;
  port = 0;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly scheme: 'http' | 'https',
  ) {
    server.on(scheme === 'http' ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket.once('close', () => this.sockets.delete(socket)));
    });
  }

  static async started(
    answer: Answer = (response) => response.end(),
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<Receiver> {
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', headers } = request;
        receiver.take({ path, headers, body: Buffer.concat(chunks).toString() }, response, answer);
      });
    };
    const server = tls ? createTlsServer(tls, listener) : createServer(listener);
    const receiver = new Receiver(server, tls ? 'https' : 'http');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    receiver.port = (server.address() as AddressInfo).port;
    return receiver;
  }

  /** @param host a name or address that leads here */
  url(path = '/hook', host = '127.0.0.1'): string {
    return `${this.scheme}://${host}:${this.port}${path}`;
  }

  /** The next message that was not taken yet. */
  async next(): Promise<Received> {
    while (this.taken >= this.all.length) await new Promise<void>((resolve) => (this.arrived = resolve));
    return this.all[this.taken++]!;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
    if (this.server.listening) await once(this.server, 'close');
  }

  private take(received: Received, response: ServerResponse, answer: Answer): void {
    answer(response, received, this.all.push(received));
    this.arrived();
  }
}

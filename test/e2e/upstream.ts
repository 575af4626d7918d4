import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on a free loopback port, to stand behind the gateway. */
export class Upstream {
  private constructor(private readonly server: Server) {}

  static async started(listener: RequestListener): Promise<Upstream> {
    const server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Upstream(server);
  }

  /** Answers every request with this text. */
  static saying(text: string): Promise<Upstream> {
    return Upstream.started((_request, response) => response.end(text));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}

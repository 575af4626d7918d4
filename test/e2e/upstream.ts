import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on a free port, to stand behind the gateway. */
export class Upstream {
  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  /** @param address of this machine */
  static async started(listener: RequestListener, address = '127.0.0.1'): Promise<Upstream> {
    const server = createServer(listener);
    server.listen(0, address);
    await once(server, 'listening');
    return new Upstream(server, address);
  }

  /** Answers every request with this text. */
  static saying(text: string): Promise<Upstream> {
    return Upstream.started((_request, response) => response.end(text));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${this.address}:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}

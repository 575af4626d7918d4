import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenByUpstream {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request; what it was is known in full. */
export type Script = (response: ServerResponse, request: SeenByUpstream, count: number) => void;

/** An HTTP upstream that answers as a test wants, and remembers what it was asked. */
export class ScriptedUpstream {
  readonly requests: SeenByUpstream[] = [];
  private readonly waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    public script: Script,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
        this.requests.push(seen);
        for (const wake of this.waiting.splice(0)) wake();
        this.script(response, seen, this.requests.length);
      });
    });
  }

  /** Answers with the n-th of `statuses`, the last one from then on, and that status as the body. */
  static statuses(...statuses: readonly number[]): Promise<ScriptedUpstream> {
    return ScriptedUpstream.start((response, _, count) => {
      const status = statuses[Math.min(count, statuses.length) - 1] ?? 200;
      response.writeHead(status).end(String(status));
    });
  }

  static async start(script: Script): Promise<ScriptedUpstream> {
    const server = createServer();
    const upstream = new ScriptedUpstream(server, script);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get paths(): readonly string[] {
    return this.requests.map(({ url }) => url);
  }

  /** Resolves once it was asked `count` times. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const upstream = await ScriptedUpstream.statuses(200);
  const { port } = upstream;
  await upstream.stop();
  return port;
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BenchChild } from './child.js';

/** A server that answers 200 and little else, as fast as Node can, in a process of its own. */
export interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const { child, said } = await BenchChild.start<{ port: number }>('load', new URL(import.meta.url), {});
  return { url: `http://127.0.0.1:${said.port}`, stop: () => child.stop() };
}

const BODY = Buffer.from('{"answer":"upstream"}');

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
    response.end(BODY);
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
}

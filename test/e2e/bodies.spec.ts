import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

/** Around the sizes of what is read at once, what is copied, and what waits. */
const SIZES = [100, 5_000, 16_384, 16_385, 65_536, 70_000, 131_072, 1_000_000, 5_242_880, 20_000_000];
const BODIES = new Map(SIZES.map((size) => [String(size), randomBytes(size)]));
const ROUTES = `
routes:
  - { id: plain, uri: 'UPSTREAM', predicates: ['Path=/plain/**'], filters: ['StripPrefix=1'] }
  - { id: kept, uri: 'UPSTREAM', predicates: ['Path=/kept/**'], filters: ['StripPrefix=1', 'LocalResponseCache=1m,30MB'] }
`;
const CLIENTS = 24;
const REQUESTS_EACH = 30;

const FRAMINGS: Readonly<Record<string, (response: ServerResponse, body: Buffer) => void | Promise<void>>> = {
  sized: (response, body) => void response.writeHead(200, { 'content-length': body.length }).end(body),
  chunked,
  closed: (response, body) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: 'close' }).end(body);
  },
};

/** In chunks of all lengths, those at which somebody decides otherwise among them. */
async function chunked(response: ServerResponse, body: Buffer): Promise<void> {
  for (let at = 0, turn = 1; at < body.length; turn++) {
    const length = turn % 5 === 0 ? 16_378 : 1 + ((turn * 7_919) % 90_000);
    if (!response.write(body.subarray(at, at + length))) await once(response, 'drain');
    at += length;
  }
  response.end();
}

const hashOf = (body: Buffer): string => createHash('sha1').update(body).digest('hex');

/** @param slowMs how long the reader puts his reading off every so often */
async function hashOfAll(body: AsyncIterable<Buffer>, slowMs = 0): Promise<string> {
  const hash = createHash('sha1');
  let chunks = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    if (slowMs > 0 && ++chunks % 7 === 0) await setTimeout(slowMs);
  }
  return hash.digest('hex');
}

describe.each(ENGINES)('bodies on the %s engine', (engine) => {
  let gateway: GatewayProcess;
  let upstream: Upstream;
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

  beforeAll(async () => {
    upstream = await Upstream.started((request, response) => {
      const [, framing, size] = (request.url ?? '').split('/');
      if (request.method === 'POST') void hashOfAll(request).then((hash) => response.end(hash));
      else void FRAMINGS[framing!]!(response, BODIES.get(size!)!);
    });
    gateway = await GatewayProcess.started({
      server: { engine },
      routes: { 'routes.yml': ROUTES.replaceAll('UPSTREAM', upstream.url) },
    });
  });

  afterAll(async () => {
    agent.destroy();
    await gateway.dispose();
    await upstream.stop();
  });

  async function answer(method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
    const asked = request({ host: '127.0.0.1', port: gateway.port, path, method, agent });
    asked.end(body);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  it('come whole to fast and slow clients side by side, and from them, however they are framed', async () => {
    const wrong: string[] = [];
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; turn < REQUESTS_EACH; turn++) {
        const at = number * REQUESTS_EACH + turn;
        const size = String(SIZES[at % SIZES.length]);
        const body = BODIES.get(size)!;
        const route = at % 4 === 0 ? 'kept' : 'plain';
        if (number % 6 === 5) {
          const path = `/${route}/taken/${size}`;
          const told = await (await answer('POST', path, body)).toArray();
          if (Buffer.concat(told).toString() !== hashOf(body)) wrong.push(path);
          continue;
        }
        const path = `/${route}/${Object.keys(FRAMINGS)[(at * 7 + number) % 3]}/${size}`;
        if ((await hashOfAll(await answer('GET', path), number % 3 === 0 ? 3 : 0)) !== hashOf(body)) wrong.push(path);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    expect(wrong).toEqual([]);
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as requestHttp, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent as TlsAgent, request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCertificate } from '../builders/test-certificate.js';
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
const { certificate, key } = testCertificate('first');
const CLIENTS = 24;

/** Sends one request and gives the body of the response. */
type Ask = (method: string, path: string, body?: Buffer) => Promise<Readable>;

interface Way {
  readonly name: string;
  readonly isTls: boolean;
  readonly requestsEach: number;
  open(port: number): { readonly ask: Ask; close(): void };
}

const WAYS: readonly Way[] = [
  { name: 'HTTP/1.1', isTls: false, requestsEach: 30, open: (port) => overHttp1(port, false) },
  { name: 'HTTP/1.1 over TLS', isTls: true, requestsEach: 8, open: (port) => overHttp1(port, true) },
  { name: 'HTTP/2', isTls: true, requestsEach: 8, open: overHttp2 },
];

function overHttp1(port: number, isTls: boolean): ReturnType<Way['open']> {
  const options = { keepAlive: true, maxSockets: CLIENTS };
  const agent = isTls ? new TlsAgent({ ...options, rejectUnauthorized: false }) : new Agent(options);
  const request = isTls ? requestHttps : requestHttp;
  const ask: Ask = async (method, path, body) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent }).end(body);
    return ((await once(asked, 'response')) as [Readable])[0];
  };
  return { ask, close: () => agent.destroy() };
}

/** All of them on three connections. */
function overHttp2(port: number): ReturnType<Way['open']> {
  const sessions = [1, 2, 3].map(() =>
    connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, maxSessionMemory: 1_000 }),
  );
  let turn = 0;
  const ask: Ask = async (method, path, body) => {
    const stream = sessions[turn++ % sessions.length]!.request({ ':method': method, ':path': path });
    stream.end(body);
    await once(stream, 'response');
    return stream;
  };
  return { ask, close: () => sessions.forEach((session) => session.destroy()) };
}

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

const CASES = ENGINES.flatMap((engine) => WAYS.map((way) => [way.name, engine, way] as const));

describe.each(CASES)('bodies by %s on the %s engine', (_name, engine, { isTls, requestsEach, open }) => {
  let gateway: GatewayProcess;
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await Upstream.started((request, response) => {
      const [, framing, size] = (request.url ?? '').split('/');
      if (request.method === 'POST') void hashOfAll(request).then((hash) => response.end(hash));
      else void FRAMINGS[framing!]!(response, BODIES.get(size!)!);
    });
    gateway = await GatewayProcess.started({
      server: { engine, ...(isTls && { tls: { certificate, key } }) },
      routes: { 'routes.yml': ROUTES.replaceAll('UPSTREAM', upstream.url) },
    });
  });

  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
  });

  it('come whole to fast and slow clients side by side, and from them, however they are framed', async () => {
    const { ask, close } = open(gateway.port);
    const wrong: string[] = [];
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; turn < requestsEach; turn++) {
        const at = number * requestsEach + turn;
        const size = String(SIZES[at % SIZES.length]);
        const body = BODIES.get(size)!;
        const route = at % 4 === 0 ? 'kept' : 'plain';
        if (number % 6 === 5) {
          const path = `/${route}/taken/${size}`;
          const told = await (await ask('POST', path, body)).toArray();
          if (Buffer.concat(told as Buffer[]).toString() !== hashOf(body)) wrong.push(path);
          continue;
        }
        const path = `/${route}/${Object.keys(FRAMINGS)[(at * 7 + number) % 3]}/${size}`;
        if ((await hashOfAll(await ask('GET', path), number % 3 === 0 ? 3 : 0)) !== hashOf(body)) wrong.push(path);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    close();
    expect(wrong).toEqual([]);
  });
});

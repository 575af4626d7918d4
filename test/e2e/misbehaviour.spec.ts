import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, GatewayProcess } from './gateway-process.js';

/** What one connection may cost at most, in bytes of the process. */
const BOUND_BYTES = 64 * 1024 * 1024;

const HEADERS = (count: number): string => Array.from({ length: count }, (_, at) => `X-${at}: a\r\n`).join('');
const MEBIBYTE = `X: ${'a'.repeat(1024 * 1024)}\r\n`;

/** Of a client that found its connection cut before it saw a head. */
const CUT = 0;

/** What an upstream does with a request, by its path; the statuses that the client may get, and what the log says of it. */
const UPSTREAMS: readonly (readonly [
  path: string,
  act: (socket: Socket) => void,
  status: number | number[],
  log: RegExp,
])[] = [
  ['/garbage', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'), 502, /"kind":"protocol"/],
  ['/silent-close', (socket) => socket.end(), 502, /"kind":"reset"/],
  ['/reset', (socket) => socket.resetAndDestroy(), 502, /"kind":"reset"/],
  ['/mid-head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'), 502, /"kind":"reset"/],
  [
    '/two-lengths',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    502,
    /"kind":"protocol"/,
  ],
  [
    '/endless-head',
    (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', 'X: y\r\n'.repeat(1_000)),
    502,
    /"kind":"protocol"/,
  ],
  ['/endless-line', (socket) => flood(socket, 'HTTP/1.1 200 OK\r\nX: ', 'a'.repeat(10_000)), 502, /"kind":"protocol"/],
  [
    '/10000-headers',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\n${HEADERS(10_000)}Content-Length: 0\r\n\r\n`),
    502,
    /"kind":"protocol"/,
  ],
  [
    '/1-mebibyte-head',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\n${MEBIBYTE}Content-Length: 0\r\n\r\n`),
    502,
    /"kind":"protocol"/,
  ],
  ['/never', () => undefined, 504, /"kind":"response-timeout"/],
  [
    '/mid-body',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart'),
    [200, CUT],
    /"outcome":"upstream-aborted".*"kind":"reset"/,
  ],
  [
    '/bad-chunk',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n'),
    [200, CUT],
    /"outcome":"upstream-aborted".*"kind":"(protocol|reset)"/,
  ],
];

/**
 * What a client sends; the status that it gets before its connection is closed. One that goes on sending may lose the answer to
 * the reset that follows it.
 */
const CLIENTS: readonly (readonly [name: string, act: (socket: Socket) => void, status: number, orCut: boolean])[] = [
  ['talks garbage', (socket) => socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'), 400, false],
  ['sends its head a byte at a time', trickle, 408, false],
  [
    'sends 10,000 headers',
    (socket) => socket.write(`GET /ok HTTP/1.1\r\nHost: a\r\n${HEADERS(10_000)}\r\n`),
    431,
    false,
  ],
  [
    'sends a head of a mebibyte',
    (socket) => socket.write(`GET /ok HTTP/1.1\r\nHost: a\r\n${MEBIBYTE}\r\n`),
    431,
    false,
  ],
  [
    'never ends its head',
    (socket) => flood(socket, 'GET /ok HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n'.repeat(1_000)),
    431,
    true,
  ],
];

function flood(socket: Socket, first: string, more: string): void {
  socket.write(first);
  const go = (): void => {
    while (!socket.destroyed && socket.write(more));
  };
  socket.on('drain', go);
  go();
}

function trickle(socket: Socket): void {
  const text = `GET /ok HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(1_000)}`;
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] as string), 50);
  socket.on('close', () => clearInterval(timer));
}

async function closed(socket: Socket): Promise<void> {
  while (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

async function exchange(port: number, act: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  act(socket);
  await closed(socket);
  return received;
}

describe.each(ENGINES)('on the %s engine', (engine) => {
  let upstream: Server;
  let gateway: GatewayProcess;
  const upstreamSockets = new Set<Socket>();

  beforeAll(async () => {
    upstream = createServer((socket) => {
      upstreamSockets.add(socket);
      socket.on('close', () => upstreamSockets.delete(socket));
      socket.on('error', () => undefined);
      socket.on('data', (request: Buffer) => {
        const path = request.toString('latin1').split(' ')[1] ?? '';
        const act = UPSTREAMS.find(([name]) => name === path)?.[1];
        if (act !== undefined) act(socket);
        else if (path === '/endless') flood(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'a'.repeat(10_000));
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    gateway = await GatewayProcess.started({
      server: { engine, 'headers-timeout': '1s' },
      routes: {
        'all.yaml': `routes: [{ id: all, uri: 'http://127.0.0.1:${port}', predicates: ['Path=/**'], metadata: { response-timeout: 400 } }]`,
      },
    });
  });
  afterAll(async () => {
    await gateway.dispose();
    for (const socket of upstreamSockets) socket.destroy();
    upstream.close();
  });

  /** What the log says from here on, as soon as it says it. */
  async function logged(since: number, expected: RegExp): Promise<void> {
    while (!expected.test(gateway.output.slice(since))) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async function stillServes(rssBefore: number): Promise<void> {
    expect(
      await exchange(gateway.port, (socket) =>
        socket.write('GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      ),
    ).toMatch(/ok$/);
    expect(rss() - rssBefore).toBeLessThan(BOUND_BYTES);
  }

  function rss(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) * 1024;
  }

  it.each(UPSTREAMS)('an upstream that does %s', async (path, _, status, log) => {
    const [before, since] = [rss(), gateway.output.length];
    const got = await exchange(gateway.port, (socket) =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
    );
    expect([status].flat()).toContain(Number(got.slice(9, 12)));
    await logged(since, new RegExp(`"path":"${path}".*${log.source}`));
    await stillServes(before);
  });

  it('an upstream whose body never ends costs no more than its client takes', async () => {
    const before = rss();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    // Nothing is read any more: what is in flight fills up and stays.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await stillServes(before);
    const open = [...upstreamSockets].filter((each) => each.bytesWritten > 100_000);
    expect(open).toHaveLength(1);
    socket.destroy();
    await closed(open[0] as Socket);
  });

  it.each(CLIENTS)('a client that %s', async (_, act, status, orCut) => {
    const [before, since] = [rss(), gateway.output.length];
    const got = await exchange(gateway.port, act);
    expect(orCut && got === '' ? status : Number(got.slice(9, 12))).toBe(status);
    expect(got.match(/HTTP\/1\.1 /g) ?? [orCut]).toHaveLength(1);
    await logged(since, new RegExp(`"status":${status},"remoteAddress":"127.0.0.1","failure":"refused: `));
    await stillServes(before);
  });

  it('200 failures at once are no more than some lines', async () => {
    const since = gateway.output.length;
    const head = 'GET /silent-close HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 20 }, () => exchange(gateway.port, (socket) => socket.write(head))));
    }
    const lines = gateway.output
      .slice(since)
      .split('\n')
      .filter((line) => line.includes('/silent-close'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(150);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await exchange(gateway.port, (socket) => socket.write(head));
    await logged(since, /more failures were not logged/);
  });
});

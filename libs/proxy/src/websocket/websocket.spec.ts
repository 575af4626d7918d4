import { once } from 'node:events';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ClientSslSettings, type GatewayFilter, HttpClientSettings } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { testCertificate } from '../testing/certificates.js';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Seen {
  readonly url: string;
  readonly headers: readonly string[];
  readonly socket: WebSocket;
}

/** Echoes; tells each connection's request line and headers. */
async function echo(on?: HttpsServer): Promise<{ port: number; seen: Seen[]; server: WebSocketServer }> {
  const seen: Seen[] = [];
  const server = new WebSocketServer({
    ...(on === undefined ? { port: 0, host: '127.0.0.1' } : { server: on }),
    handleProtocols: () => 'two',
  });
  server.on('connection', (socket, request) => {
    seen.push({ url: request.url ?? '', headers: request.rawHeaders, socket });
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => undefined);
  });
  if (on === undefined) await once(server, 'listening');
  cleanups.push(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, 'close');
    on?.close();
  });
  return { port: (server.address() as AddressInfo).port, seen, server };
}

async function gateway(routes: readonly TestRoute[], options?: Partial<DataPlaneOptions>): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes, options);
  cleanups.push(() => running.stop());
  return running;
}

async function open(port: number, path = '/', protocols?: string[]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

async function say(socket: WebSocket, text: string | Buffer): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(text);
  return String((await answer)[0]);
}

async function closeCode(socket: WebSocket): Promise<number> {
  return (await once(socket, 'close'))[0] as number;
}

const HANDSHAKE =
  'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe('a WebSocket', () => {
  it.each(['http', 'ws'])(
    'passes through an %s route, with path bytes, filters and forwarded headers',
    async (scheme) => {
      const upstream = await echo();
      const mark: Partial<GatewayFilter> = {
        onRequest: ({ request }) => request.headers.append('X-In', '1'),
        onResponse: ({ response }) => response.headers.append('X-Out', '2'),
      };
      const running = await gateway([{ id: 'r', uri: local(upstream.port, scheme), filters: [mark] }]);
      const socket = new WebSocket(`ws://127.0.0.1:${running.port}/a//b%2Fc?d`, ['one', 'two']);
      const opened = once(socket, 'open');
      const [response] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }];
      await opened;
      expect(response.headers['x-out']).toBe('2');
      expect(socket.protocol).toBe('two');
      expect(await say(socket, 'hello')).toBe('hello');
      expect(await say(socket, 'y'.repeat(60_000))).toHaveLength(60_000);
      const [{ url, headers }] = upstream.seen as [Seen];
      expect(url).toBe('/a//b%2Fc?d');
      expect(headers).toEqual(
        expect.arrayContaining(['X-In', '1', 'X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http']),
      );
      expect(running.plane.openWebSockets).toBe(1);
      expect(running.plane.inFlight).toBe(0);
      expect(running.seen).toMatchObject([{ status: 101, failed: false }]);
      socket.close(4321, 'bye');
      const upstreamEnd = (upstream.seen[0] as Seen).socket;
      expect(await closeCode(upstreamEnd)).toBe(4321);
      expect(await closeCode(socket)).toBe(4321);
    },
  );

  it('mirrors the code that the upstream closes with', async () => {
    const upstream = await echo();
    const socket = await open((await gateway([{ id: 'r', uri: local(upstream.port) }])).port);
    (upstream.seen[0] as Seen).socket.close(1011);
    expect(await closeCode(socket)).toBe(1011);
  });

  it.each([
    [1000, 1000],
    [1003, 1003],
    [1012, 1002],
    [1013, 1002],
    [1014, 1002],
    [3000, 3000],
    [4999, 4999],
  ])('tells the code %i to the other side as %i, either way', async (sent, told) => {
    const upstream = await echo();
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const [one, other] = [await open(port), await open(port)];
    const [first, second] = upstream.seen as [Seen, Seen];
    first.socket.close(sent, 'why');
    expect(await closeCode(one)).toBe(told);
    other.close(sent, 'why');
    expect(await closeCode(second.socket)).toBe(told);
  });

  it.each([
    ['wss', 'ws'],
    ['https', 'ws'],
    ['ws', 'wss'],
    ['wss', 'wss'],
  ])('goes through a %s route for a client by %s', async (route, client) => {
    const { certificate, key, cert, keyText } = testCertificate('upstream');
    const secure = createHttpsServer({ cert, key: keyText }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const upstream = await echo(route === 'ws' ? undefined : secure);
    const httpclient = Object.assign(new HttpClientSettings(), {
      ssl: { ...new ClientSslSettings(), trustedX509Certificates: [certificate] },
    });
    const running = await RunningGateway.start(
      [{ id: 'r', uri: local(upstream.port, route) }],
      client === 'wss' ? { tls: { certificate, key, minVersion: 'TLSv1.2', clientAuth: 'none' } } : {},
      { httpclient },
    );
    cleanups.push(() => running.stop());
    const socket = new WebSocket(`${client}://127.0.0.1:${running.port}/`, { ca: cert });
    await once(socket, 'open');
    expect(await say(socket, 'hello')).toBe('hello');
    socket.close(1000);
    expect(await closeCode((upstream.seen[0] as Seen).socket)).toBe(1000);
  });

  it.each([
    ['the client', (socket: WebSocket, _: Seen, data: string) => socket.send(data)],
    ['the upstream', (_: WebSocket, { socket }: Seen, data: string) => socket.send(data)],
  ])('is closed with 1009 by a frame of %s that is too long', async (_, send) => {
    const upstream = await echo();
    const socket = await open((await gateway([{ id: 'r', uri: local(upstream.port) }])).port);
    const seen = upstream.seen[0] as Seen;
    const got: string[] = [];
    for (const end of [socket, seen.socket]) end.on('message', (data: Buffer) => got.push(data.toString()));
    const codes = [closeCode(socket), closeCode(seen.socket)];
    send(socket, seen, 'short');
    send(socket, seen, 'y'.repeat(65_537));
    expect(await Promise.all(codes)).toEqual([1009, 1009]);
    expect(got).toContain('short');
    expect(got.every((text) => text === 'short')).toBe(true);
  });

  it('is closed with 1001 when nothing is said for too long, and not before', async () => {
    const upstream = await echo();
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }], { webSocketIdleMs: 600 });
    const socket = await open(running.port);
    const openedAt = performance.now();
    const closed = closeCode(socket);
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await say(socket, 'still here');
    }
    expect(await closed).toBe(1001);
    expect(performance.now() - openedAt).toBeGreaterThan(1_350);
  });

  it.each([
    ['the client', (socket: WebSocket, _: Seen) => socket.terminate(), (_: WebSocket, { socket }: Seen) => socket],
    ['the upstream', (_: WebSocket, { socket }: Seen) => socket.terminate(), (socket: WebSocket) => socket],
  ])('ends on both sides when %s vanishes', async (_, vanish, other) => {
    const upstream = await echo();
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const socket = await open(running.port);
    const seen = upstream.seen[0] as Seen;
    const left = closeCode(other(socket, seen));
    vanish(socket, seen);
    expect(await left).toBe(1006);
  });

  it('ends where the connection of its client is reset', async () => {
    const upstream = await echo();
    const socket = await open((await gateway([{ id: 'r', uri: local(upstream.port) }])).port);
    const told = closeCode((upstream.seen[0] as Seen).socket);
    (socket as unknown as { _socket: Socket })._socket.resetAndDestroy();
    expect(await told).toBe(1006);
  });

  it('is cut where the connection of its client is reset and the upstream goes on all the same', async () => {
    const upstream = await RawUpstream.listen((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      const pings = setInterval(() => socket.write('\x89\0', 'latin1'), 50);
      socket.once('close', () => clearInterval(pings));
    }, true);
    cleanups.push(() => upstream.stop());
    const client = await RawClient.to((await gateway([{ id: 'r', uri: local(upstream.port) }])).port);
    client.send(HANDSHAKE);
    await client.until((text) => text.includes(' 101 '));
    client.socket.resetAndDestroy();
    await upstream.until(({ open }) => open === 0);
  });

  it('gets what the client had sent with its handshake', async () => {
    const upstream = await echo();
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const client = await RawClient.to(running.port);
    client.send(`${HANDSHAKE}\x81\x82\0\0\0\0hi`);
    const got = await client.until((text) => text.endsWith('hi'));
    expect(got).toMatch(/^HTTP\/1\.1 101 /);
    expect(got.split('\r\n\r\n')[1]).toBe('\x81\x02hi');
    client.socket.destroy();
  });

  it.each([
    ['no route', [], 404],
    ['nobody there', [{ id: 'r', uri: local(1) }], 502],
  ] as const)('is refused where there is %s', async (_, routes, status) => {
    const running = await gateway(routes);
    expect(await RawClient.exchange(running.port, HANDSHAKE)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(await running.finished()).toMatchObject([{ status }]);
  });

  it('passes the answer of an upstream that does not upgrade', async () => {
    const upstream = await RawUpstream.listen((socket) =>
      socket.write('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nnope'),
    );
    cleanups.push(() => upstream.stop());
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const got = await RawClient.exchange(running.port, HANDSHAKE);
    expect(got).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*WWW-Authenticate: Basic\r\n[\s\S]*nope$/);
  });

  it('is given up with 504 where the upstream does not answer in time, and when the client goes', async () => {
    const upstream = await RawUpstream.listen(() => undefined);
    cleanups.push(() => upstream.stop());
    const running = await gateway([
      { id: 'limited', path: '/x', uri: local(upstream.port), responseTimeoutMs: 40 },
      { id: 'patient', uri: local(upstream.port) },
    ]);
    expect(await RawClient.exchange(running.port, HANDSHAKE)).toMatch(/^HTTP\/1\.1 504 /);
    await upstream.until(({ open }) => open === 0);
    const client = await RawClient.to(running.port);
    client.send(HANDSHAKE.replace('/x', '/y'));
    await upstream.until(({ connections, open }) => connections === 2 && open === 1);
    client.socket.destroy();
    await upstream.until(({ open }) => open === 0);
  });

  it('goes on over reloads that leave its route alone; a changed route closes its own with 1012 after the drain time', async () => {
    const upstream = await echo();
    const routes = [
      { id: 'kept', path: '/kept', uri: local(upstream.port) },
      { id: 'changed', path: '/changed', uri: local(upstream.port) },
    ];
    const running = await gateway(routes, { drainTimeoutMs: 50 });
    const kept = await open(running.port, '/kept');
    const changed = await open(running.port, '/changed');
    const end = closeCode(changed);
    await running.reload(routes, ['changed']);
    expect(await say(changed, 'still here')).toBe('still here');
    expect(await end).toBe(1012);
    expect(await say(kept, 'me too')).toBe('me too');
  });

  it('is closed with 1001 when the gateway stops, between two frames and towards both ends', async () => {
    const upstream = await echo();
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const socket = await open(running.port);
    await say(socket, 'x'.repeat(60_000));
    const ends = [closeCode(socket), closeCode((upstream.seen[0] as Seen).socket)];
    await running.plane.stop(1_000);
    expect(await Promise.all(ends)).toEqual([1001, 1001]);
  });

  it('is cut in the middle of its handshake when a stop takes too long', async () => {
    const upstream = await RawUpstream.listen(() => undefined);
    cleanups.push(() => upstream.stop());
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const client = await RawClient.to(running.port);
    client.send(HANDSHAKE);
    await upstream.until(({ requests }) => requests.length === 1);
    await running.plane.stop(20);
    expect(await client.closed()).toBe('');
  });

  it('serves Upgrade: h2c as if it were not there, body and all', async () => {
    const upstream = await RawUpstream.listen((socket, received) => {
      if (received.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    cleanups.push(() => upstream.stop());
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const got = await RawClient.exchange(
      running.port,
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\nContent-Length: 4\r\n\r\nbody',
    );
    expect(got).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.requests[0]).not.toMatch(/upgrade|http2-settings/i);
  });
});

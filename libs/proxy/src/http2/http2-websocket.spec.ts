import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { GatewayFilter } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { testCertificate } from '../testing/certificates.js';
import { RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';
import { maskedCloseFrame } from '../websocket/close-frame.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const FIRST = testCertificate('first');

interface Seen {
  readonly url: string;
  readonly headers: readonly string[];
  readonly socket: WebSocket;
}

/** Echoes; tells each connection's request line and headers. */
async function echo(): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'two' });
  server.on('connection', (socket, request) => {
    seen.push({ url: request.url ?? '', headers: request.rawHeaders, socket });
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => undefined);
  });
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

async function gateway(routes: readonly TestRoute[], options?: Partial<DataPlaneOptions>): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes, options);
  cleanups.push(() => running.stop());
  return running;
}

/** Knows that extended CONNECTs are taken. */
async function session({ port }: RunningGateway, tls = false): Promise<ClientHttp2Session> {
  const made = connect(`${tls ? 'https' : 'http'}://localhost:${port}`, { ca: FIRST.cert, family: 4 } as object);
  made.on('error', () => undefined);
  cleanups.push(() => made.destroy());
  const [settings] = (await once(made, 'remoteSettings')) as [{ enableConnectProtocol: boolean }];
  expect(settings.enableConnectProtocol).toBe(true);
  return made;
}

const CONNECT = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', 'sec-websocket-version': '13' };

/** A WebSocket client on one stream, of messages up to 64 KiB. */
class StreamSocket {
  headers: IncomingHttpHeaders = {};
  readonly messages: string[] = [];
  /** Of the close frame that came; 1006 where the stream ended without one. */
  readonly closed: Promise<number>;
  private received = Buffer.alloc(0);
  private onMessage: (() => void) | undefined;

  constructor(readonly stream: ClientHttp2Stream) {
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    this.closed = new Promise((resolve) => {
      stream.on('close', () => resolve(1006));
      stream.on('data', (chunk: Buffer) => this.read(chunk, resolve));
    });
  }

  static async open(client: ClientHttp2Session, path = '/', headers: object = {}): Promise<StreamSocket> {
    const socket = new StreamSocket(client.request({ ...CONNECT, ':path': path, ...headers }));
    [socket.headers] = (await once(socket.stream, 'response')) as [IncomingHttpHeaders];
    expect(socket.headers[':status']).toBe(200);
    return socket;
  }

  send(text: string): boolean {
    const long = text.length > 125 ? [0xfe, text.length >> 8, text.length & 0xff] : [0x80 | text.length];
    return this.stream.write(Buffer.concat([Buffer.from([0x81, ...long, 0, 0, 0, 0]), Buffer.from(text)]));
  }

  async say(text: string): Promise<string> {
    this.send(text);
    return this.next();
  }

  async next(): Promise<string> {
    while (this.messages.length === 0) await new Promise<void>((resolve) => (this.onMessage = resolve));
    return this.messages.shift() as string;
  }

  close(code: number): void {
    this.stream.end(maskedCloseFrame(code));
  }

  private read(chunk: Buffer, onClose: (code: number) => void): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const length = this.received[1] === 126 ? this.received.readUInt16BE(2) : (this.received[1] ?? 0);
      const end = (this.received[1] === 126 ? 4 : 2) + length;
      if (this.received.length < Math.max(2, end)) return;
      const payload = this.received.subarray(end - length, end);
      if (((this.received[0] as number) & 0x0f) === 8) {
        onClose(payload.readUInt16BE(0));
        this.close(payload.readUInt16BE(0));
      } else this.messages.push(payload.toString());
      this.received = this.received.subarray(end);
      this.onMessage?.();
    }
  }
}

async function closeCode(socket: WebSocket): Promise<number> {
  return (await once(socket, 'close'))[0] as number;
}

async function answerOf(stream: ClientHttp2Stream): Promise<[status: number, body: string]> {
  let body = '';
  stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  if (!stream.destroyed) await once(stream, 'close');
  return [Number(headers[':status']), body];
}

describe('a WebSocket over HTTP/2', () => {
  it.each([
    ['in clear', false],
    ['by TLS', true],
  ])('passes %s, with path bytes, filters and forwarded headers', async (_, tls) => {
    const upstream = await echo();
    const mark: Partial<GatewayFilter> = {
      onRequest: ({ request }) => request.headers.append('X-In', '1'),
      onResponse: ({ response }) => response.headers.append('X-Out', '2'),
    };
    const { certificate, key } = FIRST;
    const running = await gateway(
      [{ id: 'r', uri: local(upstream.port), filters: [mark] }],
      tls ? { tls: { certificate, key, minVersion: 'TLSv1.2', clientAuth: 'none' } } : {},
    );
    const client = await session(running, tls);
    const socket = await StreamSocket.open(client, '/a//b%2Fc?d', { 'sec-websocket-protocol': 'one, two' });
    expect(socket.headers).toMatchObject({ 'x-out': '2', 'sec-websocket-protocol': 'two' });
    for (const name of ['sec-websocket-accept', 'upgrade', 'connection'])
      expect(socket.headers).not.toHaveProperty(name);
    expect(await socket.say('hello')).toBe('hello');
    expect(await socket.say('y'.repeat(60_000))).toHaveLength(60_000);
    const [{ url, headers, socket: upstreamEnd }] = upstream.seen as [Seen];
    expect(url).toBe('/a//b%2Fc?d');
    expect(headers).toEqual(
      expect.arrayContaining(['X-In', '1', 'X-Forwarded-Proto', tls ? 'https' : 'http', 'sec-websocket-version', '13']),
    );
    expect([running.plane.openWebSockets, running.plane.inFlight]).toEqual([1, 0]);
    expect(running.seen).toMatchObject([{ status: 101, failed: false }]);
    const told = closeCode(upstreamEnd);
    socket.close(4321);
    expect([await told, await socket.closed]).toEqual([4321, 4321]);
  });

  it('stands beside others and ordinary requests on one connection', async () => {
    const upstream = await echo();
    const client = await session(await gateway([{ id: 'r', path: '/ws', uri: local(upstream.port) }]));
    const [one, other] = [await StreamSocket.open(client, '/ws?1'), await StreamSocket.open(client, '/ws?2')];
    expect([await one.say('1'), await other.say('2')]).toEqual(['1', '2']);
    expect((await answerOf(client.request({ ':path': '/nothing' })))[0]).toBe(404);
    one.stream.close(8);
    expect(await closeCode((upstream.seen[0] as Seen).socket)).toBe(1006);
    expect(await other.say('still here')).toBe('still here');
  });

  it.each([
    [1000, 1000],
    [1011, 1011],
    [1012, 1002],
  ])('tells the code %i to the other side as %i, either way', async (sent, told) => {
    const upstream = await echo();
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }]));
    const [one, other] = [await StreamSocket.open(client), await StreamSocket.open(client)];
    const [first, second] = upstream.seen as [Seen, Seen];
    first.socket.close(sent);
    expect(await one.closed).toBe(told);
    other.close(sent);
    expect(await closeCode(second.socket)).toBe(told);
  });

  it('ends where the upstream vanishes', async () => {
    const upstream = await echo();
    const socket = await StreamSocket.open(await session(await gateway([{ id: 'r', uri: local(upstream.port) }])));
    (upstream.seen[0] as Seen).socket.terminate();
    expect(await socket.closed).toBe(1006);
  });

  it('is held to the limits of WebSockets: 1009 for a frame that is too long, 1001 for silence', async () => {
    const upstream = await echo();
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }], { webSocketIdleMs: 120 }));
    const [long, silent] = [await StreamSocket.open(client), await StreamSocket.open(client)];
    const told = closeCode((upstream.seen[0] as Seen).socket);
    long.stream.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]));
    expect([await told, await long.closed]).toEqual([1009, 1009]);
    expect(await silent.closed).toBe(1001);
  });

  it('is closed with 1012 after a change of its route, and with 1001 when the gateway stops', async () => {
    const upstream = await echo();
    const routes = [
      { id: 'kept', path: '/kept', uri: local(upstream.port) },
      { id: 'changed', path: '/changed', uri: local(upstream.port) },
    ];
    const running = await gateway(routes, { drainTimeoutMs: 50 });
    const client = await session(running);
    const kept = await StreamSocket.open(client, '/kept');
    const changed = await StreamSocket.open(client, '/changed');
    await running.reload(routes, ['changed']);
    expect(await changed.closed).toBe(1012);
    expect(await kept.say('still here')).toBe('still here');
    const stopped = running.plane.stop(5_000);
    expect(await kept.closed).toBe(1001);
    await stopped;
  });

  it('holds the side that sends more than the other takes, either way', async () => {
    const upstream = await echo();
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }]));
    const socket = await StreamSocket.open(client);
    const upstreamEnd = (upstream.seen[0] as Seen).socket;
    const message = 'z'.repeat(60_000);
    const count = 400;

    socket.stream.pause();
    for (let at = 0; at < count; at++) upstreamEnd.send(message);
    await settled(() => upstreamEnd.bufferedAmount);
    expect(upstreamEnd.bufferedAmount).toBeGreaterThan((count * message.length) / 2);
    socket.stream.resume();
    for (let at = 0; at < count; at++) expect(await socket.next()).toHaveLength(message.length);

    upstreamEnd.pause();
    for (let at = 0; at < count; at++) socket.send(message);
    await settled(() => socket.stream.writableLength);
    expect(socket.stream.writableLength).toBeGreaterThan((count * message.length) / 2);
    upstreamEnd.resume();
    for (let at = 0; at < count; at++) expect(await socket.next()).toHaveLength(message.length);
  });

  it.each([
    ['no route', [], 404],
    ['nobody there', [{ id: 'r', uri: local(1) }], 502],
  ] as const)('is refused where there is %s, and the connection goes on', async (_, routes, status) => {
    const running = await gateway(routes);
    const client = await session(running);
    expect((await answerOf(client.request({ ...CONNECT, ':path': '/x' })))[0]).toBe(status);
    expect((await answerOf(client.request({ ':path': '/x' })))[0]).toBe(status);
    expect(await running.finished(2)).toMatchObject([{ status }, { status }]);
  });

  it.each([
    ['another protocol', { ':protocol': 'connect-udp' }, 501],
    ['content', { 'content-length': '4' }, 400],
    ['an expectation', { expect: '100-continue' }, 400],
  ])('is refused with %s', async (_, headers, status) => {
    const upstream = await echo();
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }]));
    expect((await answerOf(client.request({ ...CONNECT, ':path': '/', ...headers })))[0]).toBe(status);
    expect(upstream.seen).toEqual([]);
  });

  it('gets the answer of an upstream that does not upgrade', async () => {
    const upstream = await RawUpstream.listen((socket) =>
      socket.write('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nnope'),
    );
    cleanups.push(() => upstream.stop());
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }]));
    expect(await answerOf(client.request({ ...CONNECT, ':path': '/' }))).toEqual([401, 'nope']);
  });

  it('sends a key of the gateway’s own, and takes no answer to another', async () => {
    const upstream = await RawUpstream.listen((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
      socket.write('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
    });
    cleanups.push(() => upstream.stop());
    const client = await session(await gateway([{ id: 'r', uri: local(upstream.port) }]));
    const stream = client.request({ ...CONNECT, ':path': '/', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' });
    expect(await answerOf(stream)).toEqual([502, '']);
    expect(upstream.requests.join('').match(/sec-websocket-key: .*/gi)).toHaveLength(1);
    expect(upstream.requests.join('')).not.toContain('dGhlIHNhbXBsZSBub25jZQ==');
    await upstream.until(({ open }) => open === 0);
  });

  it('is given up when its client goes before it is open', async () => {
    const upstream = await RawUpstream.listen(() => undefined);
    cleanups.push(() => upstream.stop());
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }]);
    const stream = (await session(running)).request({ ...CONNECT, ':path': '/' });
    stream.on('error', () => undefined);
    await upstream.until(({ requests }) => requests.join('').endsWith('\r\n\r\n'));
    stream.close(8);
    await upstream.until(({ open }) => open === 0);
    expect(await running.finished()).toMatchObject([{ outcome: 'client-aborted' }]);
  });
});

/** Resolves when an amount has not changed for some rounds of reading and writing. */
async function settled(amount: () => number): Promise<void> {
  for (let rounds = 0, last = -1; rounds < 20;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    rounds = amount() === last ? rounds + 1 : 0;
    last = amount();
  }
}

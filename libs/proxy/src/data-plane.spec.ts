import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { testCertificate } from './testing/certificates.js';
import { RawClient, RawUpstream } from './testing/raw-peer.js';
import { RunningGateway } from './testing/running-gateway.js';
import { local } from './testing/test-route.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A connection that was answered. @throws where it was closed instead */
async function opened(port: number, isTls: boolean): Promise<Socket> {
  const where = { host: '127.0.0.1', port };
  const socket = isTls ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where);
  socket.on('error', () => undefined);
  cleanups.push(() => Promise.resolve(void socket.destroy()));
  socket.write(GET);
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('close', () => reject(new Error('closed')));
  });
  return socket;
}

async function upstreamThatWaits(): Promise<{ upstream: RawUpstream; answer: () => void }> {
  const answers: (() => void)[] = [];
  const upstream = await RawUpstream.listen((socket) => answers.push(() => socket.write(OK)));
  cleanups.push(() => upstream.stop());
  return { upstream, answer: () => answers.shift()?.() };
}

describe('DataPlane', () => {
  it('a stop lets the request in flight finish, closes idle connections and takes no new ones', async () => {
    const { upstream, answer } = await upstreamThatWaits();
    const running = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }]);
    const { port } = running;
    const idle = await RawClient.to(port);
    const busy = await RawClient.to(port);
    busy.send(GET);
    await upstream.until(({ requests }) => requests.length === 1);
    expect(running.plane.inFlight).toBe(1);
    const stopped = running.plane.stop(5_000);
    expect(running.plane.isListening).toBe(false);
    await idle.closed();
    await expect(RawClient.to(port)).rejects.toThrow('ECONNREFUSED');
    answer();
    expect(await busy.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*ok$/i);
    await stopped;
    expect(running.plane.inFlight).toBe(0);
    await upstream.until(({ open }) => open === 0);
  });

  it('a stop that lingers answers what comes on connections that are kept, and asks them to close', async () => {
    const upstream = await RawUpstream.listen((socket) => socket.write(OK));
    cleanups.push(() => upstream.stop());
    const running = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }]);
    const [used, unused] = [await RawClient.to(running.port), await RawClient.to(running.port)];
    used.send(GET);
    await used.until((text) => text.endsWith('ok'));
    const stopped = running.plane.stop(5_000, 4_000);
    await expect(RawClient.to(running.port)).rejects.toThrow('ECONNREFUSED');
    for (const client of [used, unused]) {
      client.send(GET);
      expect(await client.closed()).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*ok$/i);
    }
    await stopped;
  });

  it('a stop that lingers closes in the end what is never used', async () => {
    const running = await RunningGateway.start([]);
    const idle = await RawClient.to(running.port);
    await running.plane.stop(5_000, 50);
    expect(await idle.closed()).toBe('');
  });

  it('a stop cuts what takes longer than its limit', async () => {
    const { upstream } = await upstreamThatWaits();
    const running = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }]);
    const busy = await RawClient.to(running.port);
    busy.send(GET);
    await upstream.until(({ requests }) => requests.length === 1);
    await running.plane.stop(20);
    expect(await busy.closed()).toBe('');
  });

  it('a request keeps the route that it began with, whatever is swapped in meanwhile', async () => {
    const { upstream, answer } = await upstreamThatWaits();
    const mark = (value: string) => ({
      onResponse: ({ response }: { response: { headers: { append(n: string, v: string): void } } }) =>
        response.headers.append('X-Revision', value),
    });
    const running = await RunningGateway.start([{ id: 'r', uri: local(upstream.port), filters: [mark('1')] }]);
    cleanups.push(() => running.stop());
    const first = await RawClient.to(running.port);
    first.send(GET);
    await upstream.until(({ requests }) => requests.length === 1);
    await running.reload([{ id: 'r', uri: local(upstream.port), filters: [mark('2')] }]);
    const second = await RawClient.to(running.port);
    second.send(GET);
    await upstream.until(({ requests }) => requests.length === 2);
    answer();
    answer();
    expect(await first.until((text) => text.endsWith('ok'))).toContain('X-Revision: 1');
    expect(await second.until((text) => text.endsWith('ok'))).toContain('X-Revision: 2');
    for (const client of [first, second]) client.socket.destroy();
  });

  it('answers 408 to a client that never ends its head', async () => {
    const running = await RunningGateway.start([], { limits: { headersTimeoutMs: 50 } });
    cleanups.push(() => running.stop());
    expect(await RawClient.exchange(running.port, 'GET / HTTP/1.1\r\nHost: a\r\nX: ')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it.each(['in clear', 'by TLS'])(
    'closes a connection %s that is one too many, and takes one when another has gone',
    async (how) => {
      const { certificate, key } = testCertificate('first');
      const tls = { certificate, key, minVersion: 'TLSv1.2', clientAuth: 'none' } as const;
      const limits = { maxConnections: 2 };
      const running = await RunningGateway.start([], how === 'by TLS' ? { limits, tls } : { limits });
      cleanups.push(() => running.stop());
      const connect = (): Promise<Socket> => opened(running.port, how === 'by TLS');
      const [first] = [await connect(), await connect()];
      await expect(connect()).rejects.toThrow('closed');
      first.destroy();
      await vi.waitFor(connect, { timeout: 2_000 });
    },
  );

  it('says why it cannot listen', async () => {
    const running = await RunningGateway.start([]);
    cleanups.push(() => running.stop());
    await expect(RunningGateway.start([], { port: running.port })).rejects.toThrow('EADDRINUSE');
  });

  it.each([
    [undefined, '/a%2Fb', 404],
    [undefined, '/a//b', 404],
    [undefined, '/a%00b', 400],
    [undefined, '/a%5cb', 400],
    [undefined, '/a/%2e%2E/b', 400],
    [undefined, '/a/.%2e/b', 400],
    [undefined, '/a/%2e', 400],
    [undefined, '/a/%2eb', 404],
    ['reject', '/a//b', 400],
    ['reject', '/a%2Fb', 400],
    ['reject', '/a/../b', 400],
    ['reject', '/a/..b', 404],
    ['allow', '/a%00b', 404],
  ] as const)('ambiguous paths %s: %s is answered with %i', async (ambiguousPaths, path, status) => {
    const running = await RunningGateway.start([], ambiguousPaths === undefined ? {} : { ambiguousPaths });
    cleanups.push(() => running.stop());
    const got = await RawClient.exchange(running.port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(got).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

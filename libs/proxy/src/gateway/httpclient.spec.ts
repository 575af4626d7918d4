import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { bind, type Json } from '@tigateway/model';
import { type CompiledGlobals, HttpClientSettings } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { testCertificate } from '../testing/certificates.js';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';
import { httpClientProblems } from './upstream-settings-of.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const UPSTREAM = testCertificate('upstream');
const CLIENT = testCertificate('client');
const PKCS12 = fileURLToPath(new URL('../testing/certificates/client.p12', import.meta.url));
const BOTH = PKCS12.replace('.p12', '.both.pem');
const GET = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** The global configuration as it is written. */
function httpclient(written: Json): Partial<CompiledGlobals> {
  const { value, problems } = bind(HttpClientSettings, written);
  if (value === undefined) throw new Error(JSON.stringify(problems));
  return { httpclient: value };
}

async function gateway(routes: readonly TestRoute[], written: Json): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes, {}, httpclient(written));
  cleanups.push(() => running.stop());
  return running;
}

async function raw(onData: (socket: Socket, received: string) => void): Promise<RawUpstream> {
  const upstream = await RawUpstream.listen(onData);
  cleanups.push(() => upstream.stop());
  return upstream;
}

async function listening<T extends Server>(server: T): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Says who the client is. */
function strictHttps(): Promise<number> {
  return listening(
    createHttpsServer(
      { cert: UPSTREAM.cert, key: UPSTREAM.keyText, requestCert: true, rejectUnauthorized: true, ca: CLIENT.cert },
      (request, response) => {
        const { subject } = (
          request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
        ).getPeerCertificate();
        response.end(subject.CN);
      },
    ),
  );
}

function secure(port: number, host = 'localhost'): TestRoute['uri'] {
  return { kind: 'direct', target: { scheme: 'https', host, port, authority: `${host}:${port}` } };
}

const statusOf = (response: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(response)?.[1]);
const bodyOf = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4);

describe('httpclient.ssl', () => {
  const trusted = { 'trusted-x509-certificates': [UPSTREAM.certificate] };

  it.each<[string, Json, number]>([
    ['nothing', {}, 502],
    ['a PKCS#12 key store', { 'key-store': PKCS12, 'key-store-password': 'changeit' }, 200],
    ['a PEM key store', { 'key-store': BOTH, 'key-store-type': 'PEM' }, 200],
    ['no client certificate at all', { 'use-insecure-trust-manager': true }, 502],
  ])('an upstream that asks for a certificate gets %s', async (_, ssl, status) => {
    const { port } = await gateway([{ id: 'r', uri: secure(await strictHttps()) }], {
      ssl: { ...trusted, ...(ssl as object) },
    });
    const got = await RawClient.exchange(port, GET);
    expect(statusOf(got)).toBe(status);
    if (status === 200) expect(got).toContain('client.example');
  });

  it('the handshake has a time limit of its own', async () => {
    const silent = await listening(createServer((socket) => void socket.resume()));
    const { port } = await gateway([{ id: 'r', uri: secure(silent) }], { ssl: { 'handshake-timeout': '50ms' } });
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(504);
  });

  it.each<[string, Json, string, RegExp]>([
    [
      'an authority that is not there',
      { 'trusted-x509-certificates': ['/no/such.pem'] },
      '/ssl/trusted-x509-certificates/0',
      /no\/such.pem cannot be used: ENOENT/,
    ],
    [
      'an authority that is none',
      { 'trusted-x509-certificates': [UPSTREAM.key] },
      '/ssl/trusted-x509-certificates/0',
      /no PEM certificate/,
    ],
    [
      'a key store that is not there',
      { 'key-store': '/no/such.p12' },
      '/ssl/key-store',
      /such.p12 cannot be used: ENOENT/,
    ],
    [
      'a wrong password',
      { 'key-store': PKCS12, 'key-store-password': 'no' },
      '/ssl/key-store',
      /client.p12 cannot be used: mac verify failure/,
    ],
    [
      'a key store without a key',
      { 'key-store': CLIENT.certificate, 'key-store-type': 'PEM' },
      '/ssl/key-store',
      /client.pem cannot be used/,
    ],
  ])('%s is refused before it is used', (_, ssl, pointer, message) => {
    const problems = httpClientProblems(httpclient({ ssl }).httpclient as HttpClientSettings);
    expect(problems).toMatchObject([
      { pointer, code: 'unusable-file', message: expect.stringMatching(message) as string },
    ]);
  });

  it('new settings hold for new connections and cut no old one', async () => {
    const held: Socket[] = [];
    const server = createHttpsServer({ cert: UPSTREAM.cert, key: UPSTREAM.keyText }, (request, response) => {
      if (request.url === '/slow') held.push(request.socket);
      else response.end('ok');
      if (request.url === '/slow') setImmediate(() => response.write('be'));
      server.once('finish-slow', () => response.end('gun'));
    });
    const routes = [{ id: 'r', uri: secure(await listening(server)) }];
    const running = await gateway(routes, { ssl: trusted });
    const slow = await RawClient.to(running.port);
    slow.send(GET.replace('/x', '/slow'));
    await slow.until((text) => text.includes('be'));
    await running.reload(routes, [], httpclient({}));
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(502);
    server.emit('finish-slow');
    expect(await slow.closed()).toContain('gun');
    await running.reload(routes, [], httpclient({ ssl: trusted }));
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(200);
  });
});

describe('httpclient limits', () => {
  it.each<[string, Json, string, number]>([
    [
      'a status line within its limit',
      { 'max-initial-line-length': '40B' },
      `HTTP/1.1 200 ${'a'.repeat(20)}\r\nContent-Length: 0\r\n\r\n`,
      200,
    ],
    [
      'a status line beyond it',
      { 'max-initial-line-length': '40B' },
      `HTTP/1.1 200 ${'a'.repeat(40)}\r\nContent-Length: 0\r\n\r\n`,
      502,
    ],
    [
      'a head within its limit',
      { 'max-header-size': '1KB' },
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(800)}\r\nContent-Length: 0\r\n\r\n`,
      200,
    ],
    [
      'a head beyond it',
      { 'max-header-size': '1KB' },
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(1_200)}\r\nContent-Length: 0\r\n\r\n`,
      502,
    ],
    ['a response in time', { 'response-timeout': '5s' }, OK, 200],
    ['no response in time', { 'response-timeout': '60ms' }, '', 504],
  ])('%s', async (_, written, response, status) => {
    const upstream = await raw((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(response);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], written);
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(status);
  });

  it('connect-timeout ends the wait for a connection that is neither made nor refused', async () => {
    const silent = await listening(createServer((socket) => void socket.resume()));
    const { port } = await gateway([{ id: 'r', uri: local(silent) }], {
      'connect-timeout': 100,
      proxy: { host: '127.0.0.1', port: silent },
    });
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(504);
  });
});

describe('httpclient.pool', () => {
  /** @param open how many are left of those between two requests */
  it.each<[Json, number, number]>([
    [{ type: 'ELASTIC' }, 1, 1],
    [{ type: 'DISABLED' }, 3, 0],
    [{ 'max-idle-time': '1ms' }, 3, 0],
    [{ 'max-life-time': '1ms', 'max-idle-time': '1h' }, 3, 1],
  ])('%j: three requests take %i connections', async (pool, connections, open) => {
    const upstream = await raw((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], { pool });
    for (let round = 0; round < 3; round++) {
      await RawClient.exchange(port, GET);
      await upstream.until((facts) => facts.open === open);
      const answeredAt = performance.now();
      await expect.poll(() => performance.now() - answeredAt).toBeGreaterThan(2);
    }
    expect(upstream.connections).toBe(connections);
  });

  it('tells how many connections there are where metrics are on', async () => {
    const upstream = await raw((socket, received) => {
      if (!received.includes('GET /hold')) socket.write(OK);
    });
    const routes = [{ id: 'r', uri: local(upstream.port) }];
    const running = await gateway(routes, {
      pool: { metrics: true, name: 'mine', type: 'FIXED', 'max-connections': 1, 'max-idle-time': '1m' },
    });
    const facts = { name: 'mine', target: `http://127.0.0.1:${upstream.port}` };
    await RawClient.exchange(running.port, GET);
    expect(running.plane.pools).toEqual([{ ...facts, active: 0, idle: 1, waiting: 0 }]);
    const second = await RawClient.to(running.port);
    second.send(GET.replace('/x', '/hold'));
    await upstream.until(({ requests }) => requests.join('').includes('GET /hold'));
    const third = await RawClient.to(running.port);
    third.send(GET);
    while (running.plane.pools[0]?.waiting !== 1) await new Promise((resolve) => setImmediate(resolve));
    expect(running.plane.pools).toEqual([{ ...facts, active: 1, idle: 0, waiting: 1 }]);
    for (const client of [second, third]) client.socket.destroy();
    await running.reload(routes, [], httpclient({}));
    await RawClient.exchange(running.port, GET);
    expect(running.plane.pools.every(({ name }) => name === 'mine')).toBe(true);
  });

  it.each(['FIFO', 'LIFO'])('%s decides which free connection is next', async (strategy) => {
    const served: Socket[] = [];
    let held: Socket[] = [];
    const upstream = await raw((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      served.push(socket);
      if (held.length < 2 && served.length <= 2) held.push(socket);
      else socket.write(OK);
      if (served.length === 2) for (const each of held.splice(0)) each.write(OK);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], {
      pool: { 'leasing-strategy': strategy },
    });
    await Promise.all([RawClient.exchange(port, GET), RawClient.exchange(port, GET)]);
    held = [];
    await RawClient.exchange(port, GET);
    expect(served[2]).toBe(strategy === 'FIFO' ? served[0] : served[1]);
  });
});

describe('httpclient.compression', () => {
  const text = 'compress me, please. '.repeat(2_000);

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
  ])('%s becomes plain', async (coding, content) => {
    const upstream = await raw((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${content.length}\r\n\r\n`);
      socket.write(content);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], { compression: true });
    const got = await RawClient.exchange(port, GET.replace('HTTP/1.1', 'HTTP/1.0'));
    expect(bodyOf(got)).toBe(text);
    if (coding !== 'identity') expect(got).not.toMatch(/content-encoding|content-length/i);
    expect(upstream.requests[0]).toMatch(/Accept-Encoding: gzip\r\n/);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n', 200],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n', 200],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n', 304],
  ])('%s without content: %j', async (method, response, status) => {
    const upstream = await raw((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(response);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], { compression: true });
    expect(statusOf(await RawClient.exchange(port, GET.replace('GET', method)))).toBe(status);
  });

  it('cuts a response that is not coded as it says', async () => {
    const upstream = await raw((socket, received) => {
      if (received.endsWith('\r\n\r\n'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain');
    });
    const running = await gateway([{ id: 'r', uri: local(upstream.port) }], { compression: true });
    await RawClient.exchange(running.port, GET);
    expect((await running.finished())[0]).toMatchObject({ outcome: 'upstream-aborted', failed: true });
  });

  it('leaves coded content alone where it is off', async () => {
    const content = gzipSync('a');
    const upstream = await raw((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${content.length}\r\n\r\n`);
      socket.write(content);
    });
    const { port } = await gateway([{ id: 'r', uri: local(upstream.port) }], {});
    expect(bodyOf(await RawClient.exchange(port, GET))).toBe(content.toString('latin1'));
    expect(upstream.requests[0]).not.toMatch(/accept-encoding/i);
  });
});

describe('httpclient.proxy', () => {
  /** Speaks one of the three; `asked` is where it was asked to go. It goes to `port` whatever it was asked. */
  async function forwardProxy(type: string, port: number, asked: string[]): Promise<number> {
    return listening(
      createServer((client) => {
        client.once('data', (first: Buffer) => {
          const open = (answer: Buffer | string): void => {
            const upstream = connect(port, '127.0.0.1');
            upstream.on('error', () => undefined);
            client.write(answer);
            client.pipe(upstream).pipe(client);
          };
          if (type === 'HTTP') {
            asked.push(first.toString().replaceAll('\r\n', '|'));
            open('HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n');
          } else if (type === 'SOCKS4') {
            asked.push(first.subarray(8).toString().replaceAll('\0', '|'));
            open(Buffer.of(0, 0x5a, 0, 0, 0, 0, 0, 0));
          } else {
            asked.push(`method ${first[2]}`);
            client.write(Buffer.of(5, first[2] as number));
            const onRequest = (request: Buffer): void => {
              asked.push(request.subarray(5, 5 + (request[4] as number)).toString());
              open(Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80));
            };
            client.once('data', (next: Buffer) => {
              if (first[2] === 0) return onRequest(next);
              asked.push(next.toString('latin1'));
              client.write(Buffer.of(1, 0));
              client.once('data', onRequest);
            });
          }
        });
      }),
    );
  }

  it.each<[string, object, (port: number) => readonly string[]]>([
    ['HTTP', {}, (port) => [`CONNECT up.example:${port} HTTP/1.1|Host: up.example:${port}||`]],
    [
      'HTTP',
      { username: 'me', password: 'secret' },
      (port) => [
        `CONNECT up.example:${port} HTTP/1.1|Host: up.example:${port}|Proxy-Authorization: Basic bWU6c2VjcmV0||`,
      ],
    ],
    ['SOCKS4', { username: 'me' }, () => ['me|up.example|']],
    ['SOCKS5', {}, () => ['method 0', 'up.example']],
    ['SOCKS5', { username: 'me', password: 'secret' }, () => ['method 2', '\x01\x02me\x06secret', 'up.example']],
  ])('%s %j', async (type, credentials, expected) => {
    const asked: string[] = [];
    const upstream = await raw((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const proxyPort = await forwardProxy(type, upstream.port, asked);
    const target = { scheme: 'http', host: 'up.example', port: upstream.port, authority: 'up.example' };
    const { port } = await gateway([{ id: 'r', uri: { kind: 'direct', target } }], {
      proxy: { type, host: '127.0.0.1', port: proxyPort, ...credentials },
    });
    expect(bodyOf(await RawClient.exchange(port, GET))).toBe('ok');
    expect(asked).toEqual(expected(upstream.port));
  });

  it('carries TLS, and hosts that need no proxy go without', async () => {
    const asked: string[] = [];
    const secured = await listening(
      createHttpsServer({ cert: UPSTREAM.cert, key: UPSTREAM.keyText }, (_request, response) => response.end('ok')),
    );
    const proxy = { host: '127.0.0.1', port: await forwardProxy('HTTP', secured, asked) };
    const ssl = { 'trusted-x509-certificates': [UPSTREAM.certificate] };
    const routes = [{ id: 'r', uri: secure(secured) }];
    const running = await gateway(routes, { proxy, ssl });
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(200);
    expect(asked).toHaveLength(1);
    await running.reload(routes, [], httpclient({ proxy: { ...proxy, 'non-proxy-hosts-pattern': 'local.*' }, ssl }));
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['refuses', (socket) => void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')],
    ['closes', (socket) => void socket.end()],
    ['never ends its answer', (socket) => void socket.write(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}`)],
  ])('502 where the proxy %s', async (_, answer) => {
    const proxyPort = await listening(createServer((socket) => void socket.once('data', () => answer(socket))));
    const { port } = await gateway([{ id: 'r', uri: local(1) }], { proxy: { host: '127.0.0.1', port: proxyPort } });
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(502);
  });
});

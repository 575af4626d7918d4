import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { CompiledGlobals, GatewayFilter } from '@tigateway/routing';
import { DEFAULT_GLOBALS } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function gateway(
  routes: readonly TestRoute[],
  options?: Partial<DataPlaneOptions>,
  globals?: Partial<CompiledGlobals>,
): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes, options, globals);
  cleanups.push(() => running.stop());
  return running;
}

async function upstream(onData: (socket: Socket, received: string, all: RawUpstream) => void): Promise<RawUpstream> {
  const listening = await RawUpstream.listen(onData);
  cleanups.push(() => listening.stop());
  return listening;
}

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function statusOf(response: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(response)?.[1]);
}

const pool = (settings: Partial<CompiledGlobals['httpclient']['pool']>): Partial<CompiledGlobals> => ({
  httpclient: { ...DEFAULT_GLOBALS.httpclient, pool: { ...DEFAULT_GLOBALS.httpclient.pool, ...settings } },
});

describe('what a client gets when something goes wrong', () => {
  it('404 as JSON where no route matches, as a page for a browser', async () => {
    const { port } = await gateway([]);
    const json = await RawClient.exchange(port, GET);
    expect(JSON.parse(json.split('\r\n\r\n')[1] as string)).toMatchObject({
      path: '/x',
      status: 404,
      error: 'Not Found',
    });
    const page = await RawClient.exchange(port, GET.replace('Host: a', 'Host: a\r\nAccept: text/html,*/*'));
    expect(page).toContain('<h1>404 Not Found</h1>');
  });

  it.each([
    ['precise', 502],
    ['scg', 500],
  ] as const)('a refused connection, error-status %s: %i', async (errorStatus, status) => {
    const { port } = await gateway([{ id: 'r', uri: local(await closedPort()) }], { errorStatus });
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(status);
  });

  it('502 for a name that does not resolve', async () => {
    const target = { scheme: 'http', host: 'nowhere.invalid', port: 80, authority: 'nowhere.invalid' };
    const { port } = await gateway([{ id: 'r', uri: { kind: 'direct', target } }]);
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(502);
  });

  it.each([
    ['closes without a word', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes in the middle of its head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nA: ')],
    ['does not speak HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n')],
    [
      'sends two lengths',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    ],
    ['sends an endless head', (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`)],
  ])('502 where the upstream %s', async (_, answer) => {
    const { port: upstreamPort } = await upstream((socket) => answer(socket));
    const running = await gateway([{ id: 'r', uri: local(upstreamPort) }]);
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(502);
    expect(await running.finished()).toMatchObject([{ status: 502, failed: true }]);
  });

  it('504 where the response takes longer than the route allows, and the upstream call is given up', async () => {
    const silent = await upstream(() => undefined);
    const running = await gateway([{ id: 'r', uri: local(silent.port), responseTimeoutMs: 40 }]);
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(504);
    await silent.until(({ open }) => open === 0);
  });

  it('a negative response timeout of the route switches the global one off', async () => {
    const slow = await upstream((socket) =>
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 80),
    );
    const httpclient = { ...DEFAULT_GLOBALS.httpclient, responseTimeoutMs: 20 };
    const running = await gateway([{ id: 'r', uri: local(slow.port), responseTimeoutMs: -1 }], {}, { httpclient });
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(200);
  });

  it('503 where no connection of a fixed pool becomes free in time; a client that leaves gives up its place', async () => {
    const silent = await upstream(() => undefined);
    const running = await gateway(
      [{ id: 'r', uri: local(silent.port) }],
      {},
      pool({ type: 'FIXED', maxConnections: 1, acquireTimeoutMs: 60 }),
    );
    const first = await RawClient.to(running.port);
    first.send(GET);
    await silent.until(({ connections }) => connections === 1);
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(503);
    first.socket.destroy();
    await running.finished(2);
    expect(silent.connections).toBe(1);
  });

  it('a request that waits for a connection of a fixed pool gets it when the first is through', async () => {
    const held: Socket[] = [];
    const slow = await upstream((socket) => held.push(socket));
    const running = await gateway([{ id: 'r', uri: local(slow.port) }], {}, pool({ type: 'FIXED', maxConnections: 1 }));
    const both = [RawClient.exchange(running.port, GET), RawClient.exchange(running.port, GET)];
    const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    await slow.until(() => held.length === 1);
    held[0]?.write(ok);
    await slow.until(() => held.length === 2);
    held[1]?.write(ok);
    expect((await Promise.all(both)).map(statusOf)).toEqual([200, 200]);
    expect(slow.connections).toBe(1);
  });

  it('503 for a service without an instance', async () => {
    const uri = { kind: 'balanced', service: 'orders', innerScheme: undefined } as const;
    const running = await gateway([{ id: 'r', uri }]);
    const { port } = running;
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(503);
    await running.reload([{ id: 'r', uri }], ['r'], { loadBalancer: { use404: true } });
    expect(statusOf(await RawClient.exchange(port, GET))).toBe(404);
  });

  it.each(['127.0.0.0/8', '::1/128,127.0.0.1'])(
    '502 for an upstream within the denied %s, by address and by name',
    async (denied) => {
      const silent = await upstream(() => undefined);
      const target = { scheme: 'http', host: 'localhost', port: silent.port, authority: `localhost:${silent.port}` };
      const running = await gateway(
        [
          { id: 'name', path: '/name', uri: { kind: 'direct', target } },
          { id: 'address', uri: local(silent.port) },
        ],
        { deniedUpstreams: [...denied.split(','), '::1'] },
      );
      expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(502);
      expect(statusOf(await RawClient.exchange(running.port, GET.replace('/x', '/name')))).toBe(502);
      expect(silent.connections).toBe(0);
    },
  );

  it('cuts the client where the upstream dies in the middle of the body', async () => {
    const dying = await upstream((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    const running = await gateway([{ id: 'r', uri: local(dying.port) }]);
    const got = await RawClient.exchange(running.port, GET.replace('Connection: close\r\n', ''));
    expect(got).toMatch(/half$/);
    expect(await running.finished()).toMatchObject([{ outcome: 'upstream-aborted', failed: true }]);
  });

  it('gives the upstream call up when the client goes, before and after the head', async () => {
    for (const answer of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf']) {
      const partial = await upstream((socket) => socket.write(answer));
      const running = await gateway([{ id: 'r', uri: local(partial.port) }]);
      const client = await RawClient.to(running.port);
      client.send(GET);
      await partial.until(({ requests }) => requests.length === 1);
      await client.until((text) => text.endsWith(answer.slice(-4)));
      client.socket.destroy();
      await partial.until(({ open }) => open === 0);
      expect(await running.finished()).toMatchObject([{ outcome: 'client-aborted', failed: false }]);
    }
  });

  it('passes an early response on although the client is still sending', async () => {
    const hasty = await upstream((socket, received) => {
      if (received.includes('\r\n\r\n'))
        socket.end('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig');
    });
    const running = await gateway([{ id: 'r', uri: local(hasty.port) }]);
    const client = await RawClient.to(running.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'a'.repeat(1000)}`);
    expect(statusOf(await client.until((text) => text.endsWith('big')))).toBe(413);
    client.socket.destroy();
  });

  it('serves the next request of a connection whose last one was answered before it was whole', async () => {
    const hasty = await upstream((socket, received) => {
      if (/\r\n\r\n/.test(received)) {
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig');
      }
    });
    const running = await gateway([{ id: 'r', uri: local(hasty.port) }]);
    const client = await RawClient.to(running.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${'a'.repeat(1000)}`);
    await client.until((text) => text.endsWith('big'));
    client.send('a'.repeat(199_000));
    client.send(GET);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 413 [\s\S]*bigHTTP\/1\.1 413 [\s\S]*big$/);
  });

  it.each([
    ['GET', 200, 2],
    ['POST', 502, 1],
  ])('%s on a connection that the upstream had just closed: %i', async (method, status, connections) => {
    // The upstream closes as soon as the second request of a connection arrives.
    const closing = await upstream((socket, received) => {
      if (received.split('HTTP/1.1\r\n').length > 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const running = await gateway([{ id: 'r', uri: local(closing.port) }]);
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(200);
    expect(statusOf(await RawClient.exchange(running.port, GET.replace('GET', method)))).toBe(status);
    expect(closing.connections).toBe(connections);
  });

  it.each<[string, Partial<GatewayFilter>]>([
    [
      'throws before the call',
      {
        onRequest: () => {
          throw new Error('boom');
        },
      },
    ],
    ['rejects before the call', { onRequest: () => Promise.reject(new Error('boom')) }],
    [
      'throws after the call',
      {
        onResponse: () => {
          throw new Error('boom');
        },
      },
    ],
    ['rejects after the call', { onResponse: () => Promise.reject(new Error('boom')) }],
    ['rejects around the call', { around: () => Promise.reject(new Error('boom')) }],
  ])('500 where a filter %s', async (_, filter) => {
    const fine = await upstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    const running = await gateway([{ id: 'r', uri: local(fine.port), filters: [filter] }]);
    expect(statusOf(await RawClient.exchange(running.port, GET))).toBe(500);
  });
});

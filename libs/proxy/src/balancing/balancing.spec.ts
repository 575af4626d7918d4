import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { RouteUri } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { DEFAULT_SERVICE_SETTINGS, type ServiceSettings } from './service-settings.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const uri: RouteUri = { kind: 'balanced', service: 's', innerScheme: undefined };

/** Answers with its name; `answer` may be changed while it runs. */
class Instance {
  answer: (socket: Socket, request: string) => void;

  private constructor(
    readonly name: string,
    readonly upstream: RawUpstream,
  ) {
    this.answer = (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
  }

  static async start(name: string): Promise<Instance> {
    const upstream = await RawUpstream.listen((socket, received) => {
      if (received.endsWith('\r\n\r\n')) made.answer(socket, received.slice(received.lastIndexOf('GET ')));
    });
    cleanups.push(() => upstream.stop());
    const made = new Instance(name, upstream);
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${this.upstream.port}`;
  }
}

async function serving(urls: readonly string[], settings: Partial<ServiceSettings> = {}): Promise<RunningGateway> {
  const gateway = await RunningGateway.start([{ id: 'r', uri }], {
    services: { s: urls },
    serviceSettings: { s: { ...DEFAULT_SERVICE_SETTINGS, ...settings } },
  });
  cleanups.push(() => gateway.stop());
  return gateway;
}

async function ask({ port }: RunningGateway): Promise<string> {
  const got = await RawClient.exchange(port, GET);
  return got.startsWith('HTTP/1.1 200') ? got.slice(got.indexOf('\r\n\r\n') + 4) : got.slice(9, 12);
}

async function askTimes(gateway: RunningGateway, times: number): Promise<string> {
  let answers = '';
  for (let time = 0; time < times; time++) answers += await ask(gateway);
  return answers;
}

const statuses = (gateway: RunningGateway): string[] =>
  gateway.plane.services.flatMap(({ instances }) => instances.map(({ status }) => status));

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function closedUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

describe('balancing', () => {
  it('round-robin gives each its turn', async () => {
    const gateway = await serving([(await Instance.start('a')).url, (await Instance.start('b')).url]);
    expect(await askTimes(gateway, 4)).toBe('abab');
  });

  it('least-connections goes where the least is under way', async () => {
    const [a, b] = [await Instance.start('a'), await Instance.start('b')];
    const gateway = await serving([a.url, b.url], { balancing: 'least-connections' });
    const held: Socket[] = [];
    a.answer = (socket) => void held.push(socket);
    const slow = ask(gateway);
    await until(() => held.length === 1);
    expect(await askTimes(gateway, 3)).toBe('bbb');
    held[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na');
    expect(await slow).toBe('a');
    await until(() => gateway.plane.services[0]?.instances.every(({ active }) => active === 0) ?? false);
  });

  it('an open WebSocket is work under way', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    cleanups.push(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    const gateway = await serving([`http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`);
    await once(socket, 'open');
    const active = (): number | undefined => gateway.plane.services[0]?.instances[0]?.active;
    await until(() => active() === 1);
    socket.close();
    await until(() => active() === 0);
  });

  it('goes past an instance that fails, and comes back to it', async () => {
    const [a, b] = [await Instance.start('a'), await Instance.start('b')];
    const gateway = await serving([a.url, b.url], { passive: { failures: 2, ejectMs: 1_500, maxEjectMs: 5_000 } });
    const good = a.answer;
    a.answer = (socket) => socket.write('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
    expect(await askTimes(gateway, 4)).toBe('500b500b');
    expect(statuses(gateway)).toEqual(['EJECTED', 'UP']);
    expect(await askTimes(gateway, 3)).toBe('bbb');
    a.answer = good;
    await until(async () => (await ask(gateway)) === 'a');
    expect(statuses(gateway)).toEqual(['UP', 'UP']);
    expect(gateway.plane.services[0]?.instances[0]).toMatchObject({ failures: 2, ejections: 1, active: 0 });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes', (socket) => void socket.end()],
    ['talks garbage', (socket) => void socket.end('SSH-2.0-x\r\n')],
    ['dies in the middle', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart')],
  ])('counts an upstream that %s', async (_, answer) => {
    const a = await Instance.start('a');
    a.answer = answer;
    const gateway = await serving([a.url]);
    await ask(gateway);
    await gateway.finished();
    expect(gateway.plane.services[0]?.instances[0]).toMatchObject({ requests: 1, failures: 1, active: 0 });
  });

  it('asks all where all are out: better an answer of theirs than none', async () => {
    const gateway = await serving([await closedUrl()], {
      passive: { failures: 1, ejectMs: 60_000, maxEjectMs: 60_000 },
    });
    expect(await askTimes(gateway, 2)).toBe('502502');
    expect(statuses(gateway)).toEqual(['EJECTED']);
  });

  it('puts out who does not answer well when asked how it is, and takes it back', async () => {
    const [a, b] = [await Instance.start('a'), await Instance.start('b')];
    let isWell = false;
    const good = a.answer;
    const asked: string[] = [];
    a.answer = (socket, request) => {
      if (!request.startsWith('GET /health ')) return good(socket, request);
      asked.push(request);
      socket.write(`HTTP/1.1 ${isWell ? 204 : 503} X\r\n${isWell ? '' : 'Content-Length: 0\r\n'}\r\n`);
    };
    const gateway = await serving([a.url, b.url], {
      active: { path: '/health', intervalMs: 20, timeoutMs: 500, healthyThreshold: 2, unhealthyThreshold: 2 },
    });
    await until(() => statuses(gateway)[0] === 'DOWN');
    expect(await askTimes(gateway, 3)).toBe('bbb');
    isWell = true;
    await until(() => statuses(gateway)[0] === 'UP');
    expect(await askTimes(gateway, 2)).toMatch(/ab|ba/);
    expect(asked[0]).toMatch(/\r\nUser-Agent: tigateway-health\r\n/i);
    await gateway.stop();
    const count = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(asked.length).toBe(count);
  });

  it('does not wait for an answer beyond its time', async () => {
    const a = await Instance.start('a');
    a.answer = () => undefined;
    const gateway = await serving([a.url], {
      active: { path: '/', intervalMs: 20, timeoutMs: 30, healthyThreshold: 1, unhealthyThreshold: 1 },
    });
    await until(() => statuses(gateway)[0] === 'DOWN');
  });
});

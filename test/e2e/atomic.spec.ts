import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { AdminApi, type Change, ConfigurationEvents } from './admin-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

type Colour = 'blue' | 'green';

const CHANGES = 200;
const CLIENTS = 6;

describe('two consistent configurations in turn', () => {
  let gateway: GatewayProcess;
  let api: AdminApi;
  const upstreams = new Map<Colour, Upstream>();

  beforeAll(async () => {
    for (const colour of ['blue', 'green'] as const) {
      const answers = await Upstream.started(({ headers }, response) =>
        response.end(`${colour} ${String(headers['x-route'])} ${String(headers['x-named'])}`),
      );
      upstreams.set(colour, answers);
    }
    gateway = await GatewayProcess.started({
      tigateway: { 'log-level': 'warn', sources: { file: { debounce: '0ms' } } },
      routes: { 'page.yaml': documentOf('blue') },
    });
    api = new AdminApi(gateway);
  });

  afterAll(async () => {
    await gateway.dispose();
    await Promise.all([...upstreams.values()].map((upstream) => upstream.stop()));
  });

  /** A route, a named filter and a gateway-wide setting that belong together. */
  function configurationsOf(colour: Colour): Extract<Change, { op: 'upsert' }>[] {
    const route = {
      id: 'page',
      uri: upstreams.get(colour)?.url,
      predicates: ['Path=/page'],
      filters: [`AddRequestHeader=X-Route,${colour}`],
    };
    const filter = {
      id: 'named',
      name: 'AddRequestHeader',
      args: { name: 'X-Named', value: colour },
      routes: ['page'],
    };
    return [
      { op: 'upsert', configType: 'route', configId: 'page', configuration: route },
      { op: 'upsert', configType: 'filter', configId: 'named', configuration: filter },
      {
        op: 'upsert',
        configType: 'global',
        configId: 'default-filters',
        configuration: [`AddResponseHeader=X-Default,${colour}`],
      },
    ];
  }

  function documentOf(colour: Colour): string {
    const [route, filter, defaultFilters] = configurationsOf(colour).map(({ configuration }) => configuration);
    return JSON.stringify({ routes: [route], filters: [filter], globals: { 'default-filters': defaultFilters } });
  }

  /** All that one request can tell of the configuration that it met. */
  async function seen(): Promise<string> {
    const response = await fetch(`${gateway.url}/page`);
    return `${response.status} ${await response.text()} ${response.headers.get('x-default')}`;
  }

  function all(colour: Colour): string {
    return `200 ${colour} ${colour} ${colour} ${colour}`;
  }

  /** Sends requests for as long as the work takes. @returns how often each answer came */
  async function answersDuring(work: () => Promise<void>): Promise<Map<string, number>> {
    const answers = new Map<string, number>();
    let isDone = false;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!isDone) {
        const answer = await seen().catch(String);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    });
    await work().finally(() => (isDone = true));
    await Promise.all(clients);
    return answers;
  }

  it('from a file: no request fails, and none sees a mixture', async () => {
    const events = await ConfigurationEvents.of(gateway);
    const answers = await answersDuring(async () => {
      for (let change = 1; change <= CHANGES; change++) {
        const colour = change % 2 ? 'green' : 'blue';
        const draft = join(gateway.folder, 'routes', '.draft');
        writeFileSync(draft, documentOf(colour));
        renameSync(draft, join(gateway.folder, 'routes', 'page.yaml'));
        await events.next(({ type, configId }) => type === 'configuration_update' && configId === 'page');
        expect(await seen()).toBe(all(colour));
      }
    });
    events.close();
    expect([...answers.keys()].sort()).toEqual([all('blue'), all('green')]);
  });

  it('from the API: no request fails, none sees a mixture, and the next request sees what was acknowledged', async () => {
    const answers = await answersDuring(async () => {
      for (let change = 1; change <= CHANGES; change++) {
        const colour = change % 2 ? 'green' : 'blue';
        await api.batch(configurationsOf(colour));
        expect(await seen()).toBe(all(colour));
      }
    });
    expect([...answers.keys()].sort()).toEqual([all('blue'), all('green')]);
  });
});

describe('a route that no change touches', () => {
  it('keeps its slow requests, its streams and its WebSockets through hundreds of changes', async () => {
    const open: Partial<Record<'slow' | 'events', ServerResponse>> = {};
    const upstream = await Upstream.started(({ url }, response) => {
      if (url === '/live/slow') open.slow = response;
      else if (url === '/live/events') {
        open.events = response;
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n');
      } else response.end('changing');
    });
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    );
    await once(sockets, 'listening');
    const { port: socketPort } = sockets.address() as { port: number };

    const live = [
      { id: 'live', uri: upstream.url, predicates: ['Path=/live/**'] },
      { id: 'socket', uri: `ws://127.0.0.1:${socketPort}`, predicates: ['Path=/socket'] },
    ];
    const gateway = await GatewayProcess.started({
      // Were the routes taken for changed, their WebSockets would be closed well before the end of the test.
      server: { 'drain-timeout': '200ms' },
      tigateway: { 'log-level': 'warn' },
      routes: { 'live.json': JSON.stringify({ routes: live }) },
    });
    try {
      const slow = fetch(`${gateway.url}/live/slow`);
      const stream = (await fetch(`${gateway.url}/live/events`)).body?.pipeThrough(new TextDecoderStream()).getReader();
      expect((await stream?.read())?.value).toBe('data: first\n\n');
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket`);
      await once(socket, 'open');

      const api = new AdminApi(gateway);
      for (let change = 1; change <= CHANGES; change++) {
        const route = {
          id: 'changing',
          uri: upstream.url,
          predicates: ['Path=/changing'],
          filters: [`SetStatus=${200 + (change % 2)}`],
        };
        await api.write('PUT', '/api/configuration/routes/changing', route);
        const response = await fetch(`${gateway.url}/changing`);
        expect(response.status).toBe(200 + (change % 2));
        await response.text();
        if (change % 50 === 0) {
          open.events?.write(`data: ${change}\n\n`);
          expect((await stream?.read())?.value).toBe(`data: ${change}\n\n`);
          const echo = once(socket, 'message') as Promise<[Buffer]>;
          socket.send(String(change));
          expect((await echo)[0].toString()).toBe(`echo ${change}`);
        }
      }
      open.slow?.end('at last');
      expect(await (await slow).text()).toBe('at last');
      open.events?.end();
      expect((await stream?.read())?.done).toBe(true);
      const closed = once(socket, 'close');
      socket.close(1000);
      expect((await closed)[0]).toBe(1000);
    } finally {
      await gateway.dispose();
      await upstream.stop();
      sockets.close();
    }
  });
});

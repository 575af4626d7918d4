import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Json } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RawUpstream } from '../testing/raw-peer.js';
import { deadPort, ScriptedUpstream } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import { RetryFilterFactory } from './retry.filter.js';

let traffic: Traffic;
beforeEach(async () => {
  traffic = await Traffic.start([new RetryFilterFactory()]);
});
afterEach(() => traffic.stop());

async function restart(options: Parameters<typeof Traffic.start>[1]): Promise<void> {
  await traffic.stop();
  traffic = await Traffic.start([new RetryFilterFactory()], options);
}

const route = (uri: string, ...filters: readonly Json[]) => ({ id: 'r', uri, predicates: ['Path=/**'], filters });

describe('Retry', () => {
  it.each<[string, Json, RequestInit, readonly number[], number, number]>([
    ['until it is well', 'Retry=3', {}, [500, 503, 200], 200, 3],
    ['as often as it says', 'Retry=2', {}, [500, 501, 502, 200], 502, 3],
    ['three times where it does not say', 'Retry', {}, [500, 500, 500, 500, 200], 500, 4],
    ['not what is well', 'Retry', {}, [404, 200], 404, 1],
    ['not another method', 'Retry', { method: 'POST', body: 'x' }, [500, 200], 500, 1],
    ['a method that is named', 'Retry=1,BAD_GATEWAY,POST', { method: 'POST', body: 'x' }, [502, 200], 200, 2],
    [
      'a status that is named, and the series beside it',
      { name: 'Retry', args: { statuses: 'NOT_FOUND' } },
      {},
      [404, 500, 200],
      200,
      3,
    ],
    ['only what is named', { name: 'Retry', args: { series: '', statuses: 'NOT_FOUND' } }, {}, [404, 500, 200], 500, 2],
    ['a series that is named', { name: 'Retry', args: { series: ['client-error'] } }, {}, [429, 200], 200, 2],
    ['a status outside all series once named so', { name: 'Retry', args: { series: [] } }, {}, [500, 200], 500, 1],
  ])('asks again %s', async (_, filter, init, statuses, status, asked) => {
    const upstream = await traffic.upstream(statuses);
    await traffic.routes.put(route(upstream.url, filter));
    const response = await traffic.ask('/', init);
    expect([response.status, await response.text()]).toEqual([status, String(status)]);
    expect(upstream.requests).toHaveLength(asked);
  });

  it('sends body, path and headers again as they were, and leaves nothing of the failed response', async () => {
    const upstream = await traffic.upstream((response, _, count) => {
      if (count < 3) response.writeHead(500, { 'X-Failed': '1' }).end('broken');
      else response.end('fine');
    });
    const filters = ['Retry=3,BAD_GATEWAY,PUT', 'PrefixPath=/p', 'StripPrefix=1', 'AddRequestHeader=X-A, b'];
    await traffic.routes.put(route(upstream.url, 'PrefixPath=/api', ...filters));
    const response = await traffic.ask('/x?q=1', { method: 'PUT', body: 'hello' });
    expect([response.status, await response.text(), response.headers.get('x-failed')]).toEqual([200, 'fine', null]);
    for (const seen of upstream.requests) {
      expect([seen.method, seen.url, seen.body, seen.headers['x-a']]).toEqual(['PUT', '/x?q=1', 'hello', 'b']);
    }
    expect(upstream.requests).toHaveLength(3);
  });

  it('does not repeat a body larger than its limit, and passes it on whole', async () => {
    const upstream = await traffic.upstream([500, 200]);
    await traffic.routes.put(route(upstream.url, { name: 'Retry', args: { methods: 'POST', bufferLimit: '10B' } }));
    expect(await traffic.status('/', { method: 'POST', body: 'x'.repeat(11) })).toBe(500);
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([11]);
  });

  it('asks another instance than the one that failed, whoever had its turn in between', async () => {
    const clock = new FakeClock();
    const upstream = await ScriptedUpstream.statuses(200);
    const orders = [`http://127.0.0.1:${await deadPort()}`, upstream.url];
    await restart({ clock, services: { orders } });
    await traffic.routes.put(route('lb://orders', 'Retry=1,BAD_GATEWAY,GET,100ms'));
    const answer = traffic.status();
    while (clock.waiting === 0) await new Promise(setImmediate);
    expect(await traffic.status()).toBe(200);
    clock.advance(100);
    expect(await answer).toBe(200);
    await upstream.stop();
  });

  it('opens a WebSocket on another instance where one cannot be reached', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const orders = [await deadPort(), (server.address() as AddressInfo).port].map((port) => `http://127.0.0.1:${port}`);
    await restart({ services: { orders } });
    await traffic.routes.put(route('lb:ws://orders', 'Retry=1'));
    for (let count = 0; count < 2; count++) {
      const socket = new WebSocket(traffic.url.replace('http', 'ws'));
      await once(socket, 'open');
      socket.terminate();
    }
    server.close();
    await once(server, 'close');
  });

  it.each([
    ['java.io.IOException', 2],
    ['java.net.ConnectException', 1],
    ['PrematureCloseException', 2],
    ['org.springframework.cloud.gateway.support.TimeoutException', 1],
  ])(
    'with the exceptions %s asks %i times where the connection is closed before a response',
    async (exceptions, asked) => {
      const upstream = await RawUpstream.listen((socket) => socket.destroy());
      const filter = { name: 'Retry', args: { retries: 1, exceptions } };
      await traffic.routes.put(route(`http://127.0.0.1:${upstream.port}`, filter));
      expect(await traffic.status('/', { method: 'GET' })).toBe(502);
      expect(upstream.connections).toBe(asked);
      await upstream.stop();
    },
  );

  it('asks again after a response time-out', async () => {
    const upstream = await traffic.upstream((response, _, count) => {
      if (count > 1) response.end('fine');
    });
    await traffic.routes.put({ ...route(upstream.url, 'Retry'), metadata: { 'response-timeout': 50 } });
    expect(await traffic.status()).toBe(200);
  });

  it('waits longer and longer, and starts no retry past its time-out', async () => {
    const clock = new FakeClock();
    await restart({ clock });
    const upstream = await traffic.upstream([500]);
    await traffic.routes.put(route(upstream.url, 'Retry=9,BAD_GATEWAY,GET,100ms,10s,3,false,0,1500ms'));
    const answer = traffic.status();
    for (const [count, delayMs] of [100, 300, 900].entries()) {
      await upstream.asked(count + 1);
      while (clock.waiting === 0) await new Promise(setImmediate);
      clock.advance(delayMs - 1);
      await new Promise(setImmediate);
      expect(upstream.requests).toHaveLength(count + 1);
      clock.advance(1);
    }
    expect(await answer).toBe(500);
    expect(upstream.requests).toHaveLength(4);
  });

  it('stops where the client goes away while it waits', async () => {
    const clock = new FakeClock();
    await restart({ clock });
    const upstream = await traffic.upstream([500]);
    await traffic.routes.put(route(upstream.url, 'Retry=9,BAD_GATEWAY,GET,100ms'));
    const abort = new AbortController();
    const answer = traffic.ask('/', { signal: abort.signal }).catch((error: Error) => error.name);
    while (clock.waiting === 0) await new Promise(setImmediate);
    abort.abort();
    expect(await answer).toBe('AbortError');
    await traffic.gateway.finished();
    expect(clock.waiting).toBe(0);
    expect(upstream.requests).toHaveLength(1);
  });

  it('takes what a later filter answers as it is', async () => {
    await traffic.routes.put(route('no://op', { name: 'Retry', args: { series: 'REDIRECTION' } }, 'RedirectTo=302,/x'));
    expect(await traffic.status()).toBe(302);
  });

  it.each<[Json, readonly string[]]>([
    ['Retry=0', ['constraint /filters/0']],
    [{ name: 'Retry', args: { statuses: 502 } }, ['wrong-type /filters/0/args/statuses']],
    [{ name: 'Retry', args: { methods: [] } }, ['constraint /filters/0/args/methods']],
    [{ name: 'Retry', args: { methods: 'FETCH' } }, ['wrong-type /filters/0/args/methods']],
    [{ name: 'Retry', args: { exceptions: 'java.lang.Surprise' } }, ['invalid-argument /filters/0/args/exceptions']],
    [{ name: 'Retry', args: { series: '', exceptions: '' } }, ['invalid-argument /filters/0/args/series']],
    [
      { name: 'Retry', args: { 'backoff.firstBackoff': '1s', 'backoff.maxBackoff': '1ms' } },
      ['invalid-argument /filters/0/args/backoff'],
    ],
    [{ name: 'Retry', args: { jitter: { randomFactor: 1.5 } } }, ['constraint /filters/0/args/jitter/randomFactor']],
  ])('refuses %j', (filter, refusals) => {
    expect(traffic.routes.refusals(filter)).toEqual(refusals);
  });

  it('reads every argument of the shortcut and shows itself', () => {
    expect(traffic.routes.text('Retry=3,INTERNAL_SERVER_ERROR,GET,10ms,50ms,2,false,0.5,100ms')).toBe(
      '[Retry retries = 3, series = list[SERVER_ERROR], statuses = list[INTERNAL_SERVER_ERROR], methods = list[GET], exceptions = list[java.io.IOException, org.springframework.cloud.gateway.support.TimeoutException]]',
    );
  });
});

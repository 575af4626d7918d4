import type { Json } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RetryFilterFactory } from '../retry/retry.filter.js';
import { deadPort } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import { CircuitBreakerFilterFactory } from './circuit-breaker.filter.js';
import { CircuitBreakers } from './circuit-breakers.js';

let traffic: Traffic;
let breakers: CircuitBreakers;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  breakers = new CircuitBreakers(clock);
  traffic = await Traffic.start([new CircuitBreakerFilterFactory(breakers), new RetryFilterFactory()], { clock });
  traffic.gateway.routes.onSwap((_previous, next, changed) => breakers.prune(next, changed));
});
afterEach(() => traffic.stop());

const route = (uri: string, ...filters: readonly Json[]) => ({ id: 'r', uri, predicates: ['Path=/r/**'], filters });
const breaker = (args: Record<string, Json>): Json => ({ name: 'CircuitBreaker', args });
/** Opens after two calls, half of them failed. */
const touchy = { minimumNumberOfCalls: 2, statusCodes: [500], permittedNumberOfCallsInHalfOpenState: 1 };
const states = () => breakers.known.map(({ routeId, name, breaker: { state } }) => `${routeId}/${name} ${state}`);

describe('CircuitBreaker', () => {
  it('opens, tries again after a while, and closes', async () => {
    const upstream = await traffic.upstream([500, 500, 200]);
    await traffic.routes.put(route(upstream.url, breaker(touchy)));
    const got = [await traffic.status('/r'), await traffic.status('/r'), await traffic.status('/r')];
    expect(got).toEqual([500, 500, 503]);
    expect(states()).toEqual(['r/r OPEN']);
    clock.advance(60_000);
    expect([await traffic.status('/r'), states()]).toEqual([200, ['r/r CLOSED']]);
    expect(upstream.requests).toHaveLength(3);
  });

  it('counts what cannot be reached, and not what nobody waits for', async () => {
    await traffic.routes.put(route(`http://127.0.0.1:${await deadPort()}`, breaker(touchy)));
    expect([await traffic.status('/r'), await traffic.status('/r'), await traffic.status('/r')]).toEqual([
      502, 502, 503,
    ]);
    const upstream = await traffic.upstream(() => undefined);
    await traffic.routes.put(route(upstream.url, breaker({ ...touchy, timeout: 0 })));
    for (const count of [1, 2]) {
      const abort = new AbortController();
      const answer = traffic.ask('/r', { signal: abort.signal }).catch(() => undefined);
      await upstream.asked(count);
      abort.abort();
      await answer;
      await traffic.gateway.finished(3 + count);
    }
    expect(breakers.known.map(({ breaker: { seen } }) => seen.calls)).toEqual([0]);
  });

  it('gives a call one second, and answers 504 after it', async () => {
    const upstream = await traffic.upstream(() => void setImmediate(() => clock.advance(1_000)));
    await traffic.routes.put(route(upstream.url, 'CircuitBreaker'));
    expect(await traffic.status('/r')).toBe(504);
  });

  it('lets a body take its time once the head is there', async () => {
    let finish: () => void = () => undefined;
    const upstream = await traffic.upstream((response) => {
      response.write('slow');
      finish = () => response.end(' body');
    });
    await traffic.routes.put(route(upstream.url, 'CircuitBreaker'));
    const response = await traffic.ask('/r');
    clock.advance(10_000);
    finish();
    expect(await response.text()).toBe('slow body');
  });

  it('takes back a retry that waits when its time is up', async () => {
    const upstream = await traffic.upstream([500]);
    await traffic.routes.put(route(upstream.url, 'CircuitBreaker', 'Retry=3,BAD_GATEWAY,GET,1h'));
    const answer = traffic.status('/r');
    while (clock.waiting < 2) await new Promise(setImmediate);
    clock.advance(1_000);
    expect(await answer).toBe(504);
    expect([clock.waiting, upstream.requests.length]).toEqual([0, 1]);
  });

  it('is passed by its own refusals through Retry only where Retry says so', async () => {
    const upstream = await traffic.upstream([500]);
    const retry = { name: 'Retry', args: { retries: 1, series: '', exceptions: 'CallNotPermittedException' } };
    await traffic.routes.put(route(upstream.url, retry, breaker({ ...touchy, minimumNumberOfCalls: 1 })));
    expect([await traffic.status('/r'), await traffic.status('/r')]).toEqual([500, 503]);
    expect(breakers.known[0]?.breaker.refused).toBe(2);
  });

  describe('with a fallback', () => {
    const fallback = (args: Record<string, Json> = {}): Json =>
      breaker({ ...touchy, fallbackUri: 'forward:/fallback', ...args });

    async function fallingBack(uri: string, ...filters: readonly Json[]) {
      const rescue = await traffic.upstream((response) => void response.end('rescued'));
      await traffic.routes.put(route(uri, ...filters), {
        id: 'fallback',
        uri: rescue.url,
        predicates: ['Path=/fallback/**'],
        filters: ['FallbackHeaders', 'PrefixPath=/never'],
      });
      return rescue;
    }

    it('has another route answer with the request as it was before the call, its cause in headers', async () => {
      const upstream = await traffic.upstream(
        (response) => void response.writeHead(500, { 'X-Failed': '1' }).end('no'),
      );
      const filters = ['PrefixPath=/p', 'AddRequestHeader=X-Before, 1', fallback(), 'AddRequestHeader=X-After, 1'];
      const rescue = await fallingBack(upstream.url, ...filters);
      const init = { method: 'POST', body: 'hello', headers: { Origin: 'http://127.0.0.1' } };
      const response = await traffic.ask('/r/x?q=1', init);
      expect([response.status, await response.text(), response.headers.get('x-failed')]).toEqual([
        200,
        'rescued',
        null,
      ]);
      expect(upstream.requests.map(({ url, body }) => [url, body])).toEqual([['/p/r/x?q=1', 'hello']]);
      const [seen] = rescue.requests;
      expect([seen?.method, seen?.url, seen?.body]).toEqual(['POST', '/fallback?q=1', 'hello']);
      expect(seen?.headers).toMatchObject({
        'x-before': '1',
        'execution-exception-type': expect.stringMatching(/CircuitBreakerStatusCodeException$/) as string,
        'execution-exception-message': '500 INTERNAL_SERVER_ERROR',
      });
      expect([seen?.headers['x-after'], seen?.headers.origin]).toEqual([undefined, undefined]);
    });

    it.each<[string, () => Promise<string>, string]>([
      ['what cannot be reached', async () => `http://127.0.0.1:${await deadPort()}`, 'java.net.ConnectException'],
      [
        'what takes too long',
        async () => (await traffic.upstream(() => void setImmediate(() => clock.advance(1_000)))).url,
        'java.util.concurrent.TimeoutException',
      ],
    ])('stands in for %s', async (_, uri, type) => {
      const rescue = await fallingBack(await uri(), fallback());
      expect(await (await traffic.ask('/r')).text()).toBe('rescued');
      expect(rescue.requests[0]?.headers['execution-exception-type']).toBe(type);
    });

    it('stands in while it is open, without a call', async () => {
      const upstream = await traffic.upstream([500]);
      const rescue = await fallingBack(upstream.url, fallback());
      for (let count = 0; count < 3; count++) expect(await traffic.status('/r')).toBe(200);
      expect([upstream.requests.length, rescue.requests.length]).toEqual([2, 3]);
      expect(rescue.requests[2]?.headers['execution-exception-type']).toMatch(/CallNotPermittedException$/);
    });

    it('passes the failure on where the body was too large to be kept', async () => {
      const upstream = await traffic.upstream([500]);
      const rescue = await fallingBack(upstream.url, fallback({ bufferLimit: '4B' }));
      expect(await traffic.status('/r', { method: 'POST', body: 'hello' })).toBe(500);
      expect(rescue.requests).toEqual([]);
    });

    it('fills in URI variables', async () => {
      const upstream = await traffic.upstream([500]);
      const rescue = await fallingBack(upstream.url);
      const filters = [fallback({ fallbackUri: 'forward:/fallback/{id}' })];
      await traffic.routes.put({ id: 'v', uri: upstream.url, predicates: ['Path=/v/{id}'], filters });
      expect(await traffic.status('/v/7')).toBe(200);
      expect(rescue.paths).toEqual(['/never/fallback/7']);
    });

    it('is 404 where no route takes the path', async () => {
      await traffic.routes.put(route((await traffic.upstream([500])).url, fallback()));
      expect(await traffic.status('/r')).toBe(404);
    });
  });

  describe('without a fallback', () => {
    it.each<[Record<string, Json>, number, number]>([
      [{ statusCodes: [500], resumeWithoutError: true }, 500, 500],
      [{ statusCodes: 'INTERNAL_SERVER_ERROR' }, 500, 500],
      [{ resumeWithoutError: true }, 0, 200],
      [{}, 0, 502],
    ])('%j makes of %i a %i', async (args, upstreamStatus, status) => {
      const uri = upstreamStatus === 0 ? `http://127.0.0.1:${await deadPort()}` : (await traffic.upstream([500])).url;
      await traffic.routes.put(route(uri, breaker(args)));
      expect(await traffic.status('/r')).toBe(status);
    });
  });

  describe('remembers', () => {
    const named = (id: string, uri: string, ...filters: readonly Json[]) => ({
      id,
      uri,
      predicates: [`Path=/${id}`],
      filters,
    });

    it('while other routes and other filters of its route change', async () => {
      const upstream = await traffic.upstream([500]);
      const own = breaker({ ...touchy, name: 'mine' });
      await traffic.routes.put(named('a', upstream.url, own), named('b', upstream.url, own));
      for (const path of ['/a', '/a', '/b']) await traffic.status(path);
      expect(states()).toEqual(['a/mine OPEN', 'b/mine CLOSED']);
      await traffic.routes.put(named('b', upstream.url, own, 'AddRequestHeader=X-A, b'));
      await traffic.routes.put(named('a', upstream.url, own, 'AddRequestHeader=X-A, b'));
      expect(await traffic.status('/a')).toBe(503);
      expect(states()).toEqual(['a/mine OPEN', 'b/mine CLOSED']);
    });

    it('nothing once its own arguments change or its route is gone', async () => {
      const upstream = await traffic.upstream([500]);
      await traffic.routes.put(named('a', upstream.url, breaker(touchy)));
      for (let count = 0; count < 3; count++) await traffic.status('/a');
      await traffic.routes.put(named('a', upstream.url, breaker({ ...touchy, minimumNumberOfCalls: 3 })));
      expect([states(), await traffic.status('/a')]).toEqual([[], 500]);
      await traffic.routes.remove('a');
      expect(states()).toEqual([]);
    });
  });

  it.each<[Json, readonly string[]]>([
    ['CircuitBreaker=a,http://b/', ['invalid-argument /filters/0']],
    ['CircuitBreaker=a,forward:b', ['invalid-argument /filters/0']],
    ['CircuitBreaker=a,forward:/b,c', ['surplus-argument /filters/0']],
    ['CircuitBreaker=a,forward:/{b}', ['unknown-variable /filters/0']],
    [breaker({ statusCodes: ['NEVER'] }), ['wrong-type /filters/0/args/statusCodes/0']],
    [breaker({ failureRateThreshold: 101 }), ['constraint /filters/0/args/failureRateThreshold']],
  ])('refuses %j', (filter, refusals) => {
    expect(traffic.routes.refusals(filter)).toEqual(refusals);
  });

  it('shows itself', () => {
    expect(traffic.routes.text('CircuitBreaker=orders,forward:///inCaseOfFailure')).toBe(
      "[CircuitBreaker name = 'orders', fallback = 'forward:///inCaseOfFailure']",
    );
  });
});

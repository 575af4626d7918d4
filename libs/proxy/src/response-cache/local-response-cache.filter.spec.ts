import type { Json } from '@tigateway/model';
import { LOCAL_RESPONSE_CACHE_SETTINGS } from '@tigateway/routing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import type { Script } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import { LocalResponseCacheFilterFactory } from './local-response-cache.filter.js';
import { ResponseCaches } from './response-caches.js';

let traffic: Traffic;
let clock: FakeClock;
let caches: ResponseCaches;
beforeEach(async () => {
  clock = new FakeClock();
  caches = new ResponseCaches();
  traffic = await Traffic.start([new LocalResponseCacheFilterFactory(caches)], { clock });
  traffic.gateway.routes.onSwap((_previous, next, changed) => caches.prune(next, changed));
});
afterEach(() => traffic.stop());

const route = (id: string, uri: string, ...filters: readonly Json[]) => ({
  id,
  uri,
  predicates: [`Path=/${id}/**`],
  filters,
});

/** Answers with the number of the request, and these headers. */
const counting =
  (headers: Record<string, string | string[]> = {}, status = 200): Script =>
  (response, _, count) =>
    void response.writeHead(status, headers).end(String(count));

async function cached(script: Script = counting(), filter: Json = 'LocalResponseCache=10s'): Promise<void> {
  await traffic.routes.put(route('r', (await traffic.upstream(script)).url, filter));
}

async function body(path = '/r', headers: Record<string, string> = {}, method = 'GET'): Promise<string> {
  return (await traffic.ask(path, { method, headers })).text();
}

describe('LocalResponseCache', () => {
  it('gives status, headers and body again until their time is over', async () => {
    await cached(counting({ 'X-A': 'b', 'Cache-Control': 'no-cache', Expires: '0', Pragma: 'no-cache' }, 206));
    const seen = async () => {
      const { status, headers } = await traffic.ask('/r');
      return [status, headers.get('x-a'), headers.get('cache-control'), headers.get('expires'), headers.get('pragma')];
    };
    expect(await seen()).toEqual([206, 'b', 'max-age=10', null, null]);
    clock.advance(3_000);
    expect(await seen()).toEqual([206, 'b', 'max-age=7', null, null]);
    clock.advance(6_500);
    expect(await seen()).toEqual([206, 'b', 'no-cache, max-age=0, must-revalidate', null, null]);
    expect(await body()).toBe('1');
    clock.advance(500);
    expect(await body()).toBe('2');
  });

  it.each<[string, string, Record<string, string>, string, Record<string, string>]>([
    ['path', '/r/a', {}, '/r/b', {}],
    ['query', '/r?a', {}, '/r?b', {}],
    ['Authorization', '/r', { Authorization: 'a' }, '/r', { Authorization: 'b' }],
    ['cookies', '/r', { Cookie: 'a=1' }, '/r', { Cookie: 'a=2' }],
    ['range', '/r', { Range: 'bytes=0-1' }, '/r', {}],
    ['what the response varies by', '/r', { 'Accept-Language': 'de' }, '/r', { 'Accept-Language': 'en' }],
  ])('tells requests apart by %s', async (_, path, headers, otherPath, otherHeaders) => {
    await cached(counting({ Vary: 'accept-language' }));
    expect([await body(path, headers), await body(otherPath, otherHeaders)]).toEqual(['1', '2']);
    expect([await body(path, headers), await body(otherPath, otherHeaders)]).toEqual(['1', '2']);
  });

  it('takes the same cookies in another order for the same, and headers that nothing varies by', async () => {
    await cached();
    expect([await body('/r', { Cookie: 'a=1; b=2' }), await body('/r', { Cookie: 'b=2; a=1', 'X-A': '1' })]).toEqual([
      '1',
      '1',
    ]);
  });

  it.each<[string, Record<string, string | string[]>, number]>([
    ['private, on one line with others', { 'Cache-Control': 'max-age=60, private' }, 200],
    ['not to be stored', { 'Cache-Control': 'no-cache, no-store' }, 200],
    ['varying by anything', { Vary: 'a, *' }, 200],
    ['setting a cookie', { 'Set-Cookie': 'a=b' }, 200],
    ['of another status', {}, 203],
    ['an error', {}, 500],
  ])('does not keep what is %s', async (_, headers, status) => {
    await cached(counting(headers, status));
    expect([await body(), await body()]).toEqual(['1', '2']);
  });

  it.each(['no-store', 'max-age=0, private', 'no-cache'])(
    'asks upstream for Cache-Control: %s, and keeps what it has',
    async (value) => {
      await cached();
      expect([await body(), await body('/r', { 'Cache-Control': value }), await body()]).toEqual(['1', '2', '1']);
    },
  );

  it('does not keep answers to other methods, or to a GET with a body', async () => {
    await cached();
    expect([await body('/r', {}, 'POST'), await body('/r', {}, 'OPTIONS'), await body()]).toEqual(['1', '2', '3']);
  });

  it('does not keep what breaks off in the middle or is too large', async () => {
    let breaks = true;
    await cached((response, _, count) => {
      response.writeHead(200, { 'Content-Length': 1_000 });
      if (breaks) response.write('x', () => response.destroy());
      else response.end(String(count).repeat(1_000));
      breaks = false;
    }, 'LocalResponseCache=10s,1KB');
    await expect(body()).rejects.toThrow();
    expect([(await body())[0], (await body())[0]]).toEqual(['2', '3']);
  });

  it('keeps nothing of CORS, which is another client’s next time', async () => {
    const upstream = await traffic.upstream(counting());
    await traffic.routes.put({
      ...route('r', upstream.url, 'LocalResponseCache'),
      metadata: { cors: { allowedOriginPatterns: ['*'], allowCredentials: true } },
    });
    for (const origin of ['http://a', 'http://b']) {
      const { headers } = await traffic.ask('/r', { headers: { Origin: origin } });
      expect(headers.get('access-control-allow-origin')).toBe(origin);
    }
    expect(upstream.requests).toHaveLength(1);
  });

  it('outlives reloads that leave it alone, and no others', async () => {
    const { url } = await traffic.upstream(counting());
    await traffic.routes.put(route('r', url, 'LocalResponseCache=10s'));
    expect(await body()).toBe('1');
    await traffic.routes.put(route('r', url, 'LocalResponseCache=10s', 'AddRequestHeader=X-A, b'), route('s', url));
    expect(await body()).toBe('1');
    await traffic.routes.put(route('r', url, 'LocalResponseCache=11s'));
    expect(await body()).toBe('2');
  });

  describe('for all routes', () => {
    const global = (configuration: Json) =>
      traffic.routes.putGlobal(LOCAL_RESPONSE_CACHE_SETTINGS.configId, configuration);

    it('caches where it is enabled, each route for itself, and a route’s own cache comes first', async () => {
      const { url } = await traffic.upstream(counting());
      await traffic.routes.put(route('a', url), route('b', url), route('c', url, 'LocalResponseCache=10s'));
      expect([await body('/a'), await body('/a')]).toEqual(['1', '2']);
      await global({ enabled: true, 'time-to-live': '5s' });
      expect([await body('/a'), await body('/b'), await body('/c')]).toEqual(['3', '4', '5']);
      clock.advance(4_000);
      expect([await body('/a'), await body('/b'), await body('/c')]).toEqual(['3', '4', '5']);
      clock.advance(1_000);
      expect([await body('/a'), await body('/c')]).toEqual(['6', '5']);
      await global({ enabled: false });
      expect([await body('/a'), await body('/a')]).toEqual(['7', '8']);
    });

    it('is told what a request that wants no cache does to what is kept', async () => {
      await cached();
      await global({ request: { 'no-cache-strategy': 'UPDATE_CACHE_ENTRY' } });
      expect([await body(), await body('/r', { 'Cache-Control': 'no-cache' }), await body()]).toEqual(['1', '2', '2']);
    });
  });

  it('shows itself, stands where it must and refuses what is no time', async () => {
    expect(traffic.routes.text('LocalResponseCache=30m,1KB')).toBe(
      '[LocalResponseCache timeToLive = 1800000ms, size = 1024B]',
    );
    expect(traffic.routes.refusals('LocalResponseCache=0')).toEqual(['constraint /filters/0']);
    await cached(counting(), 'LocalResponseCache');
    expect(traffic.gateway.routes.route('r')?.chain.filters[0]?.order).toBe(-4);
  });
});

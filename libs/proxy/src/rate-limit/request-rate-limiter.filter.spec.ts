import type { Json } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RedisServer, withoutRedis } from '../testing/redis-server.js';
import { Traffic } from '../testing/traffic.js';
import { KeyResolvers } from './key-resolver.js';
import { RateLimiter } from './rate-limiter.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limiter-options.js';
import { RequestRateLimiterFilterFactory } from './request-rate-limiter.filter.js';

let traffic: Traffic;
let clock: FakeClock;
let limiter: RateLimiter;

async function start(options: Partial<RateLimiterOptions> = {}): Promise<void> {
  clock = new FakeClock();
  limiter = new RateLimiter(clock, { ...DEFAULT_RATE_LIMITER_OPTIONS, ...options });
  traffic = await Traffic.start([new RequestRateLimiterFilterFactory(limiter)], { clock });
}

beforeEach(() =>
  start({
    keyResolvers: {
      user: 'header: X-User',
      session: 'cookie:s',
      api: 'query:key',
      peer: 'remote-addr',
      me: 'principal',
    },
  }),
);
afterEach(async () => {
  await traffic.stop();
  limiter.close();
});

async function restart(options: Partial<RateLimiterOptions>): Promise<void> {
  await traffic.stop();
  await start(options);
}

const route = (id: string, uri: string, ...filters: readonly Json[]) => ({
  id,
  uri,
  predicates: [`Path=/${id}/**`],
  filters,
});
const args = (more: Record<string, Json> = {}): Json => ({
  name: 'RequestRateLimiter',
  args: { 'redis-rate-limiter.replenishRate': 1, keyResolver: '#{@ipKeyResolver}', ...more },
});

async function limits(path: string, headers: Record<string, string> = {}): Promise<(string | number | null)[]> {
  const response = await traffic.ask(path, { headers });
  expect(response.ok || (await response.text()) === '').toBe(true);
  return [response.status, response.headers.get('x-ratelimit-remaining')];
}

describe('RequestRateLimiter', () => {
  it('answers 429 to what is too much, with the same headers as to what is not', async () => {
    const upstream = await traffic.upstream();
    await traffic.routes.put(route('r', upstream.url, 'RequestRateLimiter=2,6,3,#{@ipKeyResolver}'));
    expect([await limits('/r'), await limits('/r'), await limits('/r')]).toEqual([
      [200, '3'],
      [200, '0'],
      [429, '0'],
    ]);
    const response = await traffic.ask('/r');
    expect([...response.headers].filter(([name]) => name.startsWith('x-ratelimit'))).toEqual([
      ['x-ratelimit-burst-capacity', '6'],
      ['x-ratelimit-remaining', '0'],
      ['x-ratelimit-replenish-rate', '2'],
      ['x-ratelimit-requested-tokens', '3'],
    ]);
    clock.advance(2_000);
    expect(await limits('/r')).toEqual([200, '1']);
    expect(upstream.requests).toHaveLength(3);
  });

  it('obeys the global configurations where it says nothing itself', async () => {
    const upstream = await traffic.upstream();
    await traffic.routes.put(
      route('r', upstream.url, args()),
      route('k', upstream.url, args({ keyResolver: '#{@user}' })),
      route('own', upstream.url, args({ keyResolver: '#{@user}', 'empty-key-status': 401 })),
    );
    expect(await traffic.status('/k')).toBe(403);
    await traffic.routes.putGlobal('request-rate-limiter', { 'empty-key-status-code': 'BAD_REQUEST' });
    expect([await traffic.status('/k'), await traffic.status('/own')]).toEqual([400, 401]);
    await traffic.routes.putGlobal('request-rate-limiter', { 'deny-empty-key': false });
    expect(await traffic.status('/k')).toBe(200);
    await traffic.routes.putGlobal('redis-rate-limiter', { 'remaining-header': 'X-Left' });
    expect((await traffic.ask('/r')).headers.get('x-left')).toBe('0');
    await traffic.routes.putGlobal('redis-rate-limiter', { 'include-headers': false });
    expect([...(await traffic.ask('/r')).headers.keys()].filter((name) => name.startsWith('x-'))).toEqual([]);
  });

  it.each<[string, string, Record<string, string>, string, Record<string, string>]>([
    ['#{@user}', '/r', { 'X-User': 'a' }, '/r', { 'X-User': 'b' }],
    ['#{@session}', '/r', { Cookie: 's=a' }, '/r', { Cookie: 's=b' }],
    ['#{@api}', '/r?key=a', {}, '/r?key=b', {}],
    ['#{@pathKeyResolver}', '/r/a', {}, '/r/b', {}],
    [' #{ @user } ', '/r', { 'X-User': '}a' }, '/r', { 'X-User': '}b' }],
  ])('tells clients apart by %s', async (keyResolver, path, headers, otherPath, otherHeaders) => {
    await traffic.routes.put(route('r', (await traffic.upstream()).url, args({ keyResolver })));
    expect([await limits(path, headers), await limits(path, headers), await limits(otherPath, otherHeaders)]).toEqual([
      [200, '0'],
      [429, '0'],
      [200, '0'],
    ]);
  });

  it.each(['#{@ipKeyResolver}', '#{@remoteAddrKeyResolver}', '#{@hostKeyResolver}', '#{@peer}'])(
    'takes this client for one by %s',
    async (keyResolver) => {
      await traffic.routes.put(route('r', (await traffic.upstream()).url, args({ keyResolver })));
      expect([await limits('/r/a'), await limits('/r/b')]).toEqual([
        [200, '0'],
        [429, '0'],
      ]);
    },
  );

  it.each<[Record<string, Json>, readonly (readonly (string | number | null)[])[]]>([
    [
      {},
      [
        [403, null],
        [403, null],
      ],
    ],
    [
      { emptyKeyStatus: 'UNAUTHORIZED' },
      [
        [401, null],
        [401, null],
      ],
    ],
    [
      { denyEmptyKey: false },
      [
        [200, null],
        [200, null],
      ],
    ],
  ])('without a key, and %j, answers %j', async (more, expected) => {
    for (const keyResolver of ['#{@principalNameKeyResolver}', '#{@user}', '#{@me}']) {
      await traffic.routes.put(route('r', (await traffic.upstream()).url, args({ keyResolver, ...more })));
      expect([await limits('/r'), await limits('/r')]).toEqual(expected);
    }
  });

  it('answers with another status, or fails, where it is told so', async () => {
    const { url } = await traffic.upstream();
    await traffic.routes.put(
      route('a', url, args({ statusCode: 'SERVICE_UNAVAILABLE' })),
      route('b', url, args({ throwOnLimit: true })),
    );
    for (const path of ['/a', '/b']) expect(await traffic.status(path)).toBe(200);
    expect([await traffic.status('/a'), await traffic.status('/b')]).toEqual([503, 500]);
  });

  it('keeps a bucket for each route and each limiter, over every reload that leaves them alone', async () => {
    const { url } = await traffic.upstream();
    const hourly = args({ 'redis-rate-limiter.burstCapacity': 3 });
    await traffic.routes.put(route('a', url, args(), hourly), route('b', url, args()));
    expect([await traffic.status('/a'), await traffic.status('/b'), await traffic.status('/a')]).toEqual([
      200, 200, 429,
    ]);
    await traffic.routes.put(route('a', url, args(), hourly, 'PrefixPath=/x'));
    expect(await traffic.status('/a')).toBe(429);
    await traffic.routes.put(route('a', url, args({ 'redis-rate-limiter.burstCapacity': 2 }), hourly));
    expect(await traffic.status('/a')).toBe(200);
  });

  it('is told by the operator what to do without a key and what to tell', async () => {
    const { headers } = DEFAULT_RATE_LIMITER_OPTIONS;
    await restart({ denyEmptyKey: false, headers: { ...headers, remaining: 'X-Left' } });
    const { url } = await traffic.upstream();
    await traffic.routes.put(route('a', url, 'RequestRateLimiter=1'), route('b', url, args()));
    expect(await traffic.status('/a')).toBe(200);
    expect((await traffic.ask('/b')).headers.get('x-left')).toBe('0');
    await restart({ headers: { ...headers, included: false } });
    await traffic.routes.put(route('b', (await traffic.upstream()).url, args()));
    expect(await limits('/b')).toEqual([200, null]);
  });

  it.each<[Json, readonly string[]]>([
    ['RequestRateLimiter', ['invalid-argument /filters/0']],
    ['RequestRateLimiter=0', ['constraint /filters/0']],
    ['RequestRateLimiter=2,1', ['invalid-argument /filters/0']],
    ['RequestRateLimiter=2,2,0', ['constraint /filters/0']],
    ['RequestRateLimiter=2,2,1,#{@nobody}', ['invalid-argument /filters/0']],
    ['RequestRateLimiter=2,2,1,user', ['invalid-argument /filters/0']],
    [args({ rateLimiter: '#{@mine}' }), ['invalid-argument /filters/0/args/rateLimiter']],
    [args({ statusCode: 429 }), ['wrong-type /filters/0/args/statusCode']],
    [args({ 'redis-rate-limiter.burstCapacity': 0 }), ['constraint /filters/0/args/redis-rate-limiter.burstCapacity']],
    [
      args({ 'redis-rate-limiter.replenishRate': 2, 'redis-rate-limiter.burstCapacity': 1 }),
      ['invalid-argument /filters/0/args/redis-rate-limiter.burstCapacity'],
    ],
  ])('refuses %j', (filter, refusals) => {
    expect(traffic.routes.refusals(filter)).toEqual(refusals);
  });

  const bucket4j = (more: Record<string, Json> = {}): Json => ({
    name: 'RequestRateLimiter',
    args: {
      keyResolver: '#{@ipKeyResolver}',
      'bucket4j-rate-limiter': { capacity: 2, refillPeriod: '1m', ...more },
    },
  });

  it('takes the arguments of Bucket4j, and tells what is left in its one header', async () => {
    const { url } = await traffic.upstream();
    await traffic.routes.put(
      route('greedy', url, bucket4j()),
      route('costly', url, bucket4j({ requestedTokens: 2, 'refill-tokens': 1, headerName: 'X-Left' })),
      route('minute', url, bucket4j({ refillStyle: 'intervally_aligned', timeOfFirstRefill: '2025-12-31T23:00:00Z' })),
    );
    for (const left of ['1', '0']) expect(await limits('/greedy')).toEqual([200, left]);
    const refused = await traffic.ask('/greedy');
    expect(refused.status).toBe(429);
    expect([...refused.headers].filter(([name]) => name.startsWith('x-'))).toEqual([['x-ratelimit-remaining', '0']]);
    const costly = async (): Promise<unknown> => {
      const { status, headers } = await traffic.ask('/costly');
      return [status, headers.get('x-left')];
    };
    expect([await costly(), await costly()]).toEqual([
      [200, '0'],
      [429, '0'],
    ]);
    for (const left of ['1', '0']) expect(await limits('/minute')).toEqual([200, left]);
    clock.advance(30_000);
    expect([await limits('/greedy'), await limits('/minute')]).toEqual([
      [200, '0'],
      [429, '0'],
    ]);
    clock.advance(30_000);
    expect([await limits('/minute'), await costly()]).toEqual([
      [200, '1'],
      [429, '1'],
    ]);
    clock.advance(60_000);
    expect(await costly()).toEqual([200, '0']);
  });

  it('is told by the operator alone whether Bucket4j’s header is shown', async () => {
    const { headers } = DEFAULT_RATE_LIMITER_OPTIONS;
    await traffic.routes.put(route('r', (await traffic.upstream()).url, bucket4j()));
    await traffic.routes.putGlobal('redis-rate-limiter', { 'include-headers': false });
    expect(await limits('/r')).toEqual([200, '1']);
    await restart({ headers: { ...headers, included: false } });
    await traffic.routes.put(route('r', (await traffic.upstream()).url, bucket4j()));
    expect(await limits('/r')).toEqual([200, null]);
  });

  const inBucket4j = '/filters/0/args/bucket4j-rate-limiter';
  it.each<[Json, readonly string[]]>([
    [{ capacity: 0 }, [`constraint ${inBucket4j}/capacity`]],
    [{ capacity: 'many' }, [`wrong-type ${inBucket4j}/capacity`]],
    [{ capacity: null }, [`required ${inBucket4j}/capacity`]],
    [{ refillPeriod: null }, [`required ${inBucket4j}/refillPeriod`]],
    [{ refillPeriod: '0s' }, [`constraint ${inBucket4j}/refillPeriod`]],
    [{ refillPeriod: '-1s' }, [`constraint ${inBucket4j}/refillPeriod`]],
    [{ refillTokens: 0 }, [`constraint ${inBucket4j}/refillTokens`]],
    [{ refillStyle: 'LAZY' }, [`wrong-type ${inBucket4j}/refillStyle`]],
    [{ refillStyle: 'INTERVALLY_ALIGNED' }, [`invalid-argument ${inBucket4j}/refillStyle`]],
    [{ timeOfFirstRefill: '2030-01-01T00:00:00Z' }, [`invalid-argument ${inBucket4j}/timeOfFirstRefill`]],
    [
      { refillStyle: 'INTERVALLY_ALIGNED', timeOfFirstRefill: '2030-01-01' },
      [`wrong-type ${inBucket4j}/timeOfFirstRefill`],
    ],
    [{ refillStyle: 'INTERVALLY_ALIGNED', timeOfFirstRefill: -1 }, [`constraint ${inBucket4j}/timeOfFirstRefill`]],
    [{ requestedTokens: 0 }, [`constraint ${inBucket4j}/requestedTokens`]],
    [{ requestedTokens: 3 }, [`invalid-argument ${inBucket4j}/requestedTokens`]],
    [{ headerName: 'a b' }, [`constraint ${inBucket4j}/headerName`]],
    [{ configurationBuilder: '#{@mine}' }, [`unknown-property ${inBucket4j}/configurationBuilder`]],
  ])('refuses %j of Bucket4j', (changes, refusals) => {
    const filter = bucket4j(changes as Record<string, Json>) as {
      args: { 'bucket4j-rate-limiter': Record<string, Json> };
    };
    const limiter = filter.args['bucket4j-rate-limiter'];
    for (const key of Object.keys(limiter)) if (limiter[key] === null) delete limiter[key];
    expect(traffic.routes.refusals(filter)).toEqual(refusals);
  });

  it('takes one limiter at a time, and the reference to that one', () => {
    const withReference = (rateLimiter: string): Json => {
      const filter = bucket4j() as { args: object };
      return { ...filter, args: { ...filter.args, rateLimiter } };
    };
    expect(traffic.routes.refusals(withReference('#{@bucket4jRateLimiter}'))).toEqual([]);
    expect(traffic.routes.refusals(withReference('#{@redisRateLimiter}'))).toEqual([
      'invalid-argument /filters/0/args/rateLimiter',
    ]);
    expect(traffic.routes.refusals(args({ 'bucket4j-rate-limiter': { capacity: 1, refillPeriod: '1s' } }))).toEqual([
      'invalid-argument /filters/0/args',
    ]);
  });

  it('is questioned where it asks for a principal, whom there is not', () => {
    const keyResolver = '#{@principalNameKeyResolver}';
    expect(traffic.routes.warnings('RequestRateLimiter=1')).toEqual(['questionable-argument /filters/0']);
    expect(traffic.routes.warnings(args({ keyResolver }))).toEqual([
      'questionable-argument /filters/0/args/keyResolver',
    ]);
    expect(traffic.routes.warnings(args({ keyResolver, denyEmptyKey: false }))).toEqual([]);
    expect(traffic.routes.warnings(args())).toEqual([]);
  });

  it('shows itself', () => {
    expect(traffic.routes.text(args({ rateLimiter: '#{@redisRateLimiter}' }))).toBe(
      "[RequestRateLimiter replenishRate = 1, burstCapacity = 1, requestedTokens = 1, keyResolver = '#{@ipKeyResolver}']",
    );
  });

  it('shows itself with the arguments of Bucket4j', () => {
    expect(traffic.routes.text(bucket4j({ refillTokens: 1 }))).toBe(
      "[RequestRateLimiter capacity = 2, refillPeriod = 1m, refillTokens = 1, refillStyle = GREEDY, requestedTokens = 1, keyResolver = '#{@ipKeyResolver}']",
    );
  });

  it.each(['header', 'header:', 'spel:1', 'principal:x', ''])('takes no key resolver "%s"', (text) => {
    expect(() => new KeyResolvers({ mine: text })).toThrow('the key resolver "mine"');
  });
});

const reason = withoutRedis();
describe.skipIf(reason !== undefined)('RequestRateLimiter on Redis', () => {
  it('limits, and lets everything pass while Redis is away', async () => {
    const server = await RedisServer.start();
    const { port } = server;
    const redis = { host: '127.0.0.1', port, database: 1, tls: false, connectTimeoutMs: 500, commandTimeoutMs: 200 };
    await restart({ backend: 'redis', redis });
    await traffic.routes.put(
      route('r', (await traffic.upstream()).url, args({ 'redis-rate-limiter.burstCapacity': 100 })),
    );
    while ((await limits('/r'))[1] === '-1') clock.advance(1_000);
    const [, remaining] = await limits('/r');
    expect(Number(remaining)).toBeGreaterThan(90);
    await server.stop();
    expect(await limits('/r')).toEqual([200, '-1']);
  });
});

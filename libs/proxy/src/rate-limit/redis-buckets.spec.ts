import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RedisServer, withoutRedis } from '../testing/redis-server.js';
import { deadPort } from '../testing/scripted-upstream.js';
import { type Bucket4jArgs, bucket4jLimit } from './bucket4j.limit.js';
import type { BucketSettings } from './rate-limiter-backend.js';
import { RedisBuckets } from './redis-buckets.js';
import { type TokenBucketArgs, tokenBucketLimit } from './token-bucket.limit.js';

const bucketOf = (changes: Partial<TokenBucketArgs> = {}): BucketSettings =>
  tokenBucketLimit({ replenishRate: 10, burstCapacity: 20, requestedTokens: 1, ...changes }).bucket;
const settings = bucketOf();
const reason = withoutRedis();

describe.skipIf(reason !== undefined)('RedisBuckets', () => {
  let server: RedisServer;
  let redis: Redis;
  const open: RedisBuckets[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new Redis({ port: server.port });
    redis.on('error', () => undefined);
  });
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const clock = new FakeClock();

  /** Ready: it has got a real answer. */
  async function buckets({ failOpen = true, port = server.port, waits = true } = {}): Promise<RedisBuckets> {
    const where = { host: '127.0.0.1', port, database: 0, tls: false, connectTimeoutMs: 1_000, commandTimeoutMs: 200 };
    const made = new RedisBuckets(where, failOpen, clock);
    open.push(made);
    if (waits) await recovered(made);
    return made;
  }

  /** Asks, past every pause, until Redis has answered. */
  async function recovered(made: RedisBuckets): Promise<void> {
    for (;;) {
      const { remaining } = await made
        .take('probe', bucketOf({ burstCapacity: 1_000_000 }))
        .catch(() => ({ remaining: -1 }));
      if (remaining >= 0) return;
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
  }

  async function nowMs(): Promise<number> {
    const [second, microsecond] = await redis.time();
    return Number(second) * 1_000 + Math.floor(Number(microsecond) / 1_000);
  }

  async function until(ms: number): Promise<void> {
    while ((await nowMs()) < ms) continue;
  }

  /** Resolves when a second of Redis's has just begun. */
  async function secondBegins(): Promise<void> {
    await until(Math.floor((await nowMs()) / 1_000) * 1_000 + 1_000);
  }

  async function left(made: RedisBuckets, key: string, count: number, bucket = settings): Promise<number[]> {
    const verdicts: number[] = [];
    for (let at = 0; at < count; at++) {
      const { isAllowed, remaining } = await made.take(key, bucket);
      verdicts.push(isAllowed ? remaining : -remaining - 100);
    }
    return verdicts;
  }

  it('lets a burst through, then what flows in with each whole second', async () => {
    const made = await buckets();
    await secondBegins();
    expect(await left(made, 'k', 21)).toEqual([...Array.from({ length: 20 }, (_, at) => 19 - at), -100]);
    await secondBegins();
    expect(await left(made, 'k', 11)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -100]);
  });

  it('keeps both keys in one slot, and only as long as they matter', async () => {
    await left(await buckets(), 'route.id.client', 1, bucketOf({ requestedTokens: 3 }));
    expect(await redis.get('request_rate_limiter.{route.id.client}.tokens')).toBe('17');
    expect(await redis.ttl('request_rate_limiter.{route.id.client}.timestamp')).toBe(4);
  });

  const bucket4j = (args: Partial<Bucket4jArgs>): BucketSettings =>
    bucket4jLimit({
      capacity: 3,
      refillPeriodMs: 1_000,
      refillStyle: 'GREEDY',
      requestedTokens: 1,
      headerName: 'X',
      ...args,
    }).bucket;

  it('lets tokens flow in one by one, each when it is due', async () => {
    const made = await buckets();
    const bucket = bucket4j({ refillPeriodMs: 1_200 });
    const emptied = async (key: string): Promise<number> => {
      const before = await nowMs();
      expect(await left(made, key, 4, bucket)).toEqual([2, 1, 0, -100]);
      return before;
    };
    const beforeMs = await emptied('greedy');
    const afterMs = await nowMs();
    let verdict = await made.take('greedy', bucket);
    while (!verdict.isAllowed) verdict = await made.take('greedy', bucket);
    expect(await nowMs()).toBeGreaterThanOrEqual(beforeMs + 400);
    await until(afterMs + 1_200);
    expect((await left(made, 'greedy', 3, bucket)).slice(0, 2)).toEqual([1, 0]);
  });

  it('fills a bucket at the end of each period that began with its first request', async () => {
    const made = await buckets();
    const bucket = bucket4j({ refillStyle: 'INTERVALLY', refillTokens: 2 });
    const beforeMs = await nowMs();
    expect(await left(made, 'intervally', 4, bucket)).toEqual([2, 1, 0, -100]);
    const afterMs = await nowMs();
    let verdict = await made.take('intervally', bucket);
    while (!verdict.isAllowed) verdict = await made.take('intervally', bucket);
    expect(verdict.remaining).toBe(1);
    expect(await nowMs()).toBeGreaterThanOrEqual(beforeMs + 1_000);
    await until(afterMs + 2_000);
    expect(await left(made, 'intervally', 1, bucket)).toEqual([2]);
  });

  it('fills a bucket for the first time when it is said to, however far off that is', async () => {
    const made = await buckets();
    const timeOfFirstRefillMs = (await nowMs()) + 1_500;
    const bucket = bucket4j({ refillStyle: 'INTERVALLY_ALIGNED', refillPeriodMs: 200, timeOfFirstRefillMs });
    expect(await left(made, 'aligned', 3, bucket)).toEqual([2, 1, 0]);
    expect(await redis.pttl('request_rate_limiter.{aligned}.tokens')).toBeGreaterThan(1_300);
    let verdict = await made.take('aligned', bucket);
    while (!verdict.isAllowed) verdict = await made.take('aligned', bucket);
    expect(verdict.remaining).toBe(2);
    expect(await nowMs()).toBeGreaterThanOrEqual(timeOfFirstRefillMs);
  });

  it.each<[string, number, Partial<Bucket4jArgs>]>([
    [
      'one refill more than fills',
      3_600_000,
      { refillStyle: 'INTERVALLY', refillPeriodMs: 3_600_000, refillTokens: 9 },
    ],
    ['fills little by little', 240_000, { refillPeriodMs: 60_000, capacity: 10, refillTokens: 5 }],
    ['never fills', 100 * 365 * 86_400_000, { capacity: Number.MAX_SAFE_INTEGER, refillTokens: 1 }],
  ])('remembers a bucket that %s long enough', async (key, expectedMs, args) => {
    const made = await buckets();
    expect(await left(made, key, 1, bucket4j(args))).toEqual([(args.capacity ?? 3) - 1]);
    const ttlMs = await redis.pttl(`request_rate_limiter.{${key}}.timestamp`);
    expect(ttlMs).toBeGreaterThan(expectedMs - 1_000);
    expect(ttlMs).toBeLessThanOrEqual(expectedMs);
  });

  it('shares a bucket among gateways, none of them taking what another took', async () => {
    const both = [await buckets(), await buckets()];
    await secondBegins();
    const verdicts = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (both[at % 2] as RedisBuckets).take('shared', settings)),
    );
    expect(verdicts.filter((verdict) => verdict.isAllowed)).toHaveLength(20);
  });

  it('allows everything where nobody listens, or nothing where it is told so', async () => {
    const port = await deadPort();
    expect(await (await buckets({ port, waits: false })).take('k', settings)).toEqual({
      isAllowed: true,
      remaining: -1,
    });
    const strict = await buckets({ port, waits: false, failOpen: false });
    await expect(strict.take('k', settings)).rejects.toMatchObject({ status: 503 });
  });

  it('goes on after a restart that has forgotten scripts and buckets', async () => {
    const made = await buckets();
    await server.stop();
    expect(await made.take('k', settings)).toEqual({ isAllowed: true, remaining: -1 });
    await server.start();
    await recovered(made);
    await secondBegins();
    expect(await left(made, 'k', 2)).toEqual([19, 18]);
  });

  it('waits for a Redis that hangs no longer than its time-out, and once for all requests', async () => {
    const made = await buckets();
    server.freeze();
    try {
      const startedAt = performance.now();
      expect(await made.take('k', settings)).toEqual({ isAllowed: true, remaining: -1 });
      expect(performance.now() - startedAt).toBeLessThan(600);
      const pausedAt = performance.now();
      for (let count = 0; count < 100; count++) expect((await made.take('k', settings)).remaining).toBe(-1);
      expect(performance.now() - pausedAt).toBeLessThan(100);
      clock.advance(1_000);
      const probe = made.take('k', settings);
      const others = performance.now();
      for (let count = 0; count < 100; count++) expect((await made.take('k', settings)).remaining).toBe(-1);
      expect(performance.now() - others).toBeLessThan(100);
      expect((await probe).remaining).toBe(-1);
    } finally {
      server.thaw();
    }
    await recovered(made);
  });
});

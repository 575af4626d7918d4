import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RedisServer, withoutRedis } from '../testing/redis-server.js';
import { deadPort } from '../testing/scripted-upstream.js';
import { RedisBuckets } from './redis-buckets.js';

const settings = { replenishRate: 10, burstCapacity: 20, requestedTokens: 1 };
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
        .take('probe', { ...settings, burstCapacity: 1_000_000 })
        .catch(() => ({ remaining: -1 }));
      if (remaining >= 0) return;
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
  }

  /** Resolves when a second of Redis's has just begun. */
  async function secondBegins(): Promise<void> {
    const now = async () => Number((await redis.time())[0]);
    const second = await now();
    while ((await now()) === second) continue;
  }

  async function left(made: RedisBuckets, key: string, count: number, changes = {}): Promise<number[]> {
    const verdicts: number[] = [];
    for (let at = 0; at < count; at++) {
      const { isAllowed, remaining } = await made.take(key, { ...settings, ...changes });
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
    await left(await buckets(), 'route.id.client', 1, { requestedTokens: 3 });
    expect(await redis.get('request_rate_limiter.{route.id.client}.tokens')).toBe('17');
    expect(await redis.ttl('request_rate_limiter.{route.id.client}.timestamp')).toBe(4);
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

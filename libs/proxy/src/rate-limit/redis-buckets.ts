import { Logger } from '@nestjs/common';
import { type Clock, SystemClock } from '@tigateway/model';
import { ExchangeError } from '@tigateway/routing';
import { Redis, type Result } from 'ioredis';
import { type BucketSettings, RateLimiterBackend, type Verdict } from './rate-limiter-backend.js';
import type { RedisSettings } from './redis-settings.js';

/**
 * Spring Cloud Gateway's bucket, atomic in Redis: by Redis's clock, in whole seconds, and forgotten once it would be full again.
 */
const TAKE_TOKENS = `
local rate = tonumber(ARGV[1])
local capacity = tonumber(ARGV[2])
local requested = tonumber(ARGV[3])
local now = tonumber(redis.call('TIME')[1])
local ttl = math.floor(capacity / rate * 2)

local tokens = tonumber(redis.call('GET', KEYS[1])) or capacity
local refreshed = tonumber(redis.call('GET', KEYS[2])) or 0
local filled = math.min(capacity, tokens + math.max(0, now - refreshed) * rate)
local allowed = filled >= requested
if allowed then filled = filled - requested end
redis.call('SETEX', KEYS[1], ttl, filled)
redis.call('SETEX', KEYS[2], ttl, now)
return { allowed and 1 or 0, tostring(filled) }
`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeTokens(
      tokensKey: string,
      secondKey: string,
      rate: number,
      capacity: number,
      requested: number,
    ): Result<[allowed: number, remaining: string], Context>;
  }
}

/** After a failure nobody asks for this long, so that a Redis that hangs does not make every request wait. */
const PAUSE_MS = 1_000;
const MAX_RECONNECT_MS = 2_000;

/** Buckets that all gateways of one Redis share. */
export class RedisBuckets extends RateLimiterBackend {
  private readonly redis: Redis;
  private readonly logger = new Logger('RateLimiter');
  private pausedUntilMs = -Infinity;
  private isDown = false;

  /** @param failOpen true: without Redis everything is allowed; false: nothing */
  constructor(
    settings: RedisSettings,
    private readonly failOpen: boolean,
    private readonly clock: Clock = new SystemClock(),
  ) {
    super();
    const { host, port, username, password, database, tls, connectTimeoutMs, commandTimeoutMs } = settings;
    this.redis = new Redis({
      host,
      port,
      ...(username && { username }),
      ...(password && { password }),
      db: database,
      ...(tls && { tls: {} }),
      connectTimeout: connectTimeoutMs,
      commandTimeout: commandTimeoutMs,
      // A command that cannot go now is a failure now: requests do not queue for Redis.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 50, MAX_RECONNECT_MS),
    });
    this.redis.on('ready', () => (this.pausedUntilMs = -Infinity));
    this.redis.on('error', (error: Error) => this.note(error));
    this.redis.defineCommand('takeTokens', { numberOfKeys: 2, lua: TAKE_TOKENS });
  }

  override take(bucket: string, settings: BucketSettings): Promise<Verdict> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.pausedUntilMs) return this.without();
    // Down: one request finds out whether it still is, the others do not wait for it.
    if (this.isDown) this.pausedUntilMs = nowMs + PAUSE_MS;
    return this.ask(bucket, settings);
  }

  close(): void {
    this.redis.disconnect();
  }

  private async ask(bucket: string, settings: BucketSettings): Promise<Verdict> {
    const key = `request_rate_limiter.{${bucket}}`;
    const { replenishRate, burstCapacity, requestedTokens } = settings;
    try {
      const [allowed, remaining] = await this.redis.takeTokens(
        `${key}.tokens`,
        `${key}.timestamp`,
        replenishRate,
        burstCapacity,
        requestedTokens,
      );
      if (this.isDown) {
        this.isDown = false;
        this.pausedUntilMs = -Infinity;
        this.logger.log('Redis answers again');
      }
      return { isAllowed: allowed === 1, remaining: Math.floor(Number(remaining)) };
    } catch (error) {
      this.pausedUntilMs = this.clock.monotonicMs() + PAUSE_MS;
      this.note(error as Error);
      return this.without();
    }
  }

  private without(): Promise<Verdict> {
    if (this.failOpen) return ALLOWED;
    return Promise.reject(new ExchangeError(503, 'the rate limiter cannot be asked'));
  }

  private note(error: Error): void {
    if (this.isDown) return;
    this.isDown = true;
    const consequence = this.failOpen ? 'requests are not limited' : 'limited routes answer 503';
    this.logger.warn(`Redis does not answer, ${consequence}: ${error.message || String(error)}`);
  }
}

const ALLOWED: Promise<Verdict> = Promise.resolve({ isAllowed: true, remaining: -1 });

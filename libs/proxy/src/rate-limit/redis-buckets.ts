import { Logger } from '@nestjs/common';
import { type Clock, libraryOnDemand, SystemClock } from '@tigateway/model';
import { ExchangeError } from '@tigateway/routing';
import type * as Ioredis from 'ioredis';
import { type BucketSettings, RateLimiterBackend, type Verdict } from './rate-limiter-backend.js';
import type { RedisSettings } from './redis-settings.js';

const ioredis = libraryOnDemand<typeof Ioredis>('ioredis');

/** A hundred years: Redis takes no time that ends in the far future. */
const MAX_TTL_MS = 100 * 365 * 86_400_000;

/**
 * The rule of `RateLimiterBackend`, atomic in Redis: by Redis's clock, and forgotten once the bucket would be full again. Numbers
 * are written out whole: Lua shows large ones with 14 digits.
 */
const TAKE_TOKENS = `
local per_token = tonumber(ARGV[1])
local capacity = tonumber(ARGV[2])
local cost = tonumber(ARGV[3])
local refill = tonumber(ARGV[4])
local every = tonumber(ARGV[5])
local first = tonumber(ARGV[6])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local parts = tonumber(redis.call('GET', KEYS[1])) or capacity
local refilled = tonumber(redis.call('GET', KEYS[2])) or (first and first - every or now)
local refills = math.floor((now - refilled) / every)
refilled = refilled + refills * every
if first then refilled = math.max(refilled, first - every) end
parts = math.min(capacity, parts + math.max(0, refills) * refill)
local allowed = parts >= cost
if allowed then parts = parts - cost end

local ttl = math.max(0, refilled - now) + math.max(1, capacity / refill * 2) * every
ttl = string.format('%.0f', math.min(math.ceil(ttl), ${MAX_TTL_MS}))
redis.call('SET', KEYS[1], string.format('%.17g', parts), 'PX', ttl)
redis.call('SET', KEYS[2], string.format('%.17g', refilled), 'PX', ttl)
return { allowed and 1 or 0, string.format('%.0f', math.floor(parts / per_token)) }
`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeTokens(
      partsKey: string,
      refilledKey: string,
      partsPerToken: number,
      capacityParts: number,
      costParts: number,
      refillParts: number,
      refillEveryMs: number,
      /** Empty where refills are counted from the first request. */
      firstRefillMs: number | '',
    ): Ioredis.Result<[allowed: number, remaining: string], Context>;
  }
}

/** After a failure nobody asks for this long, so that a Redis that hangs does not make every request wait. */
const PAUSE_MS = 1_000;
const MAX_RECONNECT_MS = 2_000;

/** Buckets that all gateways of one Redis share. */
export class RedisBuckets extends RateLimiterBackend {
  private readonly redis: Ioredis.Redis;
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
    this.redis = new (ioredis().Redis)({
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
    const { partsPerToken, capacityParts, costParts, refillParts, refillEveryMs, firstRefillMs = '' } = settings;
    try {
      const [allowed, remaining] = await this.redis.takeTokens(
        `${key}.tokens`,
        `${key}.timestamp`,
        partsPerToken,
        capacityParts,
        costParts,
        refillParts,
        refillEveryMs,
        firstRefillMs,
      );
      if (this.isDown) {
        this.isDown = false;
        this.pausedUntilMs = -Infinity;
        this.logger.log('Redis answers again');
      }
      return { isAllowed: allowed === 1, remaining: Number(remaining) };
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

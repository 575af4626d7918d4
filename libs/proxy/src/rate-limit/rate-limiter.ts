import type { Clock } from '@tigateway/model';
import { KeyResolvers } from './key-resolver.js';
import { MemoryBuckets } from './memory-buckets.js';
import type { RateLimiterBackend } from './rate-limiter-backend.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limiter-options.js';
import { RedisBuckets } from './redis-buckets.js';

/** What the limiters of all routes share. */
export class RateLimiter {
  readonly keyResolvers: KeyResolvers;
  readonly backend: RateLimiterBackend;

  /**
   * @param memory counts where the options name no Redis
   * @throws Error for a key resolver that is none, or a Redis that is not set up
   */
  constructor(
    clock: Clock,
    readonly options: RateLimiterOptions = DEFAULT_RATE_LIMITER_OPTIONS,
    memory: RateLimiterBackend = new MemoryBuckets(clock),
  ) {
    this.keyResolvers = new KeyResolvers(options.keyResolvers);
    if (options.backend === 'redis') {
      if (options.redis === undefined) throw new Error('the backend redis needs to know where Redis is');
      this.backend = new RedisBuckets(options.redis, options.failOpen, clock);
    } else this.backend = memory;
  }

  close(): void {
    if (this.backend instanceof RedisBuckets) this.backend.close();
  }
}

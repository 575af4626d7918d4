import { type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '@tigateway/model';
import { KeyResolvers } from './key-resolver.js';
import { MemoryBuckets } from './memory-buckets.js';
import type { RateLimiterBackend } from './rate-limiter-backend.js';
import { DEFAULT_RATE_LIMITER_OPTIONS, type RateLimiterOptions } from './rate-limiter-options.js';
import { RedisBuckets } from './redis-buckets.js';

/** What the limiters of all routes share. */
export class RateLimiter implements OnModuleDestroy {
  readonly keyResolvers: KeyResolvers;
  readonly backend: RateLimiterBackend;

  /** @throws Error for a key resolver that is none, or a Redis that is not set up */
  constructor(
    clock: Clock,
    readonly options: RateLimiterOptions = DEFAULT_RATE_LIMITER_OPTIONS,
  ) {
    this.keyResolvers = new KeyResolvers(options.keyResolvers);
    if (options.backend === 'redis') {
      if (options.redis === undefined) throw new Error('the backend redis needs to know where Redis is');
      this.backend = new RedisBuckets(options.redis, options.failOpen, clock);
    } else this.backend = new MemoryBuckets(clock);
  }

  onModuleDestroy(): void {
    if (this.backend instanceof RedisBuckets) this.backend.close();
  }
}

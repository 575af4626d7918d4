import type { Clock } from '@tigateway/model';
import { LRUCache } from 'lru-cache';
import { type BucketSettings, RateLimiterBackend, type Verdict } from './rate-limiter-backend.js';

/** Clients that are remembered; one who is forgotten begins with a full bucket. */
const MAX_BUCKETS = 100_000;

interface Bucket {
  tokens: number;
  /** Of the epoch, when it was last looked at. */
  second: number;
}

/** Buckets of this process alone, by the same rule as those in Redis. */
export class MemoryBuckets extends RateLimiterBackend {
  private buckets: LRUCache<string, Bucket> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly maxBuckets = MAX_BUCKETS,
  ) {
    super();
  }

  override take(key: string, { replenishRate, burstCapacity, requestedTokens }: BucketSettings): Verdict {
    this.buckets ??= new LRUCache({ max: this.maxBuckets });
    const second = Math.floor(this.clock.now() / 1_000);
    let bucket = this.buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: burstCapacity, second };
      this.buckets.set(key, bucket);
    }
    const passed = Math.max(0, second - bucket.second);
    const filled = Math.min(burstCapacity, bucket.tokens + passed * replenishRate);
    const isAllowed = filled >= requestedTokens;
    bucket.tokens = isAllowed ? filled - requestedTokens : filled;
    bucket.second = second;
    return { isAllowed, remaining: bucket.tokens };
  }
}

import type { Clock } from '@tigateway/model';
import { LRUCache } from 'lru-cache';
import { type BucketSettings, RateLimiterBackend, type Verdict } from './rate-limiter-backend.js';

/** Clients that are remembered; one who is forgotten begins with a full bucket. */
const MAX_BUCKETS = 100_000;

interface Bucket {
  parts: number;
  /** When the last refill was due, since the epoch. */
  refilledMs: number;
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

  override take(key: string, settings: BucketSettings): Verdict {
    const { partsPerToken, capacityParts, costParts, refillParts, refillEveryMs, firstRefillMs } = settings;
    const nowMs = this.clock.now();
    const earliestMs = firstRefillMs === undefined ? -Infinity : firstRefillMs - refillEveryMs;
    this.buckets ??= new LRUCache({ max: this.maxBuckets });
    let bucket = this.buckets.get(key);
    if (bucket === undefined) {
      bucket = { parts: capacityParts, refilledMs: firstRefillMs === undefined ? nowMs : earliestMs };
      this.buckets.set(key, bucket);
    }
    // Negative where the clock stepped back: that brings nothing, and counts on from there.
    const refills = Math.floor((nowMs - bucket.refilledMs) / refillEveryMs);
    bucket.refilledMs = Math.max(earliestMs, bucket.refilledMs + refills * refillEveryMs);
    bucket.parts = Math.min(capacityParts, bucket.parts + Math.max(0, refills) * refillParts);
    const isAllowed = bucket.parts >= costParts;
    if (isAllowed) bucket.parts -= costParts;
    return { isAllowed, remaining: Math.floor(bucket.parts / partsPerToken) };
  }
}

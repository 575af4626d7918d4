/**
 * How fast a bucket fills and what one request costs. Amounts are whole numbers of parts, `partsPerToken` of them a token: so a
 * token can come little by little and nothing is rounded.
 */
export interface BucketSettings {
  readonly partsPerToken: number;
  /** What it holds at most. */
  readonly capacityParts: number;
  /** What one request takes. */
  readonly costParts: number;
  /** What each refill brings, */
  readonly refillParts: number;
  /** and the time from one to the next. */
  readonly refillEveryMs: number;
  /** Since the epoch: the first refill, which all others are counted from. Absent: counted from the bucket's first request. */
  readonly firstRefillMs?: number;
}

export interface Verdict {
  readonly isAllowed: boolean;
  /** Whole tokens that are left; -1 where nobody could be asked. */
  readonly remaining: number;
}

/** Where token buckets are kept. */
export abstract class RateLimiterBackend {
  /**
   * Takes what one request costs out of a bucket, if it is there. A bucket that nobody knows is full; each refill that has come
   * due brings its parts as a whole.
   * @returns at once where the backend need not ask anybody
   * @throws ExchangeError 503 where nobody could be asked and that is not to be taken for a yes
   */
  abstract take(bucket: string, settings: BucketSettings): Verdict | Promise<Verdict>;
}

/** How fast a bucket fills and what one request costs. */
export interface BucketSettings {
  /** Tokens a second. */
  readonly replenishRate: number;
  /** Tokens that it holds at most. */
  readonly burstCapacity: number;
  readonly requestedTokens: number;
}

export interface Verdict {
  readonly isAllowed: boolean;
  /** Tokens that are left; -1 where nobody could be asked. */
  readonly remaining: number;
}

/** Where token buckets are kept. */
export abstract class RateLimiterBackend {
  /**
   * Takes the tokens of one request out of a bucket, if they are there. A bucket that nobody knows is full; it fills step by
   * step, a whole second's tokens at a time.
   * @returns at once where the backend need not ask anybody
   * @throws ExchangeError 503 where nobody could be asked and that is not to be taken for a yes
   */
  abstract take(bucket: string, settings: BucketSettings): Verdict | Promise<Verdict>;
}

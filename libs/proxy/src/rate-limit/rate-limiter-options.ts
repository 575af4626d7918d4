import type { RedisSettings } from './redis-settings.js';

/** What all limiters have in common: the part of the bootstrap file that is theirs. */
export interface RateLimiterOptions {
  readonly backend: 'memory' | 'redis';
  readonly redis?: RedisSettings;
  /** True: where Redis cannot be asked, everything is allowed. */
  readonly failOpen: boolean;
  /** For limiters that do not say it themselves. */
  readonly denyEmptyKey: boolean;
  readonly emptyKeyStatus: number;
  readonly keyResolvers: Readonly<Record<string, string>>;
  readonly headers: RateLimitHeaders;
}

/** The names of what a client is told. */
export interface RateLimitHeaders {
  /** False: it is told nothing. */
  readonly included: boolean;
  readonly remaining: string;
  readonly replenishRate: string;
  readonly burstCapacity: string;
  readonly requestedTokens: string;
}

export const DEFAULT_RATE_LIMITER_OPTIONS: RateLimiterOptions = Object.freeze({
  backend: 'memory',
  failOpen: true,
  denyEmptyKey: true,
  emptyKeyStatus: 403,
  keyResolvers: {},
  headers: {
    included: true,
    remaining: 'X-RateLimit-Remaining',
    replenishRate: 'X-RateLimit-Replenish-Rate',
    burstCapacity: 'X-RateLimit-Burst-Capacity',
    requestedTokens: 'X-RateLimit-Requested-Tokens',
  },
});

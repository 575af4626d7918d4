import type { CompiledGlobals, ShownValue } from '@tigateway/routing';
import type { RateLimitHeaders } from './rate-limiter-options.js';
import type { BucketSettings } from './rate-limiter-backend.js';

/** What a client is told of its limit. */
export interface Told {
  /** The header that says what is left. */
  readonly remaining: string;
  /** Names and values that are always the same. */
  readonly constantLines: readonly string[];
}

/** One way to write a limit, brought to what all buckets are. */
export interface Limit {
  readonly bucket: BucketSettings;
  /** As the actuator shows it. */
  readonly shown: readonly (readonly [field: string, value: ShownValue])[];
  /** @returns `undefined` where the client is told nothing */
  told(own: RateLimitHeaders, globals: CompiledGlobals['rateLimiterHeaders']): Told | undefined;
}

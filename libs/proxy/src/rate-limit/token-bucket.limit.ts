import { Int } from '@tigateway/model';
import { ComponentError } from '@tigateway/routing';
import { Max, Min } from 'class-validator';
import type { Limit } from './limit.js';

/** Spring's `redis-rate-limiter`. */
export class TokenBucketArgs {
  @Int({ key: 'replenishRate', about: 'Tokens a second.' })
  @Min(1)
  replenishRate!: number;

  @Int({ key: 'burstCapacity', optional: true, about: 'Tokens that a bucket holds; the rate where it is left out.' })
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  burstCapacity?: number;

  @Int({ key: 'requestedTokens', about: 'Tokens that one request costs.' })
  @Min(1)
  requestedTokens = 1;
}

/** A whole second's tokens with each second of the clock. */
export function tokenBucketLimit(args: TokenBucketArgs): Limit {
  const { replenishRate, burstCapacity = replenishRate, requestedTokens } = args;
  if (burstCapacity < replenishRate) {
    throw new ComponentError('tokenBucket.burstCapacity', 'burstCapacity must not be less than replenishRate');
  }
  return {
    bucket: {
      partsPerToken: 1,
      capacityParts: burstCapacity,
      costParts: requestedTokens,
      refillParts: replenishRate,
      refillEveryMs: 1_000,
      firstRefillMs: 0,
    },
    shown: [
      ['replenishRate', replenishRate],
      ['burstCapacity', burstCapacity],
      ['requestedTokens', requestedTokens],
    ],
    told(own, globals) {
      if (!(globals.includeHeaders ?? own.included)) return undefined;
      return {
        remaining: globals.remainingHeader ?? own.remaining,
        constantLines: [
          globals.replenishRateHeader ?? own.replenishRate,
          String(replenishRate),
          globals.burstCapacityHeader ?? own.burstCapacity,
          String(burstCapacity),
          globals.requestedTokensHeader ?? own.requestedTokens,
          String(requestedTokens),
        ],
      };
    },
  };
}

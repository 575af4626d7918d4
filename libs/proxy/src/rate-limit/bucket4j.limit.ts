import { Choice, DurationMs, formatDurationMs, InstantMs, Int, Text } from '@tigateway/model';
import { ComponentError, IsHeaderName, Unquoted } from '@tigateway/routing';
import { IsPositive, Max, Min } from 'class-validator';
import type { Limit } from './limit.js';
import type { BucketSettings } from './rate-limiter-backend.js';

const REFILL_STYLES = ['GREEDY', 'INTERVALLY', 'INTERVALLY_ALIGNED'] as const;

/** Spring's `bucket4j-rate-limiter`. */
export class Bucket4jArgs {
  @Int({ about: 'Tokens that a bucket holds.' })
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  capacity!: number;

  @DurationMs({ key: 'refillPeriod', about: 'In which refillTokens flow in.' })
  @IsPositive()
  refillPeriodMs!: number;

  @Int({ key: 'refillTokens', optional: true, about: 'The capacity where it is left out.' })
  @Min(1)
  refillTokens?: number;

  @Choice(REFILL_STYLES, {
    key: 'refillStyle',
    about:
      'GREEDY: one by one, spread over the period; INTERVALLY: all at its end, counted from the first request; INTERVALLY_ALIGNED: likewise, counted from timeOfFirstRefill.',
  })
  refillStyle: (typeof REFILL_STYLES)[number] = 'GREEDY';

  @InstantMs({ key: 'timeOfFirstRefill', optional: true, about: 'For INTERVALLY_ALIGNED, and needed there.' })
  @Min(0)
  timeOfFirstRefillMs?: number;

  @Int({ key: 'requestedTokens', about: 'Tokens that one request costs.' })
  @Min(1)
  requestedTokens = 1;

  @Text({ key: 'headerName', about: 'Tells the client what is left.' })
  @IsHeaderName()
  headerName = 'X-RateLimit-Remaining';
}

export function bucket4jLimit(args: Bucket4jArgs): Limit {
  const { capacity, refillPeriodMs, refillTokens = capacity, refillStyle, requestedTokens, headerName } = args;
  const isAligned = refillStyle === 'INTERVALLY_ALIGNED';
  if (isAligned && args.timeOfFirstRefillMs === undefined) {
    throw new ComponentError('bucket4j.refillStyle', 'INTERVALLY_ALIGNED needs timeOfFirstRefill');
  }
  if (!isAligned && args.timeOfFirstRefillMs !== undefined) {
    throw new ComponentError('bucket4j.timeOfFirstRefill', `timeOfFirstRefill means nothing to ${refillStyle}`);
  }
  if (requestedTokens > capacity) {
    throw new ComponentError('bucket4j.requestedTokens', 'requestedTokens must not be more than the capacity');
  }
  return {
    bucket: bucketOf(args, refillTokens),
    shown: [
      ['capacity', capacity],
      ['refillPeriod', new Unquoted(formatDurationMs(refillPeriodMs))],
      ['refillTokens', refillTokens],
      ['refillStyle', new Unquoted(refillStyle)],
      ['requestedTokens', requestedTokens],
    ],
    told: ({ included }) => (included ? { remaining: headerName, constantLines: [] } : undefined),
  };
}

/** GREEDY: with each millisecond its share of a token. The period times the tokens is one whole number of shares. */
function bucketOf(args: Bucket4jArgs, refillTokens: number): BucketSettings {
  const { capacity, refillPeriodMs, refillStyle, timeOfFirstRefillMs, requestedTokens } = args;
  const isGreedy = refillStyle === 'GREEDY';
  const partsPerToken = isGreedy ? refillPeriodMs : 1;
  return {
    partsPerToken,
    capacityParts: capacity * partsPerToken,
    costParts: requestedTokens * partsPerToken,
    refillParts: refillTokens,
    refillEveryMs: isGreedy ? 1 : refillPeriodMs,
    ...(timeOfFirstRefillMs !== undefined && { firstRefillMs: timeOfFirstRefillMs }),
  };
}

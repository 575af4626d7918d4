import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { type Bucket4jArgs, bucket4jLimit } from './bucket4j.limit.js';
import { MemoryBuckets } from './memory-buckets.js';

const STARTED_MS = Date.UTC(2026, 0, 1);

/** How many requests get through at each of the given times after the start, all that can. */
function passing(args: Partial<Bucket4jArgs>, atMs: readonly number[]): number[] {
  const clock = new FakeClock(STARTED_MS);
  const buckets = new MemoryBuckets(clock);
  const { bucket } = bucket4jLimit({
    capacity: 6,
    refillPeriodMs: 1_000,
    refillStyle: 'GREEDY',
    requestedTokens: 1,
    headerName: 'X',
    ...args,
  });
  let passedMs = 0;
  return atMs.map((ms) => {
    clock.advance(ms - passedMs);
    passedMs = ms;
    let count = 0;
    while (buckets.take('k', bucket).isAllowed) count++;
    return count;
  });
}

describe('a limit in the words of Bucket4j', () => {
  it.each<[string, Partial<Bucket4jArgs>, readonly number[], readonly number[]]>([
    [
      'GREEDY brings each token when it is due',
      { refillTokens: 2 },
      [0, 499, 500, 999, 1_000, 9_000],
      [6, 0, 1, 0, 1, 6],
    ],
    ['GREEDY fills the whole bucket in one period', {}, [0, 166, 167, 1_000], [6, 0, 1, 5]],
    [
      'GREEDY brings nothing early after a time at rest',
      { capacity: 1 },
      [0, 1_500, 2_000, 2_499, 2_500],
      [1, 1, 0, 0, 1],
    ],
    [
      'a request that costs two waits for two',
      { requestedTokens: 2, refillTokens: 3 },
      [0, 600, 667, 1_334],
      [3, 0, 1, 1],
    ],
    [
      'INTERVALLY brings all at the end of a period',
      { refillStyle: 'INTERVALLY', refillTokens: 4 },
      [0, 999, 1_000, 1_999, 2_000, 9_000],
      [6, 0, 4, 0, 4, 6],
    ],
    [
      'INTERVALLY keeps the beat of the first request',
      { refillStyle: 'INTERVALLY', refillTokens: 1 },
      [300, 1_200, 1_300, 3_700, 4_299, 4_300],
      [6, 0, 1, 2, 0, 1],
    ],
    [
      'INTERVALLY_ALIGNED keeps the beat of the first refill',
      { refillStyle: 'INTERVALLY_ALIGNED', timeOfFirstRefillMs: STARTED_MS - 700, refillTokens: 5 },
      [0, 299, 300, 1_299, 1_300],
      [6, 0, 5, 0, 5],
    ],
    [
      'INTERVALLY_ALIGNED waits for a first refill that is far off',
      { refillStyle: 'INTERVALLY_ALIGNED', timeOfFirstRefillMs: STARTED_MS + 5_000, refillTokens: 2 },
      [0, 4_999, 5_000, 5_999, 6_000],
      [6, 0, 2, 0, 2],
    ],
  ])('%s', (_, args, atMs, expected) => {
    expect(passing(args, atMs)).toEqual(expected);
  });

  it('loses no part of a token, however often it is asked', () => {
    const eachMs = Array.from({ length: 10_001 }, (_, ms) => ms);
    const count = passing({ refillTokens: 7, refillPeriodMs: 997 }, eachMs).reduce((sum, each) => sum + each);
    expect(count).toBe(6 + Math.floor((10_000 * 7) / 997));
  });

  it('goes on where the clock steps back, and before a first refill stays where it is', () => {
    const clock = new FakeClock(STARTED_MS);
    const buckets = new MemoryBuckets(clock);
    const limit = { capacity: 1, refillPeriodMs: 1_000, requestedTokens: 1, headerName: 'X' };
    const intervally = bucket4jLimit({ ...limit, refillStyle: 'INTERVALLY' }).bucket;
    const timeOfFirstRefillMs = STARTED_MS + 2_000;
    const aligned = bucket4jLimit({ ...limit, refillStyle: 'INTERVALLY_ALIGNED', timeOfFirstRefillMs }).bucket;
    const both = (): boolean[] => [buckets.take('a', intervally).isAllowed, buckets.take('b', aligned).isAllowed];
    expect(both()).toEqual([true, true]);
    clock.step(-3_600_000);
    expect(both()).toEqual([false, false]);
    clock.step(1_000);
    expect(both()).toEqual([true, false]);
    clock.step(3_600_000);
    expect(both()).toEqual([true, false]);
    clock.step(1_000);
    expect(both()).toEqual([true, true]);
  });
});

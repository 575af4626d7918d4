import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { MemoryBuckets } from './memory-buckets.js';
import { tokenBucketLimit } from './token-bucket.limit.js';

const settings = { replenishRate: 10, burstCapacity: 20, requestedTokens: 1 };

describe('MemoryBuckets', () => {
  let clock: FakeClock;
  let buckets: MemoryBuckets;
  beforeEach(() => {
    clock = new FakeClock();
    buckets = new MemoryBuckets(clock, 2);
  });

  const left = (key: string, count: number, changes = {}): number[] =>
    Array.from({ length: count }, () => {
      const { isAllowed, remaining } = buckets.take(key, tokenBucketLimit({ ...settings, ...changes }).bucket);
      return isAllowed ? remaining : -remaining - 100;
    });

  it('lets a burst through, then what flows in with each whole second', () => {
    expect(left('k', 21)).toEqual([...Array.from({ length: 20 }, (_, at) => 19 - at), -100]);
    clock.advance(999);
    expect(left('k', 1)).toEqual([-100]);
    clock.advance(1);
    expect(left('k', 11)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -100]);
    clock.advance(60_000);
    expect(left('k', 1)).toEqual([19]);
  });

  it('takes as many tokens as a request costs, or none', () => {
    expect(left('k', 3, { requestedTokens: 8 })).toEqual([12, 4, -104]);
    expect(left('k', 1, { requestedTokens: 4 })).toEqual([0]);
    expect(left('never', 1, { requestedTokens: 21 })).toEqual([-120]);
  });

  it('keeps keys apart and forgets the one that was not seen for longest', () => {
    left('a', 20);
    left('b', 20);
    expect([left('a', 1), left('c', 1), left('a', 1), left('b', 1)]).toEqual([[-100], [19], [-100], [19]]);
  });

  it('gives nothing for a clock that steps back', () => {
    left('k', 20);
    clock.step(-10_000);
    expect(left('k', 1)).toEqual([-100]);
    clock.step(1_000);
    expect(left('k', 1)).toEqual([9]);
  });
});

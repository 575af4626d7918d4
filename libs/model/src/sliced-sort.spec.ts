import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortedSliced } from './sliced-sort.js';

type Item = readonly [rank: number, place: number];

const byRank = (a: Item, b: Item): number => a[0] - b[0];

it.each([0, 1, 2_047, 2_048, 2_049, 20_000])('sorts %d items, and leaves equal ones as they were', async (count) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), async (ranks) => {
      const items = Array.from({ length: count }, (_, place): Item => [(place * 7_919) % ranks, place]);
      expect(await sortedSliced(items, byRank)).toEqual(items.toSorted(byRank));
    }),
    { numRuns: 5 },
  );
});

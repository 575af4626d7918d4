import { describe, expect, it } from 'vitest';
import { BackOff, type BackOffSettings } from './back-off.js';

const settings: BackOffSettings = { firstMs: 10, maxMs: undefined, factor: 2, basedOnPrevious: true, jitter: 0 };

function delays(changes: Partial<BackOffSettings>, ...dice: readonly number[]): number[] {
  let at = 0;
  const backOff = new BackOff({ ...settings, ...changes }, () => dice[at++] ?? 0.5);
  return [1, 2, 3, 4].map(() => backOff.next());
}

describe('BackOff', () => {
  it.each<[string, Partial<BackOffSettings>, readonly number[], readonly number[]]>([
    ['grows by the factor', {}, [], [10, 20, 40, 80]],
    ['grows to its limit', { maxMs: 50 }, [], [10, 20, 40, 50]],
    ['grows from the first likewise', { basedOnPrevious: false }, [], [10, 20, 40, 80]],
    ['stays where the factor is 1', { factor: 1 }, [], [10, 10, 10, 10]],
    ['is moved within first and max', { jitter: 1, maxMs: 30 }, [0, 1, 1, 0], [10, 30, 30, 10]],
    ['grows from what jitter made of the one before', { jitter: 0.5 }, [1, 0.5, 0.5, 0.5], [15, 30, 60, 120]],
    [
      'or from the first, whatever jitter made of the others',
      { jitter: 0.5, basedOnPrevious: false },
      [1, 0.5, 0.5, 0.5],
      [15, 20, 40, 80],
    ],
  ])('%s', (_, changes, dice, expected) => {
    expect(delays(changes, ...dice)).toEqual(expected);
  });
});

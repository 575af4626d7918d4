import type { TrafficCount } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { describeEvidence, isBeyondChance, isToBlame, worse } from './verdict.js';

const RULE = { threshold: 0.1, minRequests: 20 };
const of = (failures: number, requests: number): TrafficCount => ({ requests, failures });
const NONE = of(0, 0);

describe('a change', () => {
  it.each<[what: string, after: TrafficCount, before: TrafficCount, others: TrafficCount]>([
    ['fails where nothing failed', of(20, 20), of(0, 100), of(0, 100)],
    ['is a new route that fails', of(3, 20), NONE, NONE],
    ['fails where the others go on as ever', of(50, 100), of(1, 100), of(30, 100)],
    ['made what was bad much worse', of(90, 100), of(30, 100), NONE],
    ['fails, and of the others there are too few to tell', of(90, 100), NONE, of(19, 19)],
  ])('is to blame where it %s', (_, after, before, others) => {
    expect(isToBlame({ after, before, others }, RULE)).toBe(true);
  });

  it.each<[what: string, after: TrafficCount, before: TrafficCount, others: TrafficCount]>([
    ['has too few requests', of(19, 19), NONE, NONE],
    ['is exactly at the threshold', of(10, 100), NONE, NONE],
    ['was broken already', of(100, 100), of(40, 40), NONE],
    ['is hardly worse than before', of(14, 100), of(10, 100), NONE],
    ['happened to be there in an outage', of(98, 100), of(0, 100), of(195, 200)],
  ])('is not to blame where it %s', (_, after, before, others) => {
    expect(isToBlame({ after, before, others }, RULE)).toBe(false);
  });

  it('takes all requests to fail at a threshold of 0', () => {
    expect(isToBlame({ after: of(1, 20), before: NONE, others: NONE }, { ...RULE, threshold: 0 })).toBe(true);
    expect(isToBlame({ after: of(20, 20), before: NONE, others: NONE }, { ...RULE, threshold: 1 })).toBe(false);
  });

  it('is not judged by what chance makes of a small sample', () => {
    expect(isBeyondChance(of(3, 20), RULE)).toBe(false);
    expect(isBeyondChance(of(10, 20), RULE)).toBe(true);
    expect(isBeyondChance(of(75, 500), RULE)).toBe(true);
  });

  it('is held against the worse of two views of the others, where both are large enough', () => {
    expect(worse(of(1, 100), of(50, 100), RULE)).toEqual(of(50, 100));
    expect(worse(of(1, 100), of(5, 5), RULE)).toEqual(of(1, 100));
    expect(worse(of(5, 5), of(1, 100), RULE)).toEqual(of(1, 100));
  });

  it('comes back with the numbers that decided', () => {
    expect(describeEvidence({ after: of(42, 50), before: of(0, 12), others: NONE })).toBe(
      'after the change 42 of 50 failed (84 %); before it 0 of 12 failed (0 %); on other routes no requests',
    );
  });
});

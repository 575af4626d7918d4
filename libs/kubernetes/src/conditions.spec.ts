import { describe, expect, it } from 'vitest';
import { type Condition, sayAlready, withTransitionTimes } from './conditions.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const EARLIER = '2025-12-31T00:00:00Z';

function condition(status: Condition['status'], observedGeneration = 1): Condition {
  return { type: 'Accepted', status, observedGeneration, reason: 'Accepted', message: 'it is sound' };
}

describe('conditions', () => {
  it.each([
    ['is new', [], '2026-01-02T03:04:05Z'],
    ['had another status', [{ ...condition('False'), lastTransitionTime: EARLIER }], '2026-01-02T03:04:05Z'],
    ['had none before', [condition('True')], '2026-01-02T03:04:05Z'],
    ['was as it is', [{ ...condition('True', 7), message: 'x', lastTransitionTime: EARLIER }], EARLIER],
    [
      'was another',
      [{ ...condition('True'), type: 'Programmed', lastTransitionTime: EARLIER }],
      '2026-01-02T03:04:05Z',
    ],
  ])('get their time from before only where the status is the same: %s', (_, before, time) => {
    expect(withTransitionTimes([condition('True')], before, NOW_MS)).toEqual([
      { ...condition('True'), lastTransitionTime: time },
    ]);
  });

  it.each([
    ['the same and others', [{ ...condition('True'), lastTransitionTime: EARLIER }, { type: 'Other' }], true],
    ['another generation', [condition('True', 2)], false],
    ['another status', [condition('False')], false],
    ['another message', [{ ...condition('True'), message: 'x' }], false],
    ['another reason', [{ ...condition('True'), reason: 'X' }], false],
    ['nothing', [], false],
  ])('say already what is wanted: %s', (_, before, expected) => {
    expect(sayAlready([condition('True')], before)).toBe(expected);
  });
});

import { bindGlobal, type Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { nextTimeMs, UPDATE_POLICY } from './update-policy.settings.js';

describe('an update policy', () => {
  it.each<[what: string, policy: Json]>([
    ['nothing', {}],
    ['the wrapped form', { configuration: { update: { strategy: 'rolling' } } }],
    [
      'a schedule with a time zone',
      { update: { strategy: 'scheduled', schedule: '0 3 * * *', timezone: 'Asia/Tokyo' } },
    ],
    ['a window that is shorter than an interval nobody wrote', { rollback: { 'rollback-window': '5s' } }],
    ['ISO durations', { update: { interval: 'PT1S' }, rollback: { rollbackWindow: 'PT1M' } }],
  ])('is sound: %s', (_, policy) => {
    expect(bindGlobal(UPDATE_POLICY, policy).problems).toEqual([]);
  });

  const rolling = (more: Json): Json => ({ update: { strategy: 'rolling', ...(more as object) } });

  it.each<[what: string, policy: Json, pointer: string]>([
    ['a strategy that is none', { update: { strategy: 'sudden' } }, '/update/strategy'],
    ['no batch', { update: { 'batch-size': 0 } }, '/update/batch-size'],
    ['a negative batch', rolling({ 'batch-size': -1 }), '/update/batch-size'],
    ['half an item', rolling({ 'batch-size': 1.5 }), '/update/batch-size'],
    ['a negative interval', { update: { interval: '-1s' } }, '/update/interval'],
    ['no time at all', { update: { timeout: 0 } }, '/update/timeout'],
    ['a timeout within the first interval', rolling({ interval: '2m', timeout: '1m' }), '/update/timeout'],
    ['scheduled without a schedule', { update: { strategy: 'scheduled' } }, '/update/schedule'],
    ['a schedule that is none', { update: { schedule: 'often' } }, '/update/schedule'],
    ['a schedule that never comes', { update: { schedule: '0 0 30 2 *' } }, '/update/schedule'],
    ['an unknown time zone', { update: { schedule: '0 3 * * *', timezone: 'Mars/Base' } }, '/update/timezone'],
    ['a negative misfire limit', { update: { 'misfire-limit': '-1h' } }, '/update/misfire-limit'],
    ['no attempt', { update: { retry: { 'max-attempts': 0 } } }, '/update/retry/max-attempts'],
    ['a back-off that is none', { update: { retry: { backoff: 'random' } } }, '/update/retry/backoff'],
    ['a negative delay', { update: { retry: { 'initial-delay': -1 } } }, '/update/retry/initial-delay'],
    ['a threshold over 1', { rollback: { 'rollback-threshold': 1.1 } }, '/rollback/rollback-threshold'],
    ['a threshold below 0', { rollback: { 'rollback-threshold': -0.1 } }, '/rollback/rollback-threshold'],
    ['no window', { rollback: { 'rollback-window': 0 } }, '/rollback/rollback-window'],
    [
      'a window shorter than the interval',
      { update: { interval: '30s' }, rollback: { 'rollback-window': '10s' } },
      '/rollback/rollback-window',
    ],
    [
      'a window shorter than the interval that rolling takes',
      { update: { strategy: 'rolling' }, rollback: { 'rollback-window': '10s' } },
      '/rollback/rollback-window',
    ],
    ['no request', { rollback: { 'min-requests': 0 } }, '/rollback/min-requests'],
    ['no version', { history: { 'max-versions': 0 } }, '/history/max-versions'],
    ['no retention', { history: { 'retention-period': 0 } }, '/history/retention-period'],
    ['a share over 1', { validation: { 'max-deletions': 2 } }, '/validation/max-deletions'],
    ['what nobody knows', { update: { speed: 'fast' } }, '/update/speed'],
    ['in a wrapper', { configuration: { update: { 'batch-size': 0 } } }, '/configuration/update/batch-size'],
    ['in a wrapper, late', { configuration: { update: { schedule: 'x' } } }, '/configuration/update/schedule'],
  ])('is refused: %s', (_, policy, pointer) => {
    const { problems } = bindGlobal(UPDATE_POLICY, policy, '/at');
    expect(problems.map((each) => each.pointer)).toEqual([`/at${pointer}`]);
  });

  it('says when the next scheduled change goes in', () => {
    const { value } = bindGlobal(UPDATE_POLICY, { update: { schedule: '0 3 * * *', timezone: 'UTC' } });
    const now = Date.parse('2026-01-01T12:00:00Z');
    expect(value && nextTimeMs(value, now)).toBe(Date.parse('2026-01-02T03:00:00Z'));
  });
});

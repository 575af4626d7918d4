import { describe, expect, it } from 'vitest';
import { Schedule, scheduleProblem } from './schedule.js';

describe('Schedule', () => {
  it.each([
    ['every night', '0 3 * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T03:00:00Z'],
    ['a time that is now: the next one', '0 3 * * *', 'UTC', '2026-01-01T03:00:00Z', '2026-01-02T03:00:00Z'],
    ['in another time zone', '0 3 * * *', 'America/New_York', '2026-01-01T00:00:00Z', '2026-01-01T08:00:00Z'],
    [
      'in the hour that summer time leaves out',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['with seconds', '*/5 * * * * *', 'UTC', '2026-01-01T00:00:01Z', '2026-01-01T00:00:05Z'],
    ['a leap day', '0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ])('knows %s', (_, expression, timezone, now, next) => {
    expect(new Schedule(expression, timezone).next(Date.parse(now))).toBe(Date.parse(next));
  });

  it.each([
    ['0 0 30 2 *', 'never comes'],
    ['often', 'five'],
    ['61 * * * *', 'minute: 61'],
    ['0 0 0 1 1 * 2030', '5 or 6 parts'],
    ['2030-01-01T00:00:00', 'found a date'],
    ['', ''],
  ])('is not made of "%s"', (expression, message) => {
    expect(scheduleProblem(expression)).toContain(message);
  });
});

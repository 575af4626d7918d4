import { expect, it } from 'vitest';
import { BackOff } from './back-off.js';

it('doubles up to its end, each delay cut by up to a half, and begins anew', () => {
  const backOff = new BackOff({ firstMs: 100, maxMs: 500 });
  for (const wholeMs of [100, 200, 400, 500, 500]) {
    const delayMs = backOff.next();
    expect(delayMs).toBeGreaterThanOrEqual(wholeMs / 2);
    expect(delayMs).toBeLessThanOrEqual(wholeMs);
  }
  backOff.reset();
  expect(backOff.next()).toBeLessThanOrEqual(100);
});

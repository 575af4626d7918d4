import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { workerCount } from './worker-count.js';

describe('workerCount', () => {
  it.each([
    ['1', 1],
    ['2', 2],
    ['256', 256],
    ['auto', availableParallelism()],
  ])('reads %s', (text, count) => expect(workerCount(text)).toBe(count));

  it.each(['0', '-1', '1.5', '257', '02', 'many', ''])('refuses "%s"', (text) => {
    expect(() => workerCount(text)).toThrow(`"${text}" is no number of workers; expected 1 to 256, or auto`);
  });
});

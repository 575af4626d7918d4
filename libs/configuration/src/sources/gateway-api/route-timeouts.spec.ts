import { describe, expect, it } from 'vitest';
import { timeoutOf } from './route-timeouts.js';

describe('the timeouts of a rule', () => {
  it.each<[{ request?: string; backendRequest?: string }, number | undefined]>([
    [{}, undefined],
    [{ request: '10s' }, 10_000],
    [{ request: '1h2m3s4ms' }, 3_723_004],
    [{ request: '1s', backendRequest: '500ms' }, 500],
    [{ request: '1s', backendRequest: '0s' }, 1_000],
    [{ request: '0s' }, -1],
  ])('%j are %j ms', (timeouts, expected) => {
    expect(timeoutOf(timeouts, '')?.['response-timeout']).toBe(expected);
  });

  it.each(['10', '1.5s', '1d', '-1s', ''])('cannot be %j', (request) => {
    expect(() => timeoutOf({ request }, '/t')).toThrow('is no duration');
  });
});

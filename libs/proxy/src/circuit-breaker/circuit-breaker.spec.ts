import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { type BreakerSettings, CircuitBreaker } from './circuit-breaker.js';

const settings: BreakerSettings = { windowCalls: 10, minimumCalls: 4, failurePercent: 50, openMs: 1_000, probes: 3 };

function breaker(changes: Partial<BreakerSettings> = {}) {
  const clock = new FakeClock();
  const states: string[] = [];
  const made = new CircuitBreaker({ ...settings, ...changes }, clock, (state) => states.push(state));
  /** `+` a call that ends well, `-` one that fails, `?` one that nobody waits for. */
  const calls = (text: string): string =>
    [...text]
      .map((each) => {
        const call = made.enter();
        if (each === '+') call?.succeeded();
        else if (each === '-') call?.failed();
        else call?.abandoned();
        return call ? 'y' : 'n';
      })
      .join('');
  return { clock, states, made, calls };
}

describe('CircuitBreaker', () => {
  it.each([
    ['---', 'CLOSED', -1],
    ['+++-', 'CLOSED', 25],
    ['++--', 'OPEN', 50],
    ['---+', 'OPEN', 75],
    ['???-', 'CLOSED', -1],
    ['++++++++++----', 'CLOSED', 40],
    ['++++++++++-----', 'OPEN', 50],
    ['-++++++++++----', 'CLOSED', 40],
  ])('after %s is %s at %i %%', (text, state, percent) => {
    const { made, calls } = breaker();
    calls(text);
    expect([made.state, made.failurePercent]).toEqual([state, percent]);
  });

  it('judges by the window where that is smaller than the minimum', () => {
    const { made, calls } = breaker({ windowCalls: 2, minimumCalls: 100 });
    calls('--');
    expect(made.state).toBe('OPEN');
  });

  it('lets nothing through while it is open, then as many probes as it is told', () => {
    const { clock, made, calls } = breaker();
    calls('----');
    clock.advance(999);
    expect(calls('++')).toBe('nn');
    clock.advance(1);
    const probes = [made.enter(), made.enter(), made.enter()];
    expect([made.state, made.enter(), made.refused]).toEqual(['HALF_OPEN', undefined, 3]);
    probes[0]?.failed();
    probes[1]?.succeeded();
    expect(made.state).toBe('HALF_OPEN');
    probes[2]?.succeeded();
    expect([made.state, made.seen.calls]).toEqual(['CLOSED', 0]);
  });

  it.each([
    ['+++', 'CLOSED'],
    ['+-+', 'CLOSED'],
    ['--+', 'OPEN'],
  ])('judges the probes %s together: %s', (text, state) => {
    const { clock, made, calls } = breaker();
    calls('----');
    clock.advance(1_000);
    calls(text);
    expect(made.state).toBe(state);
  });

  it('opens anew for the whole time', () => {
    const { clock, states, calls } = breaker();
    calls('----');
    clock.advance(1_000);
    calls('---');
    clock.advance(999);
    expect(calls('+')).toBe('n');
    clock.advance(1);
    expect(calls('+++')).toBe('yyy');
    expect(states).toEqual(['OPEN', 'HALF_OPEN', 'OPEN', 'HALF_OPEN', 'CLOSED']);
  });

  it('does not open twice for calls that were under way', () => {
    const { clock, states, made, calls } = breaker();
    const late = made.enter();
    calls('----');
    clock.advance(500);
    late?.failed();
    clock.advance(500);
    expect(calls('?')).toBe('y');
    expect(states).toEqual(['OPEN', 'HALF_OPEN']);
  });

  it('gives a probe that nobody waits for to another call', () => {
    const { clock, made, calls } = breaker();
    calls('----');
    clock.advance(1_000);
    expect(calls('???+++')).toBe('yyyyyy');
    expect(made.state).toBe('CLOSED');
  });

  it('learns nothing from calls that began in another state', () => {
    const { clock, made, calls } = breaker();
    const early = [1, 2, 3].map(() => made.enter());
    calls('----');
    clock.advance(1_000);
    made.enter();
    for (const call of early) call?.failed();
    expect([made.state, made.seen.calls, made.failures]).toEqual(['HALF_OPEN', 0, 7]);
  });

  it('does not open early where the wall clock steps', () => {
    const { clock, calls } = breaker();
    calls('----');
    clock.step(3_600_000);
    expect(calls('+')).toBe('n');
  });
});

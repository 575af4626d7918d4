import { describe, expect, it } from 'vitest';
import { Deadline, TimerWheel } from './timer-wheel.js';

class Noted extends Deadline {
  constructor(
    private readonly calls: string[],
    private readonly name: string,
    private readonly then: () => void = () => undefined,
  ) {
    super();
  }

  override onDeadline(): void {
    this.calls.push(this.name);
    this.then();
  }
}

function wheelWithClock(): {
  wheel: TimerWheel;
  passUntil: (ms: number) => void;
  hold: (ms: number) => void;
  calls: string[];
} {
  let now = 1_000_003;
  const wheel = new TimerWheel(10, () => now);
  return {
    wheel,
    calls: [],
    hold: (ms) => (now += ms),
    passUntil: (ms) => {
      now = 1_000_003 + ms;
      wheel.advance();
    },
  };
}

describe('a timer wheel', () => {
  it.each([0, 1, 10, 99, 5_119, 5_120, 5_121, 60_000])(
    'calls after %s ms, never early, at most a tick late',
    (delayMs) => {
      const { wheel, passUntil, calls } = wheelWithClock();
      wheel.schedule(new Noted(calls, 'a'), delayMs);
      for (let ms = 0; ms < delayMs; ms++) passUntil(ms);
      expect(calls).toEqual([]);
      passUntil(delayMs + 10);
      expect(calls).toEqual(['a']);
      passUntil(delayMs + 20_000);
      expect(calls).toEqual(['a']);
    },
  );

  it('does not call what was cancelled', () => {
    const { wheel, passUntil, calls } = wheelWithClock();
    const deadline = new Noted(calls, 'a');
    wheel.schedule(deadline, 10);
    wheel.cancel(deadline);
    wheel.cancel(deadline);
    passUntil(100);
    expect(calls).toEqual([]);
    expect(deadline.isScheduled).toBe(false);
  });

  it('moves what is scheduled again', () => {
    const { wheel, passUntil, calls } = wheelWithClock();
    const deadline = new Noted(calls, 'a');
    wheel.schedule(deadline, 10);
    wheel.schedule(deadline, 200);
    passUntil(199);
    expect(calls).toEqual([]);
    passUntil(210);
    expect(calls).toEqual(['a']);
  });

  it('calls everything that became due during a stall longer than its circumference', () => {
    const { wheel, passUntil, calls } = wheelWithClock();
    for (const delayMs of [10, 2_000, 7_000, 19_000, 30_000]) wheel.schedule(new Noted(calls, `${delayMs}`), delayMs);
    passUntil(20_000);
    expect(calls.sort()).toEqual(['10', '19000', '2000', '7000']);
    passUntil(30_010);
    expect(calls).toContain('30000');
  });

  it('lets what is due cancel and move its neighbours', () => {
    const { wheel, passUntil, calls } = wheelWithClock();
    const cancelled = new Noted(calls, 'cancelled');
    const moved = new Noted(calls, 'moved');
    wheel.schedule(
      new Noted(calls, 'first', () => {
        wheel.cancel(cancelled);
        wheel.schedule(moved, 5_120);
      }),
      10,
    );
    wheel.schedule(cancelled, 10);
    wheel.schedule(moved, 10);
    wheel.schedule(new Noted(calls, 'last'), 10);
    passUntil(20);
    expect(calls).toEqual(['first', 'last']);
    passUntil(6_000);
    expect(calls).toEqual(['first', 'last', 'moved']);
  });

  it('gives the event loop away where much is due at once', async () => {
    const { wheel, passUntil, hold, calls } = wheelWithClock();
    const cancelled = new Noted(calls, 'cancelled');
    wheel.schedule(new Noted(calls, 'first', () => hold(5)), 10);
    wheel.schedule(cancelled, 10);
    const last = new Promise<void>((resolve) => wheel.schedule(new Noted(calls, 'last', resolve), 10));
    passUntil(20);
    expect(calls).toEqual(['first']);
    wheel.cancel(cancelled);
    await last;
    expect(calls).toEqual(['first', 'last']);
  });

  it('starts again after it ran empty', () => {
    const { wheel, passUntil, calls } = wheelWithClock();
    wheel.schedule(new Noted(calls, 'a'), 10);
    passUntil(50);
    wheel.schedule(new Noted(calls, 'b'), 10);
    passUntil(100);
    expect(calls).toEqual(['a', 'b']);
  });
});

import { describe, expect, it } from 'vitest';
import { Clock, type Scheduled } from '@tigateway/model';
import { Debounce } from './debounce.js';

class FakeClock extends Clock {
  private nowMs = 0;
  private tasks: { atMs: number; task: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  schedule(delayMs: number, task: () => void): Scheduled {
    const entry = { atMs: this.nowMs + delayMs, task };
    this.tasks.push(entry);
    return { cancel: () => (this.tasks = this.tasks.filter((each) => each !== entry)) };
  }

  advance(ms: number): void {
    this.nowMs += ms;
    for (const entry of this.tasks.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.tasks = this.tasks.filter((each) => each !== entry);
      entry.task();
    }
  }
}

describe('Debounce', () => {
  function debounced() {
    const clock = new FakeClock();
    const runs: number[] = [];
    const debounce = new Debounce(clock, { quietMs: 50, limitMs: 500 }, () => runs.push(clock.now()));
    return { clock, runs, debounce };
  }

  it('runs once, when a burst has been quiet for the time', () => {
    const { clock, runs, debounce } = debounced();
    for (let signal = 0; signal < 5; signal++) {
      debounce.signal();
      clock.advance(40);
    }
    expect(runs).toEqual([]);
    clock.advance(10);
    expect(runs).toEqual([210]);
    clock.advance(1_000);
    expect(runs).toEqual([210]);
  });

  it('runs at the limit where it never gets quiet', () => {
    const { clock, runs, debounce } = debounced();
    for (let ms = 0; ms < 1_000; ms += 10) {
      debounce.signal();
      clock.advance(10);
    }
    expect(runs).toEqual([500, 1_000]);
  });

  it('does nothing once it is cancelled', () => {
    const { clock, runs, debounce } = debounced();
    debounce.signal();
    debounce.cancel();
    clock.advance(1_000);
    expect(runs).toEqual([]);
  });
});

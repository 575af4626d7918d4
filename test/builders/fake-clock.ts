import { Clock, type Scheduled } from '@tigateway/model';

interface Task extends Scheduled {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that stands still until it is moved; `now` and the monotonic scale can be moved apart, as a stepping clock does. */
export class FakeClock extends Clock {
  private monotonic = 0;
  private readonly tasks = new Set<Task>();

  constructor(private wallMs = Date.UTC(2026, 0, 1)) {
    super();
  }

  override now(): number {
    return this.wallMs;
  }

  override monotonicMs(): number {
    return this.monotonic;
  }

  override schedule(delayMs: number, task: () => void): Scheduled {
    const scheduled: Task = {
      dueMs: this.monotonic + delayMs,
      run: task,
      cancel: () => void this.tasks.delete(scheduled),
    };
    this.tasks.add(scheduled);
    return scheduled;
  }

  /** Lets `ms` pass; tasks that fall due run in their order, each at its own time. */
  advance(ms: number): void {
    const endMs = this.monotonic + ms;
    for (;;) {
      const next = [...this.tasks].filter((task) => task.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.tasks.delete(next);
      this.pass(Math.max(0, next.dueMs - this.monotonic));
      next.run();
    }
    this.pass(endMs - this.monotonic);
  }

  /** Like `advance`, and lets what the tasks started come to rest before the next one is due. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.monotonic + ms;
    for (;;) {
      await new Promise(setImmediate);
      const dueMs = Math.min(endMs, ...[...this.tasks].map((task) => task.dueMs));
      this.advance(Math.max(0, dueMs - this.monotonic));
      if (dueMs >= endMs) break;
    }
    await new Promise(setImmediate);
  }

  /** Moves the wall clock alone, as an administrator or a time server does. */
  step(ms: number): void {
    this.wallMs += ms;
  }

  get waiting(): number {
    return this.tasks.size;
  }

  private pass(ms: number): void {
    this.monotonic += ms;
    this.wallMs += ms;
  }
}

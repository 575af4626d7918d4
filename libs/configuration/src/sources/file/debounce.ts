import type { Clock, Scheduled } from '@tigateway/model';

export interface DebounceOptions {
  /** Silence to wait for, in milliseconds. */
  readonly quietMs: number;
  /** The longest wait for silence after the first signal, in milliseconds. */
  readonly limitMs: number;
}

/** Runs a task once after a burst of signals has calmed down. */
export class Debounce {
  private waiting: { readonly timer: Scheduled; readonly sinceMs: number } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: DebounceOptions,
    private readonly task: () => void,
  ) {}

  signal(): void {
    const nowMs = this.clock.monotonicMs();
    const sinceMs = this.waiting?.sinceMs ?? nowMs;
    this.waiting?.timer.cancel();
    const waitMs = Math.max(0, Math.min(this.options.quietMs, sinceMs + this.options.limitMs - nowMs));
    const timer = this.clock.schedule(waitMs, () => {
      this.waiting = undefined;
      this.task();
    });
    this.waiting = { timer, sinceMs };
  }

  cancel(): void {
    this.waiting?.timer.cancel();
    this.waiting = undefined;
  }
}

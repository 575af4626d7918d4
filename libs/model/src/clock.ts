/** Time as a port: a fake clock makes every wait in the pipeline testable. */
export abstract class Clock {
  /** Milliseconds since the epoch. May step backwards. */
  abstract now(): number;
  /** Milliseconds on a scale that never steps, for measuring. */
  abstract monotonicMs(): number;
  /** Calls `task` once after `delayMs`. A waiting timer does not keep the process alive. */
  abstract schedule(delayMs: number, task: () => void): Scheduled;
}

export interface Scheduled {
  cancel(): void;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  schedule(delayMs: number, task: () => void): Scheduled {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

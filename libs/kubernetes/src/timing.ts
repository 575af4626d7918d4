/** Time as a port; the gateway's own clock fits. */
export interface Timing {
  /** Milliseconds since the epoch. May step backwards. */
  now(): number;
  /** Milliseconds on a scale that never steps. */
  monotonicMs(): number;
  /** Calls `task` once after `delayMs`. */
  schedule(delayMs: number, task: () => void): { cancel(): void };
}

export const SYSTEM_TIMING: Timing = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, task) => {
    const timer = setTimeout(task, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Settles after `delayMs`, or at once when the signal says so. */
export function pause(timing: Timing, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = timing.schedule(delayMs, end);
    signal.addEventListener('abort', end);
  });
}

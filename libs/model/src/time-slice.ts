import { setImmediate as nextTurn } from 'node:timers';
import { setImmediate } from 'node:timers/promises';

/** How long one step of long work may hold the event loop, in milliseconds, before traffic gets its turn. */
const SLICE_MS = 2;

/** When this turn of the event loop was first seen at work; `undefined`: it was not yet. */
let turnStartedMs: number | undefined;

function startOfTurn(): number {
  if (turnStartedMs === undefined) {
    turnStartedMs = performance.now();
    nextTurn(() => (turnStartedMs = undefined));
  }
  return turnStartedMs;
}

/**
 * Cuts long work into slices: `await slice.breathe()` gives the event loop away when this slice's time is used up. Works that
 * follow each other within one turn share the time of one slice, however short each of them is.
 */
export class TimeSlice {
  private startedMs = startOfTurn();

  /** True when the caller should `await breathe()`. Asking is cheap; awaiting on every item is not. */
  get isUsedUp(): boolean {
    return performance.now() - this.startedMs >= SLICE_MS;
  }

  async breathe(): Promise<void> {
    await setImmediate();
    // A whole slice for each of those that work side by side: else the last of them would hardly come on.
    this.startedMs = performance.now();
  }
}

/** Calls `visit` for each item, giving the event loop away between slices. */
export async function forEachSliced<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  const slice = new TimeSlice();
  for (const item of items) {
    visit(item);
    if (slice.isUsedUp) await slice.breathe();
  }
}

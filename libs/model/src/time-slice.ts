import { setImmediate } from 'node:timers/promises';

/** How long one step of long work may hold the event loop, in milliseconds, before traffic gets its turn. */
const SLICE_MS = 4;

/** Cuts long work into slices: `await slice.breathe()` gives the event loop away when this slice's time is used up. */
export class TimeSlice {
  private startedMs = performance.now();

  /** True when the caller should `await breathe()`. Asking is cheap; awaiting on every item is not. */
  get isUsedUp(): boolean {
    return performance.now() - this.startedMs >= SLICE_MS;
  }

  async breathe(): Promise<void> {
    await setImmediate();
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

import { TimeSlice } from './time-slice.js';

const SORTED_AT_ONCE = 512;

/** A stable sort that gives the event loop away in between, however many items there are. */
export async function sortedSliced<T>(items: Iterable<T>, compare: (a: T, b: T) => number): Promise<T[]> {
  const slice = new TimeSlice();
  let runs: T[][] = [];
  let run: T[] = [];
  for (const item of items) {
    run.push(item);
    if (run.length < SORTED_AT_ONCE) continue;
    runs.push(run.sort(compare));
    run = [];
    if (slice.isUsedUp) await slice.breathe();
  }
  if (run.length > 0) runs.push(run.sort(compare));
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await mergedRuns(runs[at] as T[], runs[at + 1] ?? [], compare, slice));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedRuns<T>(a: T[], b: T[], compare: (a: T, b: T) => number, slice: TimeSlice): Promise<T[]> {
  if (b.length === 0) return a;
  const merged: T[] = [];
  for (let left = 0, right = 0; left < a.length || right < b.length;) {
    const takesLeft = right >= b.length || (left < a.length && compare(a[left] as T, b[right] as T) <= 0);
    merged.push((takesLeft ? a[left++] : b[right++]) as T);
    if (merged.length % SORTED_AT_ONCE === 0 && slice.isUsedUp) await slice.breathe();
  }
  return merged;
}

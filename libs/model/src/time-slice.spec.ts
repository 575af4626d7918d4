import { describe, expect, it } from 'vitest';
import { forEachSliced, TimeSlice } from './time-slice.js';

function workFor(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

/** @returns how often the event loop had its turn while `work` ran */
async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

describe('sliced work', () => {
  it('gives the event loop away between items', async () => {
    expect(await turnsDuring(() => forEachSliced(Array(10), () => workFor(5)))).toBeGreaterThanOrEqual(9);
  });

  it('does so too where it consists of many short works, one after the other', async () => {
    const turns = await turnsDuring(async () => {
      for (let work = 0; work < 40; work++) await forEachSliced([0], () => workFor(1));
    });
    expect(turns).toBeGreaterThanOrEqual(6);
  });

  it('gets a whole slice in each turn, however much others work beside it', async () => {
    const slices = [new TimeSlice(), new TimeSlice()];
    workFor(5);
    expect(slices.map(({ isUsedUp }) => isUsedUp)).toEqual([true, true]);
    await Promise.all(
      slices.map(async (slice) => {
        await slice.breathe();
        expect(slice.isUsedUp).toBe(false);
        workFor(5);
        expect(slice.isUsedUp).toBe(true);
      }),
    );
  });
});

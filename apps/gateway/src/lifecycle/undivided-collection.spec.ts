import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { collectingUndivided } from './undivided-collection.js';

const { NODE_PERFORMANCE_GC_MAJOR, NODE_PERFORMANCE_GC_INCREMENTAL } = constants;

interface Collection {
  readonly detail: NodeGCPerformanceDetail;
}

/** Fills the heap, and forgets all of it, until this many whole collections have been. @returns how many were in steps */
async function steppedAmong(collections: number): Promise<number> {
  const kinds: (number | undefined)[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as unknown as Collection[]) kinds.push(detail.kind);
  });
  onTestFinished(() => observer.disconnect());
  observer.observe({ entryTypes: ['gc'] });
  const seen = (wanted: number): number => kinds.filter((kind) => kind === wanted).length;
  let held: object[][] = [];
  while (seen(NODE_PERFORMANCE_GC_MAJOR) < collections) {
    held.push(Array.from({ length: 50_000 }, (_, index) => ({ index })));
    if (held.length === 100) held = [];
    await setImmediate();
  }
  return seen(NODE_PERFORMANCE_GC_INCREMENTAL);
}

it('marks the heap in one go while the work lasts, and step by step afterwards', async () => {
  expect(await collectingUndivided(() => steppedAmong(2))).toBe(0);
  expect(await steppedAmong(2)).toBeGreaterThan(0);
});

it('does so again after a work that failed', async () => {
  await expect(collectingUndivided(() => Promise.reject(new Error('not done')))).rejects.toThrow('not done');
  expect(await steppedAmong(2)).toBeGreaterThan(0);
});

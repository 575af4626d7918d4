import { setFlagsFromString } from 'node:v8';

const KIB = 1_024;
/** How much bytecode V8 lets a function run before it optimizes it, in bytes; by its major version. */
const USUAL_BYTES: Readonly<Record<string, number>> = { '11': 66 * KIB };
/**
 * Times the usual, while much is done that is not done again soon: a start, a change. Optimizing what that needs takes a sixth of a
 * start on one core, and the core from the others for milliseconds at a time.
 */
const LONG_WORK_FACTOR = 20;
/**
 * Times the usual, otherwise. What traffic needs runs so often that it is optimized as soon; what a change of the configuration
 * needs is spread over hundreds of functions, and optimizing them one by one took the core for milliseconds at a time, with
 * changes that waited for it, over the first thousands of changes. With much more, traffic begins slowly after all.
 */
const SERVING_FACTOR = 4;

let longWorks = 0;

/** @returns `undefined` for a version that is not known; in bytes */
export function usualBudgetBytes(v8Version: string): number | undefined {
  return USUAL_BYTES[v8Version.slice(0, v8Version.indexOf('.'))];
}

/**
 * Lets V8 optimize much later than usual until `work` is over, and somewhat later from then on. Without effect in a version
 * whose usual is not known.
 */
export async function optimizingLater<Result>(
  work: () => Promise<Result>,
  v8Version = process.versions.v8,
): Promise<Result> {
  const usualBytes = usualBudgetBytes(v8Version);
  if (usualBytes === undefined) return work();
  longWorks++;
  setFlagsFromString(`--interrupt-budget=${usualBytes * LONG_WORK_FACTOR}`);
  try {
    return await work();
  } finally {
    longWorks--;
    if (longWorks === 0) setFlagsFromString(`--interrupt-budget=${usualBytes * SERVING_FACTOR}`);
  }
}

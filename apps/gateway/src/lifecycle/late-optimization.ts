import { setFlagsFromString } from 'node:v8';

const KIB = 1_024;
/** How much bytecode V8 lets a function run before it optimizes it, in bytes; by its major version. */
const USUAL_BYTES: Readonly<Record<string, number>> = { '11': 66 * KIB };
const START_BYTES = 640 * KIB;
/**
 * Times the usual, once it serves. What traffic needs runs so often that it is optimized as soon; what a change of the
 * configuration needs is spread over hundreds of functions, and optimizing them one by one took the core for milliseconds at a
 * time, with changes that waited for it, over the first thousands of changes.
 */
const SERVING_FACTOR = 4;

/** @returns `undefined` for a version that is not known; in bytes */
export function usualBudgetBytes(v8Version: string): number | undefined {
  return USUAL_BYTES[v8Version.slice(0, v8Version.indexOf('.'))];
}

/**
 * Lets V8 optimize later, and much later while the gateway starts: most of what runs often then is never needed again, and
 * optimizing it takes a sixth of a start on one core.
 * @returns ends the start; without effect, as the whole, in a version whose usual is not known
 */
export function optimizeLater(v8Version = process.versions.v8): () => void {
  const usualBytes = usualBudgetBytes(v8Version);
  if (usualBytes === undefined) return () => undefined;
  setFlagsFromString(`--interrupt-budget=${START_BYTES}`);
  return () => setFlagsFromString(`--interrupt-budget=${usualBytes * SERVING_FACTOR}`);
}

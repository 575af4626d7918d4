import { setFlagsFromString } from 'node:v8';

const KIB = 1_024;
/** How much bytecode V8 lets a function run before it optimizes it, in bytes; by its major version. */
const USUAL_BYTES: Readonly<Record<string, number>> = { '11': 66 * KIB };
const START_BYTES = 640 * KIB;

/** @returns `undefined` for a version that is not known; in bytes */
export function usualBudgetBytes(v8Version: string): number | undefined {
  return USUAL_BYTES[v8Version.slice(0, v8Version.indexOf('.'))];
}

/**
 * Lets V8 optimize later while the gateway starts: most of what runs often then is never needed again, and optimizing it takes
 * a sixth of a start on one core.
 * @returns makes it as usual again; without effect, as the whole, in a version whose usual is not known
 */
export function optimizeLater(v8Version = process.versions.v8): () => void {
  const usualBytes = usualBudgetBytes(v8Version);
  if (usualBytes === undefined) return () => undefined;
  setFlagsFromString(`--interrupt-budget=${START_BYTES}`);
  return () => setFlagsFromString(`--interrupt-budget=${usualBytes}`);
}

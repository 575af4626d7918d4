import { setFlagsFromString } from 'node:v8';

const KIB = 1_024;
/** How much bytecode V8 lets a function run before it optimizes it, in bytes; by its major version. */
const USUAL_BYTES: Readonly<Record<string, number>> = { '11': 66 * KIB };
const LATER = 20;

/** @returns `undefined` for a version that is not known; in bytes */
export function usualBudgetBytes(v8Version: string): number | undefined {
  return USUAL_BYTES[v8Version.slice(0, v8Version.indexOf('.'))];
}

/**
 * Lets V8 optimize a function later. What traffic needs runs so often that it makes no difference there. What a start or a
 * change of the configuration needs is spread over hundreds of functions: optimizing them one by one takes a sixth of a start on
 * one core, and the core from the store's thread, with writes that wait for it, over thousands of changes. Without effect in a
 * version whose usual is not known.
 * @returns bytes that a function may run now
 */
export function optimizeLater(v8Version = process.versions.v8): number | undefined {
  const usualBytes = usualBudgetBytes(v8Version);
  if (usualBytes === undefined) return undefined;
  setFlagsFromString(`--interrupt-budget=${usualBytes * LATER}`);
  return usualBytes * LATER;
}

import { isDeepStrictEqual } from 'node:util';

/** Deep equality. What is nested deeper than it can be compared counts as different: an object is anybody's text. */
export function hasSameContent(a: unknown, b: unknown): boolean {
  try {
    return isDeepStrictEqual(a, b);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

import { setTimeout } from 'node:timers/promises';

/** How often it is looked whether anybody is left, in milliseconds. */
const LOOK_MS = 20;

/**
 * Waits until no connection is left, or `lingerMs` milliseconds.
 * @returns what is left of `limitMs`
 */
export async function linger(limitMs: number, lingerMs: number, hasConnections: () => boolean): Promise<number> {
  const startedMs = performance.now();
  const endMs = startedMs + Math.min(lingerMs, limitMs);
  while (hasConnections() && performance.now() < endMs) await setTimeout(LOOK_MS);
  return Math.max(0, limitMs - (performance.now() - startedMs));
}

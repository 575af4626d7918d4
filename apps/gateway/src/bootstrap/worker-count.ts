import { availableParallelism } from 'node:os';

const MAX_WORKERS = 256;

/**
 * How many processes serve traffic.
 * @throws Error for what is no number of workers
 */
export function workerCount(text: string): number {
  if (text === 'auto') return availableParallelism();
  const count = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_WORKERS) {
    throw new Error(`"${text}" is no number of workers; expected 1 to ${MAX_WORKERS}, or auto`);
  }
  return count;
}

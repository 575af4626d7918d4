import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 mark its heap in one go until `work`, a start, is over, and step by step from then on. Nobody waits yet, so it is done
 * sooner. Above all V8 sizes later steps by how fast earlier ones were: a small heap, in the cache, is marked several times as fast
 * as that of many thousands of routes, whose steps then held the event loop for 15 ms in place of 5.
 */
export async function collectingUndivided<Result>(work: () => Promise<Result>): Promise<Result> {
  setFlagsFromString('--no-incremental-marking');
  try {
    return await work();
  } finally {
    setFlagsFromString('--incremental-marking');
  }
}

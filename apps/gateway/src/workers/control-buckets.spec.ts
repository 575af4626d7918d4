import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ControlBuckets } from './control-buckets.js';
import type { BucketTake } from './worker-messages.js';

const settings = { partsPerToken: 1, capacityParts: 1, costParts: 1, refillParts: 1, refillEveryMs: 1_000 };

it('asks for all buckets of one turn of the event loop together, and gives each its own verdict', async () => {
  const asked: (readonly BucketTake[])[] = [];
  const buckets = new ControlBuckets((takes) => void asked.push(takes));
  const [one, two] = [buckets.take('one', settings), buckets.take('two', settings)];
  await setImmediate();
  const three = buckets.take('three', settings);
  await setImmediate();
  expect(asked.map((takes) => takes.map(([, bucket]) => bucket))).toEqual([['one', 'two'], ['three']]);
  const ids = asked.flat().map(([id]) => id) as [number, number, number];
  buckets.answered([
    [ids[2], true, 7],
    [ids[1], false, 0],
    [ids[0], true, 5],
  ]);
  expect(await Promise.all([one, two, three])).toEqual([
    { isAllowed: true, remaining: 5 },
    { isAllowed: false, remaining: 0 },
    { isAllowed: true, remaining: 7 },
  ]);
});

import { hashOf } from '@tigateway/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTHING_RUNS, Running, stateHash, withRunning } from './running-state.js';

function running(content: number, version = 'v1'): Running {
  const position = { source: 'file', document: 'f', line: 1, column: 1 };
  return new Running(
    { configuration: content, hash: hashOf(content), source: 'file', rank: [0, 'f', 0], position },
    version,
  );
}

describe('RunningState', () => {
  it('has a hash that follows from the content, not from the way to it', async () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('route:a', 'filter:b', 'global:c'), fc.option(fc.nat(3))));
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        let state = NOTHING_RUNS;
        for (const [key, content] of all)
          state = await withRunning(state, new Map([[key, content === null ? undefined : running(content)]]));
        const last = new Map(all.filter(([, content]) => content !== undefined).reverse());
        const end = [...last.keys()].map((key): [string, Running | undefined] => {
          const content = all.findLast(([each]) => each === key)?.[1] ?? null;
          return [key, content === null ? undefined : running(content, 'v2')];
        });
        const direct = await withRunning(NOTHING_RUNS, new Map(end));
        expect(stateHash(state)).toBe(stateHash(direct));
        expect(state.counts).toEqual(direct.counts);
        expect([...state.filters]).toEqual([...direct.filters]);
      }),
    );
  });

  it('tells different contents apart', async () => {
    const one = await withRunning(NOTHING_RUNS, new Map([['route:a', running(1)]]));
    const two = await withRunning(NOTHING_RUNS, new Map([['route:a', running(2)]]));
    expect(stateHash(one)).not.toBe(stateHash(two));
  });
});

import { describe, expect, it } from 'vitest';
import type { GatewayFilter } from '../filters/filter-factory.js';
import { composeChain, EMPTY_CHAIN } from './compose-chain.js';
import type { PlacedFilter } from './placed-filter.js';

function placed(order: number, text: string, ...hooks: ('onRequest' | 'onResponse' | 'around')[]): PlacedFilter {
  const filter: GatewayFilter = { toString: () => text };
  for (const hook of hooks) filter[hook] = () => Promise.resolve();
  return { filter, order };
}

describe('composeChain', () => {
  it('gives every route without filters the same chain', () => {
    expect(composeChain([], [], [])).toBe(EMPTY_CHAIN);
  });

  it('runs request hooks in order and response hooks in reverse, defaults first among equals', () => {
    const defaults = [placed(1, 'D1', 'onRequest', 'onResponse'), placed(2, 'D2', 'onRequest', 'onResponse')];
    const own = [placed(1, 'R1', 'onRequest', 'onResponse')];
    const chain = composeChain(defaults, [], own);
    expect(chain.requestHooks.map(String)).toEqual(['D1', 'R1', 'D2']);
    expect(chain.responseHooks.map(String)).toEqual(['D2', 'R1', 'D1']);
    expect(chain.hasAround).toBe(false);
  });

  it('keeps only the filters that have a hook, and says whether one goes around', () => {
    const chain = composeChain(
      [],
      [placed(0, 'N', 'around')],
      [placed(1, 'A', 'onRequest'), placed(2, 'B', 'onResponse')],
    );
    expect(chain.filters).toHaveLength(3);
    expect(chain.requestHooks.map(String)).toEqual(['A']);
    expect(chain.responseHooks.map(String)).toEqual(['B']);
    expect(chain.hasAround).toBe(true);
  });
});

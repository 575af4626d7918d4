import { describe, expect, it } from 'vitest';
import { RouteSelector } from './route-selector.js';

describe('RouteSelector', () => {
  it.each<[string[] | undefined, string[], string[]]>([
    [undefined, ['a', ''], []],
    [[], [], ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
      ['ab', 'A'],
    ],
    [['order-*'], ['order-', 'order-1', 'order-a-b'], ['orders', 'my-order-1']],
    [['*-v?'], ['a-v1', '-v2', 'a-v1-v2'], ['a-v', 'a-v10']],
    [['*a*b*'], ['ab', 'xaxbx', 'aab'], ['ba', 'a']],
    [['a*', 'x'], ['a1', 'x'], ['y']],
    [['a.c'], ['a.c'], ['abc']],
  ])('%j names %j and not %j', (routes, named, others) => {
    const selector = new RouteSelector(routes);
    expect(named.filter((id) => !selector.names(id))).toEqual([]);
    expect(others.filter((id) => selector.names(id))).toEqual([]);
  });
});

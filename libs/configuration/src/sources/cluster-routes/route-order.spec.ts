import { describe, expect, it } from 'vitest';
import { LAST_ORDER, routeOrder, type Specificity } from './route-order.js';

const prefix = (text: string): Specificity['path'] => ({ isExact: false, text });
const exact = (text: string): Specificity['path'] => ({ isExact: true, text });

describe('the order of a cluster’s routes', () => {
  it('is that of the Gateway API', () => {
    const sorted: Specificity[] = [
      { host: 'a.test', path: exact('/a'), hasMethod: true, headers: 16, queryParams: 16 },
      { host: 'a.test', path: exact('/a') },
      { host: 'a.test', path: prefix('/aaaa') },
      { host: 'a.test', path: prefix('/a'), hasMethod: true },
      { host: 'a.test', path: prefix('/a'), headers: 2 },
      { host: 'a.test', path: prefix('/a'), headers: 1, queryParams: 16 },
      { host: 'a.test', path: prefix('/a'), headers: 1 },
      { host: 'a.test', path: prefix('/a'), queryParams: 3 },
      { host: 'a.test', path: prefix('/a') },
      { host: 'a.test', path: prefix('/') },
      { host: '*.longer.test', path: prefix('/') },
      { host: '*.test', path: exact('/a/b/c') },
      { host: '*.test', path: prefix('/') },
      { host: undefined, path: exact('/') },
      { host: undefined, path: prefix('/') },
      { host: undefined, path: undefined },
    ];
    const orders = sorted.map(routeOrder);
    expect(orders).toEqual(orders.toSorted((a, b) => a - b));
    expect(new Set(orders).size).toBe(orders.length);
    expect(orders[0]).toBeGreaterThan(0);
    expect(orders.at(-1)).toBe(LAST_ORDER);
    expect(LAST_ORDER).toBeLessThan(2 ** 31);
  });

  it('stays in its bounds, however much is asked for', () => {
    const host = `*.${'a'.repeat(300)}`;
    const wild = { host, path: prefix('/'.repeat(2_000)), hasMethod: true, headers: 99, queryParams: 99 };
    expect(routeOrder(wild)).toBeGreaterThan(routeOrder({ host: 'a', path: undefined }));
    expect(routeOrder({ ...wild, host: 'a', path: exact('/') })).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';
import { propertyPath, stepsAlong } from './property-path.js';

describe('propertyPath', () => {
  it.each([
    ['routes', ['routes']],
    ['cloud.gateway.routes[0].id', ['cloud', 'gateway', 'routes', 0, 'id']],
    ['cors-configurations.[/**].allowed-origins', ['cors-configurations', '/**', 'allowed-origins']],
    ['[/**]', ['/**']],
  ])('reads %s', (key, steps) => {
    expect(propertyPath(key)).toEqual(steps);
  });
});

describe('stepsAlong', () => {
  it.each([
    ['gateway', ['gateway', 'routes'], 1],
    ['defaultFilters', ['default-filters'], 1],
    ['cloud.gateway', ['cloud', 'gateway', 'routes'], 2],
    ['routes[0].id', ['routes'], 3],
    ['cloud.config', ['cloud', 'gateway'], 0],
  ])('%s goes along %j for %i', (key, steps, expected) => {
    expect(stepsAlong(key, steps)).toBe(expected);
  });
});

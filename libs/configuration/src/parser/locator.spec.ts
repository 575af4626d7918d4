import { describe, expect, it } from 'vitest';
import { Locator } from './locator.js';

describe('Locator', () => {
  const yaml = [
    'routes:', // 1
    '  - &base { id: a, uri: "http://a" }', // 2
    '  - <<: *base', // 3
    '    defaultFilters:', // 4
    '      - StripPrefix=1', // 5
    'spring.cloud.gateway.routes[0].id: flat', // 6
    'spring.cloud:', // 7
    '  gateway.routes[1]: { uri: x }', // 8
    '---', // 9
    'routes: [{ id: b }]', // 10
  ].join('\n');

  it.each([
    ['', undefined, 1, 1],
    ['/routes', undefined, 1, 1],
    ['/routes/0/uri', undefined, 2, 20],
    ['/routes/0/missing', undefined, 2, 11],
    ['/routes/1/default-filters/0', undefined, 5, 9],
    ['/routes/1/uri', undefined, 2, 20],
    ['/spring/cloud/gateway/routes/0', undefined, 6, 1],
    ['/spring/cloud/gateway/routes/0/id', undefined, 6, 1],
    ['/spring/cloud/gateway/routes/1/uri', undefined, 8, 24],
    ['/routes/0/id', 10, 10, 12],
    ['/routes/0/id', 2, 2, 13],
  ])('finds %s (near line %s) at %i:%i', (pointer, nearLine, line, column) => {
    expect(new Locator(yaml).locate(pointer, nearLine)).toEqual({ line, column });
  });

  it('reads JSON too', () => {
    expect(new Locator('{\n\t"routes": [\n\t\t{ "a/b": 1 }\n\t]\n}').locate('/routes/0/a~1b')).toEqual({
      line: 3,
      column: 5,
    });
  });
});

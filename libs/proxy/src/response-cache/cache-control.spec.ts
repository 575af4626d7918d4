import { describe, expect, it } from 'vitest';
import { directivesOf, withMaxAge } from './cache-control.js';

describe('Cache-Control', () => {
  it.each<[readonly string[], readonly (readonly [string, string | undefined])[]]>([
    [
      ['no-cache, no-store'],
      [
        ['no-cache', undefined],
        ['no-store', undefined],
      ],
    ],
    [
      ['Private', 'max-age=60'],
      [
        ['private', undefined],
        ['max-age', '60'],
      ],
    ],
    [
      ['no-cache="a, b" ,x = 1,,'],
      [
        ['no-cache', '"a, b"'],
        ['x', '1'],
      ],
    ],
    [[], []],
  ])('%j is read as %j', (lines, expected) => {
    expect([...directivesOf(lines)]).toEqual(expected);
  });

  it.each<[readonly string[], number, string]>([
    [[], 60, 'max-age=60'],
    [['public, max-age=5', 'must-revalidate'], 60, 'public, max-age=60'],
    [['no-cache, no-store, immutable'], 1, 'immutable, max-age=1'],
    [['public'], 0, 'public, max-age=0, must-revalidate, no-cache'],
  ])('%j becomes, for %i s, %s', (lines, seconds, expected) => {
    expect(withMaxAge(lines, seconds)).toBe(expected);
  });
});

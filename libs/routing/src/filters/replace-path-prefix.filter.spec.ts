import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { ReplacePathPrefixFilterFactory } from './replace-path-prefix.filter.js';

const { compile, onRequest, refusals } = filterOf(new ReplacePathPrefixFilterFactory());

describe('ReplacePathPrefix', () => {
  // The table of the Gateway API's `ReplacePrefixMatch`.
  it.each([
    ['/foo/bar', 1, '/xyz', '/xyz/bar'],
    ['/foo/bar', 1, '/xyz/', '/xyz/bar'],
    ['/foo', 1, '/xyz', '/xyz'],
    ['/foo/', 1, '/xyz', '/xyz/'],
    ['/foo/bar', 1, '', '/bar'],
    ['/foo/', 1, '', '/'],
    ['/foo', 1, '', '/'],
    ['/foo/', 1, '/', '/'],
    ['/foo', 1, '/', '/'],
    ['/a/b/c', 2, '/x/y', '/x/y/c'],
    ['/a/b', 0, '/x', '/x/a/b'],
    ['/', 0, '/x', '/x/'],
    ['/f%2Fo/b%20r', 1, '/x', '/x/b%20r'],
  ])('%s without %i parts and with %j is %s', (path, parts, prefix, expected) => {
    const exchange = onRequest(
      { name: 'ReplacePathPrefix', args: { parts, prefix } },
      aRequest({ path, query: 'q=1' }),
    );
    expect(exchange.request.path).toBe(expected);
    expect(exchange.request.query).toBe('q=1');
    expect(exchange.rewrittenPaths).toEqual([path]);
  });

  it.each([
    'ReplacePathPrefix=1,xyz',
    'ReplacePathPrefix=1,/a b',
    'ReplacePathPrefix=1,/a?b',
    'ReplacePathPrefix=1,/%zz',
  ])('refuses %s', (definition) => expect(refusals(definition)).toEqual(['invalid-argument']));

  it('shows itself', () => {
    expect(String(compile('ReplacePathPrefix=1,/v2'))).toBe("[ReplacePathPrefix parts = 1, prefix = '/v2']");
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { ReplacePathFilterFactory } from './replace-path.filter.js';

const { compile, onRequest, refusals } = filterOf(new ReplacePathFilterFactory());

describe('ReplacePath', () => {
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
    ['/a/b', null, '/x/', '/x/'],
    ['/a/b', null, '', '/'],
    ['/f%2Fo/b%20r', 1, '/x', '/x/b%20r'],
  ])('%s with %j parts replaced by %j is %s', (path, parts, replacement, expected) => {
    const exchange = onRequest(
      { name: 'ReplacePath', args: { path: replacement, parts } },
      aRequest({ path, query: 'q=1' }),
    );
    expect(exchange.request.path).toBe(expected);
    expect(exchange.request.query).toBe('q=1');
    expect(exchange.rewrittenPaths).toEqual([path]);
  });

  it.each(['ReplacePath=xyz', 'ReplacePath=/a b', 'ReplacePath=/a?b', 'ReplacePath=/%zz'])('refuses %s', (definition) =>
    expect(refusals(definition)).toEqual(['invalid-argument']),
  );

  it('shows itself', () => {
    expect(String(compile('ReplacePath=/v2,1'))).toBe("[ReplacePath path = '/v2', parts = 1]");
  });
});

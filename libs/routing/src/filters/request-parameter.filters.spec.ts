import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { RemoveRequestParameterFilterFactory } from './remove-request-parameter.filter.js';
import { RewriteRequestParameterFilterFactory } from './rewrite-request-parameter.filter.js';

const remove = filterOf(new RemoveRequestParameterFilterFactory());
const rewrite = filterOf(new RewriteRequestParameterFilterFactory());

describe('RemoveRequestParameter and RewriteRequestParameter', () => {
  it.each([
    [remove, 'RemoveRequestParameter=a', 'a=1&b=x+y/z&A=2&a', 'b=x%20y%2Fz&A=2'],
    [remove, 'RemoveRequestParameter=a', 'a=1', undefined],
    [remove, 'RemoveRequestParameter=a', undefined, undefined],
    [remove, 'RemoveRequestParameter=a b', 'a%20b=1&c=%zz', 'c=%zz'],
    [rewrite, 'RewriteRequestParameter=a,x y$1', 'a=1&b=2&a=3', 'b=2&a=x%20y%241'],
    [rewrite, 'RewriteRequestParameter=a,x', 'b=2+3', 'b=2%203'],
    [rewrite, 'RewriteRequestParameter=a,x', undefined, undefined],
  ])('%# %s on %j gives %j', (filter, definition, query, expected) => {
    expect(filter.onRequest(definition, aRequest({ query })).request.query).toBe(expected);
  });

  it('show themselves', () => {
    expect(String(remove.compile('RemoveRequestParameter=a'))).toBe("[RemoveRequestParameter name = 'a']");
    expect(String(rewrite.compile('RewriteRequestParameter=a,b'))).toBe("[RewriteRequestParameter a = 'b']");
  });
});

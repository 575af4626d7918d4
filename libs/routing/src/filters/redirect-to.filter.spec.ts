import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { RedirectToFilterFactory } from './redirect-to.filter.js';

const { compile, onRequest, refusals } = filterOf(new RedirectToFilterFactory());

describe('RedirectTo', () => {
  it.each([
    ['RedirectTo=302, https://acme.org', 302, 'https://acme.org'],
    ['RedirectTo=MOVED_PERMANENTLY, /here', 301, '/here'],
    ['RedirectTo=302, https://acme.org/a?b=1#c, true', 302, 'https://acme.org/a?b=1&q=%20#c'],
    ['RedirectTo=302, /a, true', 302, '/a?q=%20'],
    ['RedirectTo=302, /a, false', 302, '/a'],
  ])('%s answers %i to %s', (definition, status, location) => {
    const { shortResponse } = onRequest(definition, aRequest({ query: 'q=%20' }));
    expect(shortResponse?.status).toBe(status);
    expect(shortResponse?.headers?.raw).toEqual(['Location', location]);
    expect(shortResponse?.body).toBeUndefined();
  });

  it('says which status it did not take', () => {
    expect(() => compile('RedirectTo=200, /a')).toThrow('status must be a 3xx code, but was 200');
    expect(refusals({ name: 'RedirectTo', args: { status: 'OK', url: '/a' } })).toEqual([
      'invalid-argument /args/status',
    ]);
  });

  it.each([
    'RedirectTo=302, http://a b',
    'RedirectTo=302, http://[',
    'RedirectTo=302, /{x}',
    'RedirectTo=302, /a\r\nX: y',
  ])('refuses %j', (definition) => {
    expect(refusals(definition)).toEqual(['invalid-argument']);
  });

  it('shows itself', () => {
    expect(String(compile('RedirectTo=FOUND, /a'))).toBe("[RedirectTo 302 = '/a', includeRequestParams = false]");
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { RequestHeaderToRequestUriFilterFactory } from './request-header-to-request-uri.filter.js';
import { SetRequestUriFilterFactory } from './set-request-uri.filter.js';

const set = filterOf(new SetRequestUriFilterFactory());
const header = filterOf(new RequestHeaderToRequestUriFilterFactory());

const direct = (scheme: string, host: string, port: number, authority: string) => ({
  kind: 'direct',
  target: { scheme, host, port, authority },
});

describe('SetRequestUri', () => {
  it.each([
    ['http://h/a?b=1', {}, direct('http', 'h', 80, 'h'), '/a', 'b=1'],
    ['https://h:8443', {}, direct('https', 'h', 8443, 'h:8443'), '/', undefined],
    [
      'https://{t}.x.org/{p}?q={q}',
      { t: 'a', p: 'b/ç', q: '1&2' },
      direct('https', 'a.x.org', 443, 'a.x.org'),
      '/b/%C3%A7',
      'q=1%262',
    ],
    ['http://[::1]:81/a#f', {}, direct('http', '::1', 81, '[::1]:81'), '/a', undefined],
    ['lb://svc/x', {}, { kind: 'balanced', service: 'svc', innerScheme: undefined }, '/old', 'o=1'],
    ['lb://{s}', { s: 'svc' }, { kind: 'balanced', service: 'svc', innerScheme: undefined }, '/old', 'o=1'],
  ])('sends to %s with %j', (template, variables, uri, path, query) => {
    const exchange = set.onRequest(`SetRequestUri=${template}`, aRequest({ path: '/old', query: 'o=1' }), variables);
    expect(exchange.uri).toEqual(uri);
    expect([exchange.request.path, exchange.request.query]).toEqual([path, query]);
  });

  it.each(['evil.org/', 'evil.org#', 'u@evil.org', 'evil.org:80', ''])(
    'keeps the route’s own URI where a client puts %j into the host',
    (t) => {
      const exchange = set.onRequest('SetRequestUri=https://{t}.x.org/', aRequest({ path: '/old' }), { t });
      expect(exchange.uri).toBeUndefined();
      expect(exchange.request.path).toBe('/old');
    },
  );

  it('answers 400 where a client would leave the path', () => {
    expect(() => set.onRequest('SetRequestUri=http://h/files/{p}', aRequest(), { p: '../x' })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  it.each(['SetRequestUri=/a', 'SetRequestUri=ftp://h/', 'SetRequestUri=http://', 'SetRequestUri={x}'])(
    'refuses %s',
    (definition) => expect(set.refusals(definition)).toEqual(['invalid-argument']),
  );

  it('comes after the route’s own URI, and shows itself', () => {
    const filter = set.compile('SetRequestUri=https://{t}/{p}');
    expect(filter.order).toBe(10_001);
    expect(filter.variables).toEqual(['t', 'p']);
    expect(String(filter)).toBe("[SetRequestUri template = 'https://{t}/{p}']");
  });
});

describe('RequestHeaderToRequestUri', () => {
  it.each([
    ['http://h:1/a%20b?c', direct('http', 'h', 1, 'h:1'), '/a%20b'],
    ['no uri', undefined, '/old'],
    ['/relative', undefined, '/old'],
    ['http://h/a b', undefined, '/old'],
    ['forward:/x', undefined, '/old'],
  ])('takes %j as %j', (value, uri, path) => {
    const request = aRequest({ path: '/old', headers: ['x-uri', value] });
    const exchange = header.onRequest('RequestHeaderToRequestUri=X-Uri', request);
    expect(exchange.uri).toEqual(uri);
    expect(exchange.request.path).toBe(path);
  });

  it('keeps the route’s own URI without the header, and shows itself', () => {
    expect(header.onRequest('RequestHeaderToRequestUri=X-Uri').uri).toBeUndefined();
    expect(String(header.compile('RequestHeaderToRequestUri=X-Uri'))).toBe(
      "[RequestHeaderToRequestUri name = 'X-Uri']",
    );
  });
});

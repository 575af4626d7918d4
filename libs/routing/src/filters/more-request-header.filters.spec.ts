import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { AddRequestHeadersIfNotPresentFilterFactory } from './add-request-headers-if-not-present.filter.js';
import { FALLBACK_CAUSE, type FallbackCause } from './fallback-cause.js';
import { FallbackHeadersFilterFactory } from './fallback-headers.filter.js';
import { anExchange, filterOf } from './filter.fixture.js';
import { MapRequestHeaderFilterFactory } from './map-request-header.filter.js';
import { SetRequestHostHeaderFilterFactory } from './set-request-host-header.filter.js';

describe('AddRequestHeadersIfNotPresent', () => {
  const { compile, onRequest, refusals } = filterOf(new AddRequestHeadersIfNotPresentFilterFactory());

  it.each<[string, string[], string[]]>([
    ['AddRequestHeadersIfNotPresent=A:1,B:2', ['b', 'x'], ['b', 'x', 'A', '1']],
    ['AddRequestHeadersIfNotPresent=A:1,A:2', [], ['A', '1', 'A', '2']],
    ['AddRequestHeadersIfNotPresent=A:1', ['a', ' '], ['a', ' ', 'A', '1']],
    ['AddRequestHeadersIfNotPresent=A : x-{v}', [], ['A', 'x-y']],
  ])('%s on %j', (definition, headers, expected) => {
    expect(onRequest(definition, aRequest({ headers }), { v: 'y' }).request.headers.raw).toEqual(expected);
  });

  it.each(['A', 'A:', 'A:http://x', ':1', 'A B:1'])('refuses the item %j', (item) => {
    expect(refusals(`AddRequestHeadersIfNotPresent=${item}`)).toEqual(['invalid-argument']);
  });

  it('shows itself and tells its variables', () => {
    const filter = compile('AddRequestHeadersIfNotPresent=A:1,B:{v}');
    expect(String(filter)).toBe("[AddRequestHeadersIfNotPresent A = '1', B = '{v}']");
    expect(filter.variables).toEqual(['v']);
  });
});

describe('MapRequestHeader', () => {
  const { compile, onRequest, refusals } = filterOf(new MapRequestHeaderFilterFactory());

  it.each<[string[], string[]]>([
    [
      ['blue', '1', 'Blue', '2', 'red', '0'],
      ['blue', '1', 'Blue', '2', 'red', '0', 'Red', '1', 'Red', '2'],
    ],
    [
      ['red', '0'],
      ['red', '0'],
    ],
  ])('on %j', (headers, expected) => {
    expect(onRequest('MapRequestHeader=Blue,Red', aRequest({ headers })).request.headers.raw).toEqual(expected);
  });

  it('shows itself and needs both names', () => {
    expect(String(compile('MapRequestHeader=A,B'))).toBe("[MapRequestHeader fromHeader = 'A', toHeader = 'B']");
    expect(refusals('MapRequestHeader=A')).toEqual(['required']);
  });
});

describe('SetRequestHostHeader', () => {
  const { compile, onRequest, refusals } = filterOf(new SetRequestHostHeaderFilterFactory());

  it('sends its host upstream', () => {
    const exchange = onRequest('SetRequestHostHeader={v}.org:80', aRequest({ headers: ['host', 'x'] }), { v: 'a' });
    expect(exchange.request.headers.raw).toEqual(['host', 'a.org:80']);
    expect(exchange.preservesHost).toBe(true);
  });

  it.each(['a b', 'a/b', 'a\r\nX: 1'])('answers 400 to the variable %j', (v) => {
    expect(() => onRequest('SetRequestHostHeader={v}', aRequest(), { v })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  it('shows itself and refuses what is no host', () => {
    expect(String(compile('SetRequestHostHeader={v}.org'))).toBe("[SetRequestHostHeader '{v}.org']");
    expect(refusals('SetRequestHostHeader=a/b')).toEqual(['invalid-argument']);
  });
});

describe('FallbackHeaders', () => {
  const { compile, refusals } = filterOf(new FallbackHeadersFilterFactory());
  const cause: FallbackCause = {
    type: 'TimeoutError',
    message: 'too\r\nlate',
    rootType: 'Root',
    rootMessage: undefined,
  };

  it('does nothing on a request that no circuit breaker sent', () => {
    const exchange = anExchange();
    void compile('FallbackHeaders').onRequest?.(exchange);
    expect(exchange.request.headers.raw).toEqual([]);
  });

  it('tells the cause, one line a header', () => {
    const exchange = anExchange(aRequest({ headers: ['kind', 'of the client'] }));
    exchange.setAttribute(FALLBACK_CAUSE, cause);
    const args = { executionExceptionTypeHeaderName: 'Kind' };
    void compile({ name: 'FallbackHeaders', args }).onRequest?.(exchange);
    expect(exchange.request.headers.raw).toEqual([
      ...['kind', 'TimeoutError'],
      ...['Execution-Exception-Message', 'too  late'],
      ...['Root-Cause-Exception-Type', 'Root'],
      ...['Root-Cause-Exception-Message', ''],
    ]);
  });

  it('takes no shortcut', () => {
    expect(refusals('FallbackHeaders=x')).toEqual(['surplus-argument']);
    expect(String(compile('FallbackHeaders'))).toBe('[FallbackHeaders]');
  });
});

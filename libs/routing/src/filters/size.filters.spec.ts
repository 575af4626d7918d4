import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { RequestHeaderSizeFilterFactory } from './request-header-size.filter.js';
import { RequestSizeFilterFactory } from './request-size.filter.js';

describe('RequestHeaderSize', () => {
  const { compile, onRequest, refusals } = filterOf(new RequestHeaderSizeFilterFactory());

  it('answers 431 and says which header is too large, all its lines together', () => {
    const headers = ['X-A', 'a'.repeat(40), 'x-a', 'a'.repeat(30), 'X-B', 'b'.repeat(43)];
    const { shortResponse } = onRequest('RequestHeaderSize=46B', aRequest({ headers }));
    expect(shortResponse?.status).toBe(431);
    expect(shortResponse?.headers?.raw).toEqual([
      'errorMessage',
      "Request Header/s size is larger than permissible limit (46B). Request Header/s size for 'X-A' is 73B.",
    ]);
  });

  it('takes another name for its answer', () => {
    const definition = { name: 'RequestHeaderSize', args: { maxSize: '1B', errorHeaderName: 'X-Why' } };
    expect(onRequest(definition, aRequest({ headers: ['A', 'bc'] })).shortResponse?.headers?.has('x-why')).toBe(true);
  });

  it('lets pass what is not larger, shows itself and refuses what is no size', () => {
    expect(onRequest('RequestHeaderSize=3B', aRequest({ headers: ['A', 'bc'] })).shortResponse).toBeUndefined();
    expect(String(compile('RequestHeaderSize=1KB'))).toBe('[RequestHeaderSize maxSize = 1024B]');
    expect(refusals('RequestHeaderSize=big')).toEqual(['wrong-type']);
  });
});

describe('RequestSize', () => {
  const { compile, onRequest, refusals } = filterOf(new RequestSizeFilterFactory());

  it.each([
    ['RequestSize', '6000000', '6.0 MB', '5.0 MB'],
    ['RequestSize=1', '999', '999 B', '1 B'],
    ['RequestSize=2KB', '3000', '3.0 kB', '2.0 kB'],
  ])('%s answers 413 to %s bytes', (definition, length, size, limit) => {
    const { shortResponse } = onRequest(definition, aRequest({ headers: ['Content-Length', length] }));
    expect(shortResponse?.status).toBe(413);
    expect(shortResponse?.headers?.raw).toEqual([
      'errorMessage',
      `Request size is larger than permissible limit. Request size is ${size} where permissible limit is ${limit}`,
    ]);
  });

  it.each<[string[]]>([[['Content-Length', '5000000']], [['Transfer-Encoding', 'chunked']], [[]]])(
    'lets %j pass',
    (headers) => expect(onRequest('RequestSize', aRequest({ headers })).shortResponse).toBeUndefined(),
  );

  it('shows itself and refuses a limit of nothing', () => {
    expect(String(compile('RequestSize=5MB'))).toBe('[RequestSize max = 5242880B]');
    expect(refusals('RequestSize=0')).toEqual(['constraint']);
  });
});

import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from './limits.js';
import { type RequestHead, RequestHeadReader } from './request-head.js';
import { Http1Violation } from './violation.js';

function read(pieces: readonly string[], limits = DEFAULT_LIMITS): RequestHead | undefined {
  const reader = new RequestHeadReader(limits);
  for (const piece of pieces) {
    reader.read(Buffer.from(piece, 'latin1'), 0);
    if (reader.complete) return reader.take();
  }
  return undefined;
}

/** Reads the text whole, in single bytes, and cut in two at every place; all must come to the same. */
function readInEveryWay(text: string, limits = DEFAULT_LIMITS): RequestHead | string | undefined {
  const outcomes = new Set<string>();
  let last: RequestHead | string | undefined;
  const cuts: string[][] = [[text], [...text]];
  for (let cut = 1; cut < text.length; cut++) cuts.push([text.slice(0, cut), text.slice(cut)]);
  for (const pieces of cuts) {
    try {
      last = read(pieces, limits);
    } catch (error) {
      if (!(error instanceof Http1Violation)) throw error;
      last = `${error.status} ${error.code}`;
    }
    outcomes.add(JSON.stringify(last) ?? 'incomplete');
  }
  expect([...outcomes]).toHaveLength(1);
  return last;
}

const get = (target: string, ...lines: string[]): string => [`GET ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n');
const post = (...lines: string[]): string => ['POST / HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n');

describe('a request head', () => {
  it('is read with everything that it says', () => {
    expect(
      readInEveryWay(get('/a/%2F/b?x=[1]&y', 'Host: example.org:8080', 'X-Empty:', 'accept: \t text/html \t')),
    ).toEqual({
      method: 'GET',
      target: '/a/%2F/b?x=[1]&y',
      path: '/a/%2F/b',
      query: 'x=[1]&y',
      minorVersion: 1,
      fields: ['Host', 'example.org:8080', 'X-Empty', '', 'accept', 'text/html'],
      host: 'example.org:8080',
      body: { kind: 'none' },
      persistent: true,
      expectsContinue: false,
      upgrade: undefined,
    });
  });

  it.each([
    ['an empty query', get('/?', 'Host: a'), { path: '/', query: '' }],
    ['a second question mark', get('/?a?b', 'Host: a'), { path: '/', query: 'a?b' }],
    ['absolute form', get('HTTP://A:80/p?q', 'Host: a'), { path: '/p', query: 'q' }],
    ['absolute form without a path', get('http://a?q', 'Host: a'), { path: '/', query: 'q' }],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', { path: '*' }],
    ['an empty line first', `\r\n${get('/', 'Host: a')}`, { method: 'GET', path: '/' }],
    ['an IPv6 host', get('/', 'Host: [::1]:80'), { host: '[::1]:80' }],
    ['obs-text', get('/', 'Host: a', 'X: \xe4'), { fields: ['Host', 'a', 'X', '\xe4'] }],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', { minorVersion: 0, persistent: false, host: undefined }],
    ['HTTP/1.0 keep-alive', 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', { persistent: true }],
    ['close', get('/', 'Host: a', 'Connection: foo, , Close'), { persistent: false }],
    ['a length', post('Content-Length: 007'), { body: { kind: 'length', length: 7 } }],
    ['a length of 0', post('Content-Length: 0'), { body: { kind: 'none' } }],
    ['chunked', post('Transfer-Encoding: Chunked'), { body: { kind: 'chunked' } }],
    ['an expectation', post('Content-Length: 1', 'Expect: 100-Continue'), { expectsContinue: true }],
    ['an upgrade', get('/', 'Host: a', 'Connection: x, Upgrade', 'Upgrade: websocket'), { upgrade: 'websocket' }],
    ['an upgrade that Connection does not name', get('/', 'Host: a', 'Upgrade: websocket'), { upgrade: undefined }],
  ])('knows %s', (_, text, expected) => {
    expect(readInEveryWay(text)).toMatchObject(expected);
  });

  it.each([
    ['bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n', '400 request-line'],
    ['bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', '400 field-value'],
    ['bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n', '400 field-name'],
    ['bare CR', 'GET / HTTP/1.1\rHost: a\r\n\r\n', '400 line-end'],
    ['bare CR in a value', get('/', 'Host: a', 'X: a\rb'), '400 line-end'],
    ['bare CR at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\rX', '400 line-end'],
    ['two empty lines first', `\r\n\r\n${get('/', 'Host: a')}`, '400 request-line'],
    ['a folded line', get('/', 'Host: a', 'X: a', ' b'), '400 line-folding'],
    ['a folded first line', get('/', ' Host: a'), '400 line-folding'],
    ['a space before the colon', get('/', 'Host: a', 'X : a'), '400 field-name'],
    ['no colon', get('/', 'Host: a', 'X'), '400 field-name'],
    ['no name', get('/', 'Host: a', ': a'), '400 field-name'],
    ['a name outside the grammar', get('/', 'Host: a', 'X(: a'), '400 field-name'],
    ['a name beyond ASCII', get('/', 'Host: a', 'X\xe4: a'), '400 field-name'],
    ['NUL in a value', get('/', 'Host: a', 'X: a\0b'), '400 field-value'],
    ['DEL in a value', get('/', 'Host: a', 'X: a\x7fb'), '400 field-value'],
    ['vertical tab in a value', post('Transfer-Encoding: \x0bchunked'), '400 field-value'],
    ['NUL in the target', get('/\0', 'Host: a'), '400 target'],
    ['a tab in the target', get('/\t', 'Host: a'), '400 target'],
    ['a fragment', get('/#a', 'Host: a'), '400 target'],
    ['a backslash in the path', get('/a\\b', 'Host: a'), '400 target'],
    ['a raw byte beyond ASCII', get('/\xe4', 'Host: a'), '400 target'],
    ['a target of another form', get('a/b', 'Host: a'), '400 target'],
    ['a target of another scheme', get('ftp://a/', 'Host: a'), '400 target'],
    ['user information', get('http://b@a/', 'Host: a'), '400 target'],
    ['* with GET', get('*', 'Host: a'), '400 target'],
    ['a second space', get(' /', 'Host: a'), '400 request-line'],
    ['a space before the version', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', '400 version-form'],
    ['a space after the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', '400 request-line'],
    ['a lower-case version', 'GET / http/1.1\r\nHost: a\r\n\r\n', '400 version-form'],
    ['no version', 'GET /\r\nHost: a\r\n\r\n', '400 target'],
    ['a TLS greeting', '\x16\x03\x01', '400 request-line'],
    ['a lower-case method', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', '501 method'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', '501 method'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', '501 method'],
    ['a method without end', `${'A'.repeat(50)} / HTTP/1.1\r\nHost: a\r\n\r\n`, '501 method'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505 version'],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', '505 version'],
    ['no Host', get('/'), '400 host'],
    ['an empty Host', get('/', 'Host:'), '400 host'],
    ['two Hosts', get('/', 'Host: a', 'host: a'), '400 host'],
    ['a list in Host', get('/', 'Host: a,b'), '400 host'],
    ['user information in Host', get('/', 'Host: u@a'), '400 host'],
    ['a path in Host', get('/', 'Host: a/b'), '400 host'],
    ['a port that is none', get('/', 'Host: a:b'), '400 host'],
    ['absolute form with another Host', get('http://b/', 'Host: a'), '400 host'],
    ['absolute form with another port', get('http://a:81/', 'Host: a'), '400 host'],
    ['a length and chunked', post('Content-Length: 1', 'Transfer-Encoding: chunked'), '400 transfer-encoding'],
    ['chunked and a length', post('Transfer-Encoding: chunked', 'Content-Length: 1'), '400 transfer-encoding'],
    ['two lengths', post('Content-Length: 1', 'Content-Length: 2'), '400 content-length'],
    ['two equal lengths', post('Content-Length: 1', 'Content-Length: 1'), '400 content-length'],
    ['a list of lengths', post('Content-Length: 1, 1'), '400 content-length'],
    ['a length with a sign', post('Content-Length: +5'), '400 content-length'],
    ['a negative length', post('Content-Length: -5'), '400 content-length'],
    ['a hexadecimal length', post('Content-Length: 0x5'), '400 content-length'],
    ['an exponent', post('Content-Length: 1e1'), '400 content-length'],
    ['an empty length', post('Content-Length:'), '400 content-length'],
    ['a space in a length', post('Content-Length: 1 1'), '400 content-length'],
    ['a length beyond bounds', post('Content-Length: 18446744073709551617'), '413 body-length'],
    ['two encodings', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), '400 transfer-encoding'],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked'), '400 transfer-encoding'],
    ['chunked not last', post('Transfer-Encoding: chunked, gzip'), '400 transfer-encoding'],
    ['chunked with a parameter', post('Transfer-Encoding: chunked;a=b'), '400 transfer-encoding'],
    ['identity', post('Transfer-Encoding: identity'), '400 transfer-encoding'],
    ['almost chunked', post('Transfer-Encoding: xchunked'), '400 transfer-encoding'],
    ['an empty encoding', post('Transfer-Encoding:'), '400 transfer-encoding'],
    ['another coding', post('Transfer-Encoding: gzip, chunked'), '501 transfer-coding'],
    ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', '400 transfer-encoding'],
    ['another expectation', post('Expect: 200-ok'), '417 expectation'],
    ['a Connection option that is no token', get('/', 'Host: a', 'Connection: a b'), '400 connection'],
  ])('is refused with %s', (_, text, expected) => {
    expect(readInEveryWay(text)).toBe(expected);
  });

  const tight = { ...DEFAULT_LIMITS, maxHeadBytes: 79, maxTargetBytes: 10, maxLineBytes: 20, maxFields: 3 };

  it.each([
    ['a target at the limit', get('/23456789?', 'Host: a'), { query: '' }],
    ['a target over the limit', get('/23456789?1', 'Host: a'), '414 target-length'],
    ['a line at the limit', get('/', 'Host: a', 'X: 45678901234567890'), { path: '/' }],
    ['a line over the limit', get('/', 'Host: a', 'X: 456789012345678901'), '431 line-length'],
    ['white space over the limit', get('/', 'Host: a', `X:${' '.repeat(19)}`), '431 line-length'],
    ['a name over the limit', get('/', 'Host: a', `${'X'.repeat(21)}`), '431 line-length'],
    ['fields at the limit', get('/', 'Host: a', 'A: a', 'B: b'), { path: '/' }],
    ['fields over the limit', get('/', 'Host: a', 'A: a', 'B: b', 'C: c'), '431 field-count'],
    [
      'a head at the limit',
      get('/3456789?', 'Host: a', `X: ${'x'.repeat(17)}`, `Y: ${'y'.repeat(17)}`),
      { path: '/3456789' },
    ],
    [
      'a head over the limit',
      get('/3456789?0', 'Host: a', `X: ${'x'.repeat(17)}`, `Y: ${'y'.repeat(17)}`),
      '431 head-length',
    ],
  ])('keeps its limits: %s', (_, text, expected) => {
    const outcome = readInEveryWay(text, tight);
    if (typeof expected === 'string') expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject(expected);
  });

  it('waits for more, without end, as long as what came is a beginning', () => {
    expect(readInEveryWay('GET /a HTTP/1.1\r\nHost: a\r\n\r')).toBeUndefined();
  });

  it('leaves what follows it', () => {
    const reader = new RequestHeadReader(DEFAULT_LIMITS);
    const bytes = Buffer.from(`${get('/1', 'Host: a')}${get('/2', 'Host: a')}body`);
    const end = reader.read(bytes, 0);
    expect(reader.take().path).toBe('/1');
    const secondEnd = reader.read(bytes, end);
    expect(reader.take().path).toBe('/2');
    expect(bytes.toString('latin1', secondEnd)).toBe('body');
  });
});

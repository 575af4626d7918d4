import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from './limits.js';
import { type ResponseHead, ResponseHeadReader } from './response-head.js';
import { Http1Violation } from './violation.js';

function readInEveryWay(text: string, method = 'GET'): ResponseHead | string | undefined {
  const outcomes = new Set<string>();
  let last: ResponseHead | string | undefined;
  for (let cut = 0; cut < text.length; cut++) {
    const reader = new ResponseHeadReader(DEFAULT_LIMITS);
    try {
      for (const piece of [text.slice(0, cut), text.slice(cut)]) reader.read(Buffer.from(piece, 'latin1'), 0);
      last = reader.complete ? reader.take(method) : undefined;
    } catch (error) {
      if (!(error instanceof Http1Violation)) throw error;
      last = error.code;
    }
    outcomes.add(JSON.stringify(last) ?? 'incomplete');
  }
  expect([...outcomes]).toHaveLength(1);
  return last;
}

const response = (line: string, ...lines: string[]): string => [line, ...lines, '', ''].join('\r\n');

describe('a response head', () => {
  it('is read with everything that it says', () => {
    expect(
      readInEveryWay(response('HTTP/1.1 404 Not \xe4 Found', 'Set-Cookie: a', 'set-cookie: b', 'Content-Length: 3')),
    ).toEqual({
      status: 404,
      reason: 'Not \xe4 Found',
      minorVersion: 1,
      fields: ['Set-Cookie', 'a', 'set-cookie', 'b', 'Content-Length', '3'],
      body: { kind: 'length', length: 3 },
      persistent: true,
    });
  });

  it.each([
    [
      'an empty reason',
      response('HTTP/1.1 200 ', 'Content-Length: 0'),
      { reason: '', body: { kind: 'none' }, persistent: true },
    ],
    ['a missing reason', response('HTTP/1.1 200', 'Content-Length: 0'), { reason: '', persistent: true }],
    ['no framing', response('HTTP/1.1 200 OK'), { body: { kind: 'until-close' }, persistent: false }],
    [
      'chunked',
      response('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
      { body: { kind: 'chunked' }, persistent: true },
    ],
    ['close', response('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: close'), { persistent: false }],
    ['HTTP/1.0', response('HTTP/1.0 200 OK', 'Content-Length: 0'), { persistent: false, minorVersion: 0 }],
    ['204', response('HTTP/1.1 204 No Content'), { body: { kind: 'none' }, persistent: true }],
    [
      '204 with a length',
      response('HTTP/1.1 204 x', 'Content-Length: 4'),
      { body: { kind: 'none' }, persistent: false },
    ],
    [
      '204 with chunks',
      response('HTTP/1.1 204 x', 'Transfer-Encoding: chunked'),
      { body: { kind: 'none' }, persistent: false },
    ],
    [
      '304 with a length',
      response('HTTP/1.1 304 x', 'Content-Length: 4'),
      { body: { kind: 'none' }, persistent: true },
    ],
    ['an interim response', response('HTTP/1.1 103 Early Hints', 'Link: a'), { status: 103, body: { kind: 'none' } }],
  ])('knows %s', (_, text, expected) => {
    expect(readInEveryWay(text)).toMatchObject(expected);
  });

  it('has no content in an answer to HEAD', () => {
    expect(readInEveryWay(response('HTTP/1.1 200 OK', 'Content-Length: 9'), 'HEAD')).toMatchObject({
      body: { kind: 'none' },
      persistent: true,
    });
  });

  it.each([
    ['garbage', 'hello there', 'version-form'],
    ['HTTP/2', response('HTTP/2.0 200 OK'), 'version'],
    ['two spaces', response('HTTP/1.1  200 OK'), 'status-line'],
    ['four digits', response('HTTP/1.1 2000 OK'), 'status-line'],
    ['two digits', response('HTTP/1.1 20 OK'), 'status-line'],
    ['an interim response with content', response('HTTP/1.1 103 x', 'Content-Length: 4'), 'content-length'],
    ['an interim response in HTTP/1.0', response('HTTP/1.0 100 Continue'), 'status-line'],
    ['a status under 100', response('HTTP/1.1 099 OK'), 'status-line'],
    ['a status over 599', response('HTTP/1.1 600 OK'), 'status-line'],
    ['NUL in the reason', response('HTTP/1.1 200 O\0K'), 'status-line'],
    ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', 'status-line'],
    [
      'a length and chunks',
      response('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
      'transfer-encoding',
    ],
    ['two lengths', response('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2'), 'content-length'],
    ['chunks in HTTP/1.0', response('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'), 'transfer-encoding'],
    ['a coding', response('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'), 'transfer-coding'],
    ['a fold', response('HTTP/1.1 200 OK', 'A: b', ' c'), 'line-folding'],
  ])('is refused with %s', (_, text, expected) => {
    expect(readInEveryWay(text)).toBe(expected);
  });
});

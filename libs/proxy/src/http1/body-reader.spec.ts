import { describe, expect, it } from 'vitest';
import { BodyReader } from './body-reader.js';
import { type BodyFraming, CHUNKED, NO_BODY, UNTIL_CLOSE } from './framing.js';
import { DEFAULT_LIMITS } from './limits.js';
import { Http1Violation } from './violation.js';

const limits = { ...DEFAULT_LIMITS, maxBodyBytes: 40, maxChunkExtensionBytes: 12 };

interface Outcome {
  readonly content: string;
  readonly complete: boolean;
  readonly trailers: readonly string[];
  readonly rest: string;
}

function read(framing: BodyFraming, pieces: readonly string[]): Outcome | string {
  let content = '';
  let rest = '';
  try {
    const reader = new BodyReader(framing, limits);
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1');
      const end = reader.complete
        ? 0
        : reader.read(bytes, 0, { onContent: (slice) => (content += slice.toString('latin1')) });
      rest += bytes.toString('latin1', end);
    }
    return { content, complete: reader.complete, trailers: reader.trailers, rest };
  } catch (error) {
    if (!(error instanceof Http1Violation)) throw error;
    return `${error.status} ${error.code}`;
  }
}

function readInEveryWay(framing: BodyFraming, text: string): Outcome | string {
  const outcomes = new Map<string, Outcome | string>();
  const cuts: string[][] = [[text], [...text]];
  for (let cut = 1; cut < text.length; cut++) cuts.push([text.slice(0, cut), text.slice(cut)]);
  for (const pieces of cuts) {
    const outcome = read(framing, pieces);
    outcomes.set(JSON.stringify(outcome), outcome);
  }
  expect([...outcomes.keys()]).toHaveLength(1);
  return [...outcomes.values()][0] as Outcome | string;
}

describe('content', () => {
  it.each([
    ['none', NO_BODY, 'next', { content: '', complete: true, rest: 'next' }],
    ['by length', { kind: 'length', length: 5 }, 'hellonext', { content: 'hello', complete: true, rest: 'next' }],
    ['by length, not all', { kind: 'length', length: 5 }, 'hell', { content: 'hell', complete: false, rest: '' }],
    ['until close', UNTIL_CLOSE, 'hello', { content: 'hello', complete: false, rest: '' }],
    [
      'chunked',
      CHUNKED,
      '5\r\nhello\r\n00A\r\n, my world\r\n0\r\n\r\nGET',
      { content: 'hello, my world', complete: true, rest: 'GET' },
    ],
    ['chunked, line ends in it', CHUNKED, '4\r\n\r\n\r\n\r\n0\r\n\r\n', { content: '\r\n\r\n', complete: true }],
    ['chunked, empty', CHUNKED, '0\r\n\r\n', { content: '', complete: true }],
    ['chunked, not all', CHUNKED, '5\r\nhello\r\n0\r\n', { content: 'hello', complete: false }],
    [
      'chunked with trailers',
      CHUNKED,
      '0\r\nA: b\r\nC:d \r\n\r\nx',
      { trailers: ['A', 'b', 'C', 'd'], complete: true, rest: 'x' },
    ],
    ['with extensions', CHUNKED, '1;a;b=c\r\nx\r\n0\r\n\r\n', { content: 'x', complete: true }],
    ['with a quoted extension', CHUNKED, '1;a="\\";"\r\nx\r\n0\r\n\r\n', { content: 'x', complete: true }],
  ] as const)('is read: %s', (_, framing, text, expected) => {
    expect(readInEveryWay(framing, text)).toMatchObject(expected);
  });

  it.each([
    ['no size', '\r\nx', '400 chunk'],
    ['a prefix', '0x1\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a sign', '+1\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a space before the size', ' 1\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a space after the size', '1 \r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a size with bare LF', '1\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a size with bare CR', '1\rx\r\n0\r\n\r\n', '400 line-end'],
    ['a size beyond bounds', '10000000000000000001\r\nx', '400 chunk'],
    ['content longer than its size', '1\r\nxy\r\n0\r\n\r\n', '400 chunk'],
    ['content ended by bare LF', '1\r\nx\n0\r\n\r\n', '400 chunk'],
    ['content ended by bare CR', '1\r\nx\r0\r\n\r\n', '400 line-end'],
    ['the last chunk with bare LF', '0\n\n', '400 chunk'],
    ['an extension without a name', '1;=a\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['an extension without a value', '1;a=\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['an empty extension', '1;\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['a line end in a quoted extension', '1;a="\n"\r\nx\r\n0\r\n\r\n', '400 chunk'],
    ['bare LF in an extension', '1;a\nx\r\n0\r\n\r\n', '400 chunk'],
    ['long extensions', '1;abcdefghijklm\r\nx\r\n0\r\n\r\n', '413 chunk-extension'],
    ['many short extensions', `${'1;abc\r\nx\r\n'.repeat(4)}0\r\n\r\n`, '413 chunk-extension'],
    ['a folded trailer', '0\r\n A: b\r\n\r\n', '400 line-folding'],
    ['a length in a trailer', '0\r\nContent-Length: 1\r\n\r\n', '400 trailer'],
    ['a trailer with bare LF', '0\r\nA: b\n\r\n', '400 field-value'],
    ['more than the limit', `28\r\n${'x'.repeat(40)}\r\n1\r\nx`, '413 body-length'],
  ])('is refused with %s', (_, text, expected) => {
    expect(readInEveryWay(CHUNKED, text)).toBe(expected);
  });

  it.each([
    ['a length', { kind: 'length', length: 41 }, 'x'],
    ['the end of the connection', UNTIL_CLOSE, 'x'.repeat(41)],
  ] as const)('is refused beyond the limit by %s', (_, framing, text) => {
    expect(readInEveryWay(framing, text)).toBe('413 body-length');
  });

  it('is given on as slices of what came', () => {
    const bytes = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
    new BodyReader(CHUNKED, limits).read(bytes, 0, { onContent: (slice) => expect(slice.buffer).toBe(bytes.buffer) });
    expect.assertions(1);
  });
});

import { describe, expect, it } from 'vitest';
import { chunkHead, fieldLine, requestLine, statusLine, UnwritableHeadError } from './head-writer.js';

describe('what is written', () => {
  it('is what was given', () => {
    expect(requestLine('GET', '/a?b={c}')).toBe('GET /a?b={c} HTTP/1.1\r\n');
    expect(statusLine(404, 'Not Found')).toBe('HTTP/1.1 404 Not Found\r\n');
    expect(statusLine(200, '')).toBe('HTTP/1.1 200 \r\n');
    expect(fieldLine('X-A', 'b\tc \xe4')).toBe('X-A: b\tc \xe4\r\n');
    expect(chunkHead(255)).toBe('ff\r\n');
  });

  // U+010A cut to a byte is a line feed, U+0120 a space.
  const breaking = ['a\r\nB: c', 'a\nb', 'a\rb', 'a\0b', 'a\x7f', 'a\u010ab', 'a\u2028'];
  const cases: [string, (text: string) => string, readonly string[]][] = [
    ['a method', (text) => requestLine(text, '/'), [...breaking, '', 'a b', 'a\u0120b']],
    ['a target', (text) => requestLine('GET', text), [...breaking, '', '/a b', '/#', '/\xe4', '/\u0120']],
    ['a reason', (text) => statusLine(200, text), breaking],
    ['a name', (text) => fieldLine(text, 'b'), [...breaking, '', 'a b', 'a:', '\xe4']],
    ['a value', (text) => fieldLine('a', text), breaking],
  ];

  it.each(
    cases.flatMap(([what, write, texts]) =>
      texts.map((text) => [what, JSON.stringify(text), () => write(text)] as const),
    ),
  )('never holds %s of %s', (_, __, write) => {
    expect(write).toThrow(UnwritableHeadError);
  });

  it.each([99, 1000, 200.5, NaN])('never holds the status %s', (status) => {
    expect(() => statusLine(status, '')).toThrow(UnwritableHeadError);
  });
});

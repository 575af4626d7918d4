import type { Random } from './random.js';
import type { MessageKind } from './reading.js';

const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '\r\n ', '\r\n\t', ' \r\n', '\0\r\n', ''];
const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'M-SEARCH',
  'get',
  'BREW',
  'PRI',
  'CONNECT',
  'G ET',
  '',
];
const TARGETS = [
  '/',
  '/a?b',
  '*',
  'http://a/',
  'http://b/x',
  'a:1',
  '/#',
  '/\\',
  '/a b',
  '/\x7f',
  '/\xe4',
  '//',
  '',
  '/?"',
  '?',
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/1',
  '',
];
const HOSTS = ['a', 'a', 'a', 'a:80', 'A', 'a,b', '[::1]', 'a@b', 'a/b', ''];
const LENGTHS = [
  '0',
  '1',
  '5',
  '05',
  '+5',
  '-1',
  '0x5',
  '5 ',
  '5,5',
  '1e1',
  '9007199254740993',
  '99999999999999999999',
  'a',
  '',
  '5\t',
];
const CODINGS = [
  'chunked',
  'Chunked',
  'chunked ',
  '\tchunked',
  'gzip, chunked',
  'chunked, chunked',
  'identity',
  'chunked;q=1',
  '',
  'xchunked',
  'chunked,',
];
const CONNECTIONS = ['close', 'keep-alive', 'Upgrade', 'close, keep-alive', 'te, Close', 'a b', ',', ''];
const SIZES = [
  '0',
  '1',
  '5',
  'A',
  'a',
  '05',
  '00000000000005',
  '0x5',
  '+5',
  '-1',
  ' 5',
  '5 ',
  '5;',
  '5;a',
  '5;a=b',
  '5;a="b"',
  '5;a="\n"',
  '5; a',
  'fffffffffffff',
  '10000000000000005',
  '',
];
const STATUSES = ['200', '200', '204', '304', '100', '103', '101', '404', '600', '099', '20', '2000', '2 0', ''];
const NAMES = [
  'X',
  'content-length',
  'Transfer-Encoding',
  'Content-Length ',
  'X(',
  'X\xe4',
  '',
  ' X',
  'Host',
  'Connection',
  'Transfer-Encoding\0',
  'Trailer',
  'Expect',
  'Upgrade',
];
const VALUES = [
  'b',
  '',
  '\x0b',
  'b\0',
  'b\x7f',
  '\xe4\xff',
  'a\rb',
  'a\nb',
  '"',
  'chunked',
  '5',
  '100-continue',
  ' b ',
  '\t',
];
const CONTENT = ['hello', 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n', '\r\n', '5\r\nhello\r\n'];
/** Bytes that mean something somewhere. */
const BYTES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '1',
  'a',
  '"',
  '\\',
  '/',
  '?',
  '#',
  '%',
  '=',
];

/** Makes messages that are right in most places: what is all wrong is refused at its first byte and proves nothing. */
export function generate(kind: MessageKind, random: Random): string {
  let text = '';
  for (let count = 1 + random.int(3); count > 0; count--) text += message(kind, random);
  return text;
}

/** Changes a text in a few places. */
export function mutate(text: string, other: string, random: Random): string {
  let changed = text;
  for (let count = 1 + random.int(4); count > 0; count--) changed = mutateOnce(changed, other, random);
  return changed;
}

function mutateOnce(text: string, other: string, random: Random): string {
  const at = random.int(text.length + 1);
  const length = random.int(8);
  const byte = random.chance(70) ? random.pick(BYTES) : String.fromCharCode(random.int(256));
  switch (random.int(6)) {
    case 0:
      return text.slice(0, at) + byte + text.slice(at);
    case 1:
      return text.slice(0, at) + byte + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + length);
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - length * 4), at) + text.slice(at);
    case 4:
      return text.slice(0, at) + other.slice(random.int(other.length + 1));
    default:
      return duplicateLine(text, random);
  }
}

function duplicateLine(text: string, random: Random): string {
  const lines = text.split('\r\n');
  const line = random.pick(lines);
  lines.splice(random.int(lines.length + 1), 0, line);
  return lines.join('\r\n');
}

function message(kind: MessageKind, random: Random): string {
  const end = (): string => (random.chance(2) ? random.pick(LINE_ENDS) : '\r\n');
  const space = (): string => (random.chance(2) ? random.pick(['  ', '\t', '']) : ' ');
  const usual = (texts: readonly string[]): string => (random.chance(93) ? (texts[0] as string) : random.pick(texts));
  let text =
    kind === 'request'
      ? usual(METHODS) + space() + usual(TARGETS) + space() + usual(VERSIONS) + end()
      : usual(VERSIONS) + space() + usual(STATUSES) + space() + random.pick(['OK', '', 'Not \xe4', 'a\0']) + end();
  const field = (name: string, value: string): void => {
    text += `${name}${random.chance(2) ? ' :' : ':'}${random.chance(80) ? ' ' : random.pick(['', '\t', '  '])}${value}${end()}`;
  };
  if (kind === 'request' && random.chance(95)) field(random.pick(['Host', 'host']), usual(HOSTS));
  if (random.chance(20)) field('Connection', random.pick(CONNECTIONS));
  for (let count = random.int(3); count > 0; count--) field(usual(NAMES), usual(VALUES));
  const framing = random.int(10);
  const content = random.pick(CONTENT);
  if (framing < 3) field('Content-Length', random.chance(70) ? String(content.length) : random.pick(LENGTHS));
  if (framing === 3 || framing > 7) field('Transfer-Encoding', usual(CODINGS));
  if (framing === 3) field('Content-Length', random.pick(LENGTHS));
  text += end();
  if (framing < 3) text += content;
  if (framing === 3 || framing > 7) text += chunks(random, end);
  return text;
}

function chunks(random: Random, end: () => string): string {
  let text = '';
  for (let count = random.int(4); count > 0; count--) {
    const content = random.pick(CONTENT);
    text += `${random.chance(80) ? content.length.toString(16) : random.pick(SIZES)}${end()}${content}${end()}`;
  }
  text += `${random.chance(95) ? '0' : random.pick(['00', '0;a', '', '0 '])}${end()}`;
  if (random.chance(30)) text += `${random.pick(NAMES)}: ${random.pick(VALUES)}${end()}`;
  return text + end();
}

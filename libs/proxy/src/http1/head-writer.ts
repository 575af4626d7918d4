import { isFieldValue, isOf, isToken, QUERY } from './characters.js';

/** A part that would change the message's structure on the wire: a line break, a control character, a letter beyond Latin-1. */
export class UnwritableHeadError extends Error {
  constructor(what: string, text: string) {
    super(`${what} cannot be sent: ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)}`);
    this.name = 'UnwritableHeadError';
  }
}

/**
 * `method SP target SP HTTP/1.1 CRLF`, as Latin-1 text. Fields and the empty line follow.
 * @throws UnwritableHeadError
 */
export function requestLine(method: string, target: string): string {
  if (!isToken(method)) throw new UnwritableHeadError('the method', method);
  if (!isTarget(target)) throw new UnwritableHeadError('the target', target);
  return `${method} ${target} HTTP/1.1\r\n`;
}

/**
 * `HTTP/1.1 SP status SP reason CRLF`, as Latin-1 text.
 * @throws UnwritableHeadError
 */
export function statusLine(status: number, reason: string): string {
  if (!Number.isInteger(status) || status < 100 || status > 999)
    throw new UnwritableHeadError('the status', String(status));
  if (!isFieldValue(reason)) throw new UnwritableHeadError('the reason phrase', reason);
  return `HTTP/1.1 ${status} ${reason}\r\n`;
}

/**
 * One field line. Names and values that come from a parsed message pass by nature; all others must be looked at, and which is
 * which cannot be told here.
 * @throws UnwritableHeadError
 */
export function fieldLine(name: string, value: string): string {
  if (!isToken(name)) throw new UnwritableHeadError('a header name', name);
  if (!isFieldValue(value)) throw new UnwritableHeadError(`the header ${name}`, value);
  return `${name}: ${value}\r\n`;
}

/** Bytes of a chunk's first line. */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

function isTarget(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (!isOf(QUERY, text.charCodeAt(at))) return false;
  }
  return text.length > 0;
}

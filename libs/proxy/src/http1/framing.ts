import { isToken } from './characters.js';
import { Http1Violation } from './violation.js';

/** Where a message's content ends (RFC 9112 section 6). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Only responses: the content ends with the connection. */
  | { readonly kind: 'until-close' };

export const NO_BODY: BodyFraming = { kind: 'none' };
export const CHUNKED: BodyFraming = { kind: 'chunked' };
export const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' };

/** More digits than any length that a double counts exactly; leading zeros are not counted. */
const MAX_LENGTH_DIGITS = 15;

const ZERO = 0x30;

/** `Content-Length: 1*DIGIT`. */
export function parseContentLength(value: string): number {
  let length = 0;
  let digits = 0;
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) throw new Http1Violation('content-length', 'a content length that is no number');
    if (digits > 0 || digit > 0) digits++;
    length = length * 10 + digit;
  }
  if (value === '') throw new Http1Violation('content-length', 'a content length that is no number');
  if (digits > MAX_LENGTH_DIGITS) throw new Http1Violation('body-length', 'a content length beyond all bounds');
  return length;
}

/**
 * Accepts `chunked` alone: a coding that is not understood cannot be framed, and one that is would have to be taken off and
 * put on again.
 */
export function checkTransferEncoding(value: string): void {
  if (value.length === 7 && value.toLowerCase() === 'chunked') return;
  const codings = value.split(',').map((coding) => coding.trim().toLowerCase());
  const isList =
    codings.every(isToken) && codings.at(-1) === 'chunked' && codings.indexOf('chunked') === codings.length - 1;
  if (isList) throw new Http1Violation('transfer-coding', 'a transfer coding other than chunked');
  throw new Http1Violation('transfer-encoding', 'a transfer encoding that does not end in chunked once');
}

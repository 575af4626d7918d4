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

/** `Content-Length: 1*DIGIT`. */
export function parseContentLength(value: string): number {
  if (!/^[0-9]+$/.test(value)) throw new Http1Violation('content-length', 'a content length that is no number');
  const digits = value.replace(/^0+(?=.)/, '');
  if (digits.length > MAX_LENGTH_DIGITS) throw new Http1Violation('body-length', 'a content length beyond all bounds');
  return Number(digits);
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

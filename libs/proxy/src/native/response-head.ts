import { STATUS_CODES } from 'node:http';
import { fieldLine, isNamed, statusLine } from '../http1/index.js';

/** What the engine adds to a response's own lines. */
export interface ResponseFraming {
  /** `Transfer-Encoding: chunked` is written. */
  readonly chunked: boolean;
  /** `Content-Length` is written with this value; `undefined`: it is not. */
  readonly contentLength: number | undefined;
  /** The `Connection` line's value; `undefined`: no such line, which keeps an HTTP/1.1 connection. */
  readonly connection: 'close' | 'keep-alive' | undefined;
}

/**
 * A response's status line and header section. Lines about framing and connection are the engine's: given ones are left out.
 * @throws UnwritableHeadError
 */
export function responseHead(
  status: number,
  reason: string,
  headers: readonly string[],
  framing: ResponseFraming,
): string {
  let text = statusLine(status, reason === '' ? (STATUS_CODES[status] ?? '') : reason);
  let hasDate = false;
  let length = framing.contentLength;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (isOwnedByEngine(name)) {
      if (length === undefined || name.length !== 14) continue;
      text += `${name}: ${length}\r\n`;
      length = undefined;
      continue;
    }
    if (isNamed(name, 'date')) hasDate = true;
    text += fieldLine(name, headers[at + 1] as string);
  }
  if (!hasDate) text += dateLine();
  if (length !== undefined) text += `Content-Length: ${length}\r\n`;
  if (framing.chunked) text += 'Transfer-Encoding: chunked\r\n';
  if (framing.connection !== undefined) text += `Connection: ${framing.connection}\r\n`;
  return `${text}\r\n`;
}

/** @throws UnwritableHeadError */
export function interimHead(status: number, headers: readonly string[]): string {
  let text = statusLine(status, STATUS_CODES[status] ?? '');
  for (let at = 0; at < headers.length; at += 2) text += fieldLine(headers[at] as string, headers[at + 1] as string);
  return `${text}\r\n`;
}

function isOwnedByEngine(name: string): boolean {
  switch (name.length) {
    case 10:
      return isNamed(name, 'connection') || isNamed(name, 'keep-alive');
    case 14:
      return isNamed(name, 'content-length');
    case 17:
      return isNamed(name, 'transfer-encoding');
    default:
      return false;
  }
}

let dateSecond = 0;
let dateText = '';

/** The same text within one second, which is its precision. */
function dateLine(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return dateText;
}

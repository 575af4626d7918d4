import type { IncomingMessage } from 'node:http';
import { isAuthority, sameAuthority } from '../http1/index.js';
import type { RequestFraming } from './node-exchange.js';

/** Why a request that Node's parser let through is refused all the same. */
export class RefusedRequest {
  constructor(
    readonly status: 400 | 417 | 431 | 501 | 505,
    readonly why: string,
  ) {}
}

const NO_BODY: RequestFraming = Object.freeze({ length: 0, expectsContinue: false });

/**
 * Judges what Node's parser reads more generously than it may be passed on.
 * @param isUpgrade the connection goes on as something else
 */
export function judge(request: IncomingMessage, isUpgrade: boolean): RequestFraming | RefusedRequest {
  const { httpVersionMajor, httpVersionMinor, rawHeaders } = request;
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return new RefusedRequest(505, 'neither HTTP/1.1 nor HTTP/1.0');
  if (request.method === 'CONNECT') return new RefusedRequest(501, 'a gateway is no tunnel');
  const { host } = request.headers;
  if (host !== undefined && !isAuthority(host)) return new RefusedRequest(400, 'a Host that names no host');
  const [, scheme = 'http', authority] = ABSOLUTE_FORM.exec(request.url ?? '') ?? [];
  if (authority !== undefined && host !== undefined && !sameAuthority(authority, host, scheme.toLowerCase())) {
    return new RefusedRequest(400, 'a target and a Host that name different hosts');
  }
  return framingOf(rawHeaders, httpVersionMinor, isUpgrade);
}

const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]+)/i;

/**
 * Judges the header lines that decide where a request ends and for whom it is. Node's parser refuses most of what could be
 * read in two ways; this refuses the rest: two Host lines, a transfer coding besides `chunked` (which would be lost, since we
 * write the framing anew), any in HTTP/1.0, an expectation that nobody can meet.
 */
function framingOf(
  headers: readonly string[],
  minorVersion: number,
  isUpgrade: boolean,
): RequestFraming | RefusedRequest {
  let hosts = 0;
  let length = 0;
  let chunked = false;
  let expectsContinue = false;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === 'host' && ++hosts > 1) return new RefusedRequest(400, 'more than one Host header');
        break;
      case 6:
        if (name.toLowerCase() !== 'expect') break;
        if ((headers[at + 1] as string).toLowerCase() !== '100-continue') {
          return new RefusedRequest(417, 'only 100-continue can be expected');
        }
        expectsContinue = true;
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (!/^\d{1,15}$/.test(headers[at + 1] as string)) return new RefusedRequest(400, 'a bad Content-Length');
        length = Number(headers[at + 1]);
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (chunked || minorVersion === 0) return new RefusedRequest(400, 'a bad Transfer-Encoding');
        if ((headers[at + 1] as string).toLowerCase() !== 'chunked') {
          return new RefusedRequest(501, 'a transfer coding besides chunked');
        }
        chunked = true;
        break;
    }
  }
  if (isUpgrade && (chunked || length > 0)) return new RefusedRequest(400, 'an upgrade with a body');
  if (chunked) return { length: undefined, expectsContinue };
  return length === 0 ? NO_BODY : { length, expectsContinue };
}

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http2';
import { isAuthority, isFieldValue, isMethod, isRequestTarget, isToken } from '../http1/index.js';

/** A request's head as HTTP/1.1 would have it. */
export interface Http2Head {
  readonly method: string;
  readonly target: string;
  /** `[name, value, …]`, `Host` among them. */
  readonly headers: string[];
  /** What the client says the content's length is; `undefined` where it does not. */
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
  /** The key of the handshake that an extended CONNECT (RFC 8441) becomes; absent: it is an ordinary request. */
  readonly webSocketKey?: string;
  /** The status that the request is refused with. */
  readonly refusal?: undefined;
}

export interface RefusedHead {
  readonly refusal: number;
  readonly why: string;
}

/**
 * Reads what `node:http2` let through once more, with the eyes of the HTTP/1.1 that it may become: a line break in a value, a
 * space in a path or a name that is no token would be another request there.
 * @param headers the pseudo-fields
 * @param lines all fields, in order
 */
export function readHttp2Head(headers: IncomingHttpHeaders, lines: readonly string[]): Http2Head | RefusedHead {
  const protocol = headers[':protocol'];
  const webSocketKey = protocol === undefined ? undefined : randomBytes(16).toString('base64');
  if (webSocketKey !== undefined && protocol !== 'websocket')
    return { refusal: 501, why: 'a protocol other than websocket' };
  const method = webSocketKey === undefined ? (headers[':method'] ?? '') : 'GET';
  const target = headers[':path'] ?? '';
  const authority = headers[':authority'];
  if (!isMethod(method)) return { refusal: 501, why: 'an unknown method' };
  if (!isRequestTarget(target)) return { refusal: 400, why: 'a byte that no request target may hold' };
  if (target[0] !== '/' && !(target === '*' && method === 'OPTIONS'))
    return { refusal: 400, why: 'a target that is no path' };
  const out: string[] = [];
  let host: string | undefined;
  let contentLength: number | undefined;
  let expectsContinue = false;
  let cookieAt = -1;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    if (name.charCodeAt(0) === COLON) continue;
    if (!isToken(name) || !isFieldValue(value)) return { refusal: 400, why: 'a field that HTTP/1.1 could not carry' };
    switch (name) {
      case 'host':
        if (host !== undefined) return { refusal: 400, why: 'two Hosts' };
        host = value;
        continue;
      case 'cookie':
        // One field there, one line here (RFC 9113, section 8.2.3).
        if (cookieAt >= 0) {
          out[cookieAt] += `; ${value}`;
          continue;
        }
        cookieAt = out.length + 1;
        break;
      case 'content-length':
        if (contentLength !== undefined || !/^\d{1,15}$/.test(value))
          return { refusal: 400, why: 'a bad Content-Length' };
        contentLength = Number(value);
        break;
      case 'expect':
        if (value.toLowerCase() !== '100-continue')
          return { refusal: 417, why: 'an expectation other than 100-continue' };
        expectsContinue = true;
        break;
      case 'sec-websocket-key':
        // It has no meaning here, and the gateway makes its own.
        if (webSocketKey !== undefined) continue;
        break;
      case 'connection':
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
      case 'upgrade':
        return { refusal: 400, why: 'a field of the connection' };
    }
    out.push(name, value);
  }
  if (webSocketKey !== undefined) {
    if (contentLength !== undefined || expectsContinue) return { refusal: 400, why: 'a WebSocket with content' };
    out.push('sec-websocket-key', webSocketKey);
  }
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    return { refusal: 400, why: 'an authority and a Host that name different hosts' };
  }
  const shown = authority ?? host ?? '';
  if (!isAuthority(shown)) return { refusal: 400, why: 'an authority that names no host' };
  const fields = ['host', shown, ...out];
  return { method, target, headers: fields, contentLength, expectsContinue, ...(webSocketKey && { webSocketKey }) };
}

const COLON = 0x3a;

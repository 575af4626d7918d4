import type { RequestBody } from './request-body.js';

/**
 * A request as a server engine has read it: checked against the grammar and for one unambiguous framing, otherwise as the
 * client sent it. Valid until its response is complete; the engine may use the object again after that.
 */
export interface ClientRequest {
  readonly method: string;
  /** As on the wire: origin-form, absolute-form or `*`. CONNECT is refused by the engine. */
  readonly target: string;
  /** 0 or 1: of HTTP/1.0 or HTTP/1.1 (and later). */
  readonly minorVersion: number;
  /** `[name, value, …]` in order, case and duplicates kept, obsolete folds refused. Belongs to the handler, who may change it. */
  readonly headers: string[];
  /** `undefined`: none (no framing header, or a length of 0). */
  readonly body: RequestBody | undefined;
  /** The peer's IP address; an IPv4 address is never shown in its IPv6-mapped form. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  /** The port that the client connected to. */
  readonly localPort: number;
}

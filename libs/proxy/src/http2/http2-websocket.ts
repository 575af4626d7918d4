import { createHash } from 'node:crypto';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Peer } from '../addresses/peer.js';
import type { ServerLimits } from '../ports/data-plane-server.js';
import { fieldsOf, Http2Exchange } from './http2-exchange.js';
import type { Http2Head } from './http2-head.js';

/**
 * A WebSocket that was asked for by an extended CONNECT (RFC 8441). To the handler it is the handshake of HTTP/1.1 that it
 * becomes; where that succeeds the stream goes on as the WebSocket, with somebody else reading and writing it.
 */
export class Http2WebSocket extends Http2Exchange {
  constructor(
    stream: ServerHttp2Stream,
    head: Http2Head,
    private readonly key: string,
    peer: Peer,
    limits: ServerLimits,
  ) {
    super(stream, head, peer, limits);
  }

  override informational(): void {
    // As on HTTP/1.1: a client that opens a WebSocket has no use for hints.
  }

  /** The client sees neither key nor answer, so that it is for us to compare them (RFC 8441, section 5). */
  override head(status: number, reason: string, headers: readonly string[]): void {
    if (status !== 101) return super.head(status, reason, headers);
    if (this.headSent || this.isGone) return;
    const { 'sec-websocket-accept': accept, ...fields } = fieldsOf(headers);
    if (accept !== acceptOf(this.key)) return this.respond(502, '', [], undefined);
    this.stream.respond({ ':status': 200, ...fields });
    this.headSent = true;
    this.finish(true);
  }

  /** Refused: whatever the client says there is nobody to hear it. An open one ends by itself. */
  protected override afterResponse(): void {
    if (!this.isGone) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

/** RFC 6455, section 4.2.2. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

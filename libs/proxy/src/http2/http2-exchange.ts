import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Peer } from '../addresses/peer.js';
import { hasNoContent } from '../http1/index.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientListener, ClientResponse } from '../ports/client-response.js';
import type { ServerLimits } from '../ports/data-plane-server.js';
import type { Http2Head } from './http2-head.js';
import { Http2RequestBody } from './http2-request-body.js';

/** Silence in the middle of a body, or of a response that the client should read, that ends a stream. */
const STALL_LIMIT_MS = 120_000;

/** Both ends that a handler sees of one HTTP/2 stream. */
export class Http2Exchange implements ClientRequest, ClientResponse {
  readonly method: string;
  readonly target: string;
  readonly minorVersion = 1;
  readonly headers: string[];
  readonly body: Http2RequestBody | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  readonly localPort: number;
  listener: ClientListener = NOBODY;
  headSent = false;
  private hasContent = true;
  private isOver = false;
  private trailers: readonly string[] | undefined;
  private requestTimer: NodeJS.Timeout | undefined;

  constructor(
    protected readonly stream: ServerHttp2Stream,
    head: Http2Head,
    peer: Peer,
    { requestTimeoutMs }: ServerLimits,
  ) {
    this.method = head.method;
    this.target = head.target;
    this.headers = head.headers;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.scheme = peer.scheme;
    this.localPort = peer.localPort;
    if (head.webSocketKey === undefined && !stream.endAfterHeaders) {
      const body = new Http2RequestBody(stream, head.contentLength, head.expectsContinue);
      if (head.contentLength !== 0) this.body = body;
      else body.discard();
      if (requestTimeoutMs > 0) {
        this.requestTimer = setTimeout(() => {
          if (!body.complete) this.onTimeout();
        }, requestTimeoutMs);
      }
    }
    stream.on('drain', () => {
      if (!this.isOver) this.listener.onDrain();
    });
    stream.on('wantTrailers', () => stream.sendTrailers(fieldsOf(this.trailers ?? [])));
    stream.on('finish', () => this.afterResponse());
    stream.on('close', () => this.onClose());
    // A WebSocket may be silent, and has a limit of its own for that.
    if (head.webSocketKey === undefined) this.watch();
  }

  informational(status: number, headers: readonly string[]): void {
    if (this.headSent || this.isGone) return;
    this.stream.additionalHeaders({ ':status': status, ...fieldsOf(headers) });
  }

  /** The reason is not HTTP/2's to tell. */
  head(status: number, _reason: string, headers: readonly string[]): void {
    if (this.headSent || this.isGone) return;
    const hasContent = this.method !== 'HEAD' && !hasNoContent(status);
    this.stream.respond(
      { ':status': status, ...fieldsOf(headers) },
      hasContent ? { waitForTrailers: true } : { endStream: true },
    );
    this.hasContent = hasContent;
    this.headSent = true;
  }

  write(chunk: Buffer): boolean {
    if (this.isGone || !this.hasContent) return true;
    return this.stream.write(chunk);
  }

  end(trailers?: readonly string[]): void {
    if (this.isGone) return;
    this.trailers = trailers;
    this.stream.end();
  }

  respond(status: number, reason: string, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.headSent || this.isGone) return;
    const length = hasNoContent(status)
      ? []
      : ['content-length', String(body === undefined ? 0 : Buffer.byteLength(body))];
    this.head(status, reason, [...headers, ...length]);
    if (body === undefined || !this.hasContent) this.stream.end();
    else this.stream.end(body);
  }

  abort(): void {
    if (!this.isGone) this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  protected get isGone(): boolean {
    return this.isOver || this.stream.destroyed || this.stream.closed;
  }

  /** What the client still sends is of no use any more (RFC 9113, section 8.1). */
  protected afterResponse(): void {
    if (this.body !== undefined && !this.body.complete) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  private onClose(): void {
    this.finish(this.headSent && this.stream.writableFinished && this.stream.rstCode === constants.NGHTTP2_NO_ERROR);
  }

  protected finish(completed: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.requestTimer);
    this.listener.onClose(completed);
  }

  /** Whoever waits for a response may wait as long as the route lets it; who does not send or take what is due may not. */
  private watch(): void {
    this.stream.setTimeout(STALL_LIMIT_MS, () => {
      if (this.stream.writableLength > 0 || this.body?.isWanted) this.onTimeout();
      else this.watch();
    });
  }

  private onTimeout(): void {
    if (this.headSent || this.isGone) {
      this.stream.close(constants.NGHTTP2_CANCEL);
    } else {
      this.head(408, '', []);
      this.stream.end();
    }
  }
}

const NOBODY: ClientListener = { onDrain: () => undefined, onClose: () => undefined };

/** Lines of one name become one field, save for the one whose values hold commas of their own (RFC 9110, section 5.3). */
export function fieldsOf(lines: readonly string[]): OutgoingHttpHeaders {
  const fields = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at < lines.length; at += 2) {
    const name = (lines[at] as string).toLowerCase();
    const value = lines[at + 1] as string;
    if (isOfConnection(name)) continue;
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (name !== 'set-cookie') fields[name] = `${known as string}, ${value}`;
    else if (Array.isArray(known)) known.push(value);
    else fields[name] = [known, value];
  }
  return fields;
}

/** What HTTP/2 has other means for, and refuses (RFC 9113, section 8.2.2). */
function isOfConnection(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return true;
    default:
      return false;
  }
}

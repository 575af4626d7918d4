import type { Peer } from '../addresses/peer.js';
import { chunkHead, fieldLine, hasNoContent, isNamed, type RequestHead } from '../http1/index.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientListener, ClientResponse } from '../ports/client-response.js';
import type { NativeRequestBody } from './native-request-body.js';
import type { Outgoing } from './outgoing.js';
import { interimHead, responseHead } from './response-head.js';

/** What an exchange asks of the connection that it runs on. */
export interface ExchangeConnection {
  readonly outgoing: Outgoing;
  readonly peer: Peer;
  /** Asked when a response's head is written: may another request follow? */
  mayPersist(): boolean;
  /** The client is slow; `drained` will be called. */
  onSlowClient(): void;
  /** The system has taken the whole response. */
  onResponseWritten(): void;
  /** Cuts the connection. `abruptly`: by a reset, where an orderly end would pass a part for the whole. */
  cut(abruptly: boolean): void;
}

/** How the end of the response's content is told. */
const LENGTH = 0;
const CHUNKED = 1;
const UNTIL_CLOSE = 2;
const NO_CONTENT = 3;

const OPEN = 0;
const HEAD_SENT = 1;
const ENDED = 2;
const CLOSED = 3;

/** Both ends that a handler sees of one request. */
export class NativeExchange implements ClientRequest, ClientResponse {
  listener: ClientListener = NOBODY;
  /** Set with the head: another request may follow. */
  persistent = false;
  private state = OPEN;
  private framing = NO_CONTENT;
  /** Bytes that `Content-Length` still promises. */
  private remaining = 0;
  private waitsForDrain = false;

  constructor(
    private readonly requestHead: RequestHead,
    readonly body: NativeRequestBody | undefined,
    private readonly connection: ExchangeConnection,
  ) {}

  get method(): string {
    return this.requestHead.method;
  }

  get target(): string {
    return this.requestHead.target;
  }

  get minorVersion(): number {
    return this.requestHead.minorVersion;
  }

  get headers(): string[] {
    return this.requestHead.fields;
  }

  get remoteAddress(): string {
    return this.connection.peer.address;
  }

  get remotePort(): number {
    return this.connection.peer.port;
  }

  get scheme(): 'http' | 'https' {
    return this.connection.peer.scheme;
  }

  get localPort(): number {
    return this.connection.peer.localPort;
  }

  get headSent(): boolean {
    return this.state !== OPEN;
  }

  get isClosed(): boolean {
    return this.state === CLOSED;
  }

  informational(status: number, headers: readonly string[]): void {
    if (this.state !== OPEN || this.minorVersion === 0) return;
    this.connection.outgoing.add(interimHead(status, headers));
  }

  head(status: number, reason: string, headers: readonly string[]): void {
    if (this.state !== OPEN) return;
    const length = declaredLength(headers);
    this.framing = this.framingFor(status, length);
    if (this.framing === LENGTH) this.remaining = length ?? 0;
    const tellsLength = this.framing === LENGTH || this.method === 'HEAD' || status === 304;
    this.sendHead(status, reason, headers, tellsLength ? length : undefined);
  }

  write(chunk: Buffer): boolean {
    if (this.state !== HEAD_SENT || this.framing === NO_CONTENT || chunk.length === 0) return true;
    const { outgoing } = this.connection;
    if (this.framing === LENGTH) {
      this.remaining -= chunk.length;
      // More than was announced would be read as the next response.
      if (this.remaining < 0) {
        this.abort();
        return true;
      }
    }
    if (this.framing === CHUNKED) {
      outgoing.add(chunkHead(chunk.length));
      outgoing.add(chunk);
    }
    if (outgoing.write(this.framing === CHUNKED ? CRLF : chunk)) return !this.waitsForDrain;
    this.waitsForDrain = true;
    this.connection.onSlowClient();
    return false;
  }

  end(trailers?: readonly string[]): void {
    if (this.state !== HEAD_SENT) return;
    if (this.framing === LENGTH && this.remaining > 0) {
      this.abort();
      return;
    }
    if (this.framing === CHUNKED) this.connection.outgoing.add(lastChunk(trailers));
    this.finish();
  }

  respond(status: number, reason: string, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.state !== OPEN) return;
    const content = typeof body === 'string' ? Buffer.from(body) : body;
    this.framing = NO_CONTENT;
    const length = hasNoContent(status) ? undefined : (content?.length ?? 0);
    this.sendHead(status, reason, headers, length);
    if (content !== undefined && length !== undefined && this.method !== 'HEAD') this.connection.outgoing.add(content);
    this.finish();
  }

  abort(): void {
    if (this.state === CLOSED) return;
    this.connection.cut(this.state !== OPEN && this.framing === UNTIL_CLOSE);
  }

  /** The client has taken what was written. */
  drained(): void {
    if (!this.waitsForDrain || this.state === CLOSED) return;
    this.waitsForDrain = false;
    this.listener.onDrain();
  }

  /** Nothing more can be written. Tells the listener, once. */
  close(completed: boolean): void {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    this.listener.onClose(completed);
  }

  private framingFor(status: number, length: number | undefined): number {
    if (hasNoContent(status) || this.method === 'HEAD') return NO_CONTENT;
    if (length !== undefined) return LENGTH;
    return this.minorVersion === 0 ? UNTIL_CLOSE : CHUNKED;
  }

  private sendHead(
    status: number,
    reason: string,
    headers: readonly string[],
    contentLength: number | undefined,
  ): void {
    const persistent = this.requestHead.persistent && this.framing !== UNTIL_CLOSE && this.connection.mayPersist();
    const text = responseHead(status, reason, headers, {
      chunked: this.framing === CHUNKED,
      contentLength,
      connection: !persistent ? 'close' : this.minorVersion === 0 ? 'keep-alive' : undefined,
    });
    this.persistent = persistent;
    this.state = HEAD_SENT;
    this.connection.outgoing.add(text);
  }

  private finish(): void {
    this.state = ENDED;
    this.connection.outgoing.flush(() => {
      if (this.state === ENDED) this.connection.onResponseWritten();
    });
  }
}

const NOBODY: ClientListener = { onDrain: () => undefined, onClose: () => undefined };
const CRLF = Buffer.from('\r\n');

/** A `Content-Length` line that can be kept to; one that cannot is as good as none. */
function declaredLength(headers: readonly string[]): number | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (!isNamed(name, 'content-length')) continue;
    const value = headers[at + 1] as string;
    return /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
  }
  return undefined;
}

function lastChunk(trailers: readonly string[] | undefined): string {
  if (trailers === undefined || trailers.length === 0) return '0\r\n\r\n';
  let text = '0\r\n';
  for (let at = 0; at < trailers.length; at += 2) text += fieldLine(trailers[at] as string, trailers[at + 1] as string);
  return `${text}\r\n`;
}

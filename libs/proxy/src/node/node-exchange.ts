import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Peer } from '../addresses/peer.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientListener, ClientResponse } from '../ports/client-response.js';
import { NodeRequestBody } from './node-request-body.js';

/** Both ends that a handler sees of one `node:http` request. */
export class NodeExchange implements ClientRequest, ClientResponse {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: number;
  readonly headers: string[];
  readonly body: NodeRequestBody | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  readonly localPort: number;
  listener: ClientListener = NOBODY;
  private waitsForDrain = false;
  private closed = false;
  private hasBodyBegun = false;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    framing: RequestFraming,
    peer: Peer,
    private readonly isClosing: () => boolean,
  ) {
    this.method = request.method as string;
    this.target = request.url as string;
    this.minorVersion = request.httpVersionMinor;
    this.headers = request.rawHeaders;
    this.body =
      framing.length === 0
        ? undefined
        : new NodeRequestBody(request, response, framing.length, framing.expectsContinue && this.minorVersion > 0);
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.scheme = peer.scheme;
    this.localPort = peer.localPort;
    response.on('close', () => {
      this.closed = true;
      // `writableFinished` lies where the connection went away while the last bytes were being written.
      this.listener.onClose(response.writableFinished && !response.errored);
    });
    response.on('error', () => undefined);
  }

  get headSent(): boolean {
    return this.response.headersSent;
  }

  informational(status: number, headers: readonly string[]): void {
    if (this.closed || this.minorVersion === 0 || this.headSent) return;
    const { socket } = this.response;
    let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n`;
    for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
    socket?.write(`${head}\r\n`, 'latin1');
  }

  head(status: number, reason: string, headers: readonly string[]): void {
    if (this.closed) return;
    if (this.isClosing()) this.response.shouldKeepAlive = false;
    if (reason === '') this.response.writeHead(status, headers as string[]);
    else this.response.writeHead(status, reason, headers as string[]);
    // Node keeps the head back for the body's first piece: right where that comes at once, wrong for an event stream.
    process.nextTick(flushHead, this);
  }

  write(chunk: Buffer): boolean {
    this.hasBodyBegun = true;
    if (this.closed) return true;
    if (this.response.write(chunk)) return true;
    if (!this.waitsForDrain) {
      this.waitsForDrain = true;
      this.response.once('drain', () => {
        this.waitsForDrain = false;
        this.listener.onDrain();
      });
    }
    return false;
  }

  end(trailers?: readonly string[]): void {
    this.hasBodyBegun = true;
    if (this.closed) return;
    if (trailers !== undefined && trailers.length > 0) this.response.addTrailers(pairs(trailers));
    this.response.end();
  }

  respond(status: number, reason: string, headers: readonly string[], body: Buffer | string | undefined): void {
    if (this.closed) return;
    const hasContent = status >= 200 && status !== 204 && status !== 304;
    if (hasContent) headers = [...headers, 'Content-Length', String(body === undefined ? 0 : Buffer.byteLength(body))];
    this.head(status, reason, headers);
    this.hasBodyBegun = true;
    if (body === undefined || !hasContent) this.response.end();
    else this.response.end(body);
  }

  /** Sends the head on its own, unless it has gone with the body. */
  flushHead(): void {
    if (!this.hasBodyBegun && !this.closed) this.response.flushHeaders();
  }

  abort(): void {
    if (this.closed) return;
    const { socket } = this.request;
    // Where only the close ends the body, an orderly one would pass a part for the whole.
    if (this.minorVersion === 0 && 'resetAndDestroy' in socket && !(socket instanceof TLSSocket)) {
      socket.resetAndDestroy();
    } else {
      socket.destroy();
    }
  }
}

/** What the head says of the body. */
export interface RequestFraming {
  /** 0: none. `undefined`: chunked. */
  readonly length: number | undefined;
  readonly expectsContinue: boolean;
}

function flushHead(exchange: NodeExchange): void {
  exchange.flushHead();
}

const NOBODY: ClientListener = { onDrain: () => undefined, onClose: () => undefined };
const REASONS: Readonly<Record<number, string>> = { 102: 'Processing', 103: 'Early Hints' };

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) result.push([flat[at] as string, flat[at + 1] as string]);
  return result;
}

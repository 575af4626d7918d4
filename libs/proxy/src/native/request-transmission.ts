import { chunkHead, fieldLine, requestLine } from '../http1/index.js';
import type { BodySink, BodySource } from '../ports/request-body.js';
import type { UpstreamRequest } from '../ports/upstream-client.js';
import type { Outgoing } from './outgoing.js';

/** What becomes of a transmission. */
export interface TransmissionListener {
  /** The body failed, or was not as long as it was said to be: what was sent is no whole request. */
  onTransmissionFailed(error: Error): void;
}

/** Methods whose meaning includes content: without any they say so (RFC 9110 section 8.6). */
const EXPECTS_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const CRLF = Buffer.from('\r\n');

/** One request on its way out: the head, written anew from its parts, and the body, framed by its source. */
export class RequestTransmission implements BodySink {
  /** True: the whole request was given to the socket. */
  complete = false;
  private over = false;
  private waitsForDrain = false;
  /** Bytes still to come of a body of known length. */
  private remaining: number;
  private readonly body: BodySource | undefined;

  constructor(
    request: UpstreamRequest,
    private readonly outgoing: Outgoing,
    private readonly listener: TransmissionListener,
  ) {
    this.body = request.body;
    this.remaining = request.body?.length ?? 0;
  }

  /** @param head as `requestHead` makes it */
  start(head: string): void {
    if (this.body) {
      this.outgoing.add(head);
      this.body.read(this);
    } else {
      this.complete = true;
      this.outgoing.send(head);
    }
  }

  /** The socket takes more again. */
  drained(): void {
    if (!this.waitsForDrain || this.over) return;
    this.waitsForDrain = false;
    this.body?.resume();
  }

  /** What still comes of the body is dropped. */
  stop(): void {
    this.over = true;
  }

  onBodyData(chunk: Buffer): void {
    if (this.over || chunk.length === 0) return;
    const { body, outgoing } = this;
    let hasRoom: boolean;
    if (body?.length === undefined) {
      outgoing.add(chunkHead(chunk.length));
      outgoing.add(chunk);
      hasRoom = outgoing.write(CRLF);
    } else {
      this.remaining -= chunk.length;
      // More than was announced would be read as the next request.
      if (this.remaining < 0) {
        this.fail(new Error('the body is longer than its Content-Length'));
        return;
      }
      hasRoom = outgoing.write(chunk);
    }
    if (hasRoom || this.waitsForDrain) return;
    this.waitsForDrain = true;
    body?.pause();
  }

  onBodyEnd(trailers: readonly string[]): void {
    if (this.over) return;
    if (this.remaining > 0) {
      this.fail(new Error('the body is shorter than its Content-Length'));
      return;
    }
    if (this.body?.length === undefined) {
      this.outgoing.add('0\r\n');
      for (let at = 0; at < trailers.length; at += 2) {
        this.outgoing.add(fieldLine(trailers[at] as string, trailers[at + 1] as string));
      }
      this.outgoing.add(CRLF);
    }
    this.complete = true;
    this.outgoing.flush();
  }

  onBodyError(error: Error): void {
    if (!this.over) this.fail(error);
  }

  private fail(error: Error): void {
    this.over = true;
    this.listener.onTransmissionFailed(error);
  }
}

/**
 * The request's line and header section, the framing of its body included.
 * @throws UnwritableHeadError
 */
export function requestHead(request: UpstreamRequest): string {
  const { headers, method, body } = request;
  let text = requestLine(method, request.path);
  for (let at = 0; at < headers.length; at += 2) text += fieldLine(headers[at] as string, headers[at + 1] as string);
  if (body === undefined) {
    if (EXPECTS_CONTENT.has(method)) text += 'Content-Length: 0\r\n';
  } else if (body.length === undefined) {
    text += 'Transfer-Encoding: chunked\r\n';
  } else {
    text += `Content-Length: ${body.length}\r\n`;
  }
  return `${text}\r\n`;
}

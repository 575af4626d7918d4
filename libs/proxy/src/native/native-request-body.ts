import { type BodyFraming, BodyReader, type ContentSink, type Http1Limits } from '../http1/index.js';
import type { BodySink, RequestBody } from '../ports/request-body.js';

/** What an unwanted body may still cost before the connection is given up instead. */
const DISCARD_LIMIT_BYTES = 1024 * 1024;

/** What a body asks of the connection that it comes on. */
export interface BodyConnection {
  /** Writes `100 Continue`, if there is still time for it. */
  writeContinue(): void;
  /** The body is wanted now: what waits for it and what is to come. A body that is not wanted makes the connection wait. */
  resumeReading(): void;
  /** @returns a part of what has just come, for whoever may keep it */
  keep(part: Buffer): Buffer;
}

/** The body of one request, read from its connection as far as somebody takes it. */
export class NativeRequestBody implements RequestBody, ContentSink {
  readonly length: number | undefined;
  private readonly reader: BodyReader;
  private sink: BodySink | undefined;
  private paused = false;
  private discarded = false;
  private discardedBytes = 0;
  private failed = false;

  constructor(
    framing: BodyFraming,
    limits: Http1Limits,
    public awaitsContinue: boolean,
    private readonly connection: BodyConnection,
  ) {
    this.reader = new BodyReader(framing, limits);
    this.length = framing.kind === 'length' ? framing.length : undefined;
  }

  /** True: read to its end. */
  get complete(): boolean {
    return this.reader.complete;
  }

  /** True: bytes that come now have somewhere to go. */
  get isWanted(): boolean {
    return this.discarded || (this.sink !== undefined && !this.paused);
  }

  /**
   * True: its end will not be waited for, so that nobody can tell where the next request begins. A client that never got its
   * `100 Continue` may or may not send the body.
   */
  get endsConnection(): boolean {
    if (this.complete) return false;
    if (this.failed || this.discardedBytes > DISCARD_LIMIT_BYTES) return true;
    return this.awaitsContinue || (this.discarded && (this.length ?? 0) > DISCARD_LIMIT_BYTES);
  }

  read(sink: BodySink): void {
    this.sink = sink;
    if (this.awaitsContinue) {
      this.awaitsContinue = false;
      this.connection.writeContinue();
    }
    if (!this.failed) this.connection.resumeReading();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.discarded && !this.complete && !this.failed) this.connection.resumeReading();
  }

  discard(): void {
    if (this.discarded || this.complete || this.failed) return;
    this.discarded = true;
    this.sink = undefined;
    if (!this.endsConnection) this.connection.resumeReading();
  }

  /**
   * Reads on from `chunk[from]` and returns the offset after the body's last byte in it.
   * @throws Http1Violation
   */
  receive(chunk: Buffer, from: number): number {
    const end = this.reader.read(chunk, from, this);
    if (this.reader.complete) this.sink?.onBodyEnd(this.reader.trailers);
    return end;
  }

  onContent(content: Buffer): void {
    if (this.discarded) this.discardedBytes += content.length;
    else this.sink?.onBodyData(this.connection.keep(content));
  }

  /** No more will come. */
  fail(error: Error): void {
    if (this.complete || this.failed) return;
    this.failed = true;
    this.sink?.onBodyError(error);
  }
}

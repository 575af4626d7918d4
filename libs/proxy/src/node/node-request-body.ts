import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTrailerName } from '../http1/index.js';
import type { BodySink, RequestBody } from '../ports/request-body.js';

/** What an unwanted body may still cost before the connection is given up instead. */
const DISCARD_LIMIT_BYTES = 1024 * 1024;

/** Silence in the middle of a body that is waited for. */
const STALL_LIMIT_MS = 120_000;

/** The body of a request as `node:http` reads it. */
export class NodeRequestBody implements RequestBody {
  private sink: BodySink | undefined;
  private ended = false;
  private discarded = false;
  private paused = false;
  private stall: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly length: number | undefined,
    public awaitsContinue: boolean,
  ) {}

  read(sink: BodySink): void {
    this.sink = sink;
    if (this.awaitsContinue) {
      this.awaitsContinue = false;
      this.response.writeContinue();
    }
    this.stall = setTimeout(() => this.onStall(), STALL_LIMIT_MS);
    this.stall.unref();
    this.request
      .on('data', (chunk: Buffer) => {
        this.stall?.refresh();
        this.sink?.onBodyData(chunk);
      })
      .on('end', () => {
        this.ended = true;
        clearTimeout(this.stall);
        this.sink?.onBodyEnd(passable(this.request.rawTrailers));
      })
      .on('error', (error) => this.fail(error))
      .on('close', () => this.fail(new Error('the client closed the connection in the middle of its request')));
  }

  pause(): void {
    this.paused = true;
    if (!this.discarded) this.request.pause();
  }

  resume(): void {
    this.paused = false;
    this.stall?.refresh();
    if (!this.discarded) this.request.resume();
  }

  discard(): void {
    if (this.ended || this.discarded) return;
    this.discarded = true;
    this.sink = undefined;
    // A client that never got its `100 Continue` may or may not send the body: what follows cannot be told apart.
    if (this.awaitsContinue) return this.giveUp();
    let dropped = 0;
    this.request
      .on('data', (chunk: Buffer) => {
        dropped += chunk.length;
        if (dropped > DISCARD_LIMIT_BYTES) this.giveUp();
      })
      .on('error', () => undefined);
    this.request.resume();
  }

  /** The connection ends with the response: reading on is not worth it. */
  private giveUp(): void {
    const { request, response } = this;
    request.pause();
    if (response.writableFinished) request.socket.destroySoon();
    else if (response.headersSent) response.once('finish', () => request.socket.destroySoon());
    else response.shouldKeepAlive = false;
  }

  /** A body of which nothing comes, and be it one of 2^64 bytes by its first chunk, ends its connection. */
  private onStall(): void {
    if (this.paused) this.stall?.refresh();
    else this.request.destroy(new Error('the request did not come in time'));
  }

  private fail(error: Error): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.stall);
    this.sink?.onBodyError(error);
  }
}

function passable(trailers: readonly string[]): readonly string[] {
  return trailers.filter((_, at) => isTrailerName(trailers[at - (at % 2)] as string));
}

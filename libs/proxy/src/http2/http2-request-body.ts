import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { isFieldValue, isTrailerName } from '../http1/index.js';
import type { BodySink, RequestBody } from '../ports/request-body.js';

/** What an unwanted body may still cost before its stream is given up instead. */
const DISCARD_LIMIT_BYTES = 1024 * 1024;

/** The body of a request as `node:http2` reads it. */
export class Http2RequestBody implements RequestBody {
  /** True: read to its end, or lost. */
  complete = false;
  private sink: BodySink | undefined;
  private trailers: string[] = [];
  private paused = false;
  private discarded = false;
  private discardedBytes = 0;

  constructor(
    private readonly stream: ServerHttp2Stream,
    readonly length: number | undefined,
    public awaitsContinue: boolean,
  ) {
    stream.on('trailers', (_headers: IncomingHttpHeaders, _flags: number, lines: string[]) => {
      for (let at = 0; at < lines.length; at += 2) {
        const [name, value] = [lines[at] as string, lines[at + 1] as string];
        if (isTrailerName(name) && isFieldValue(value)) this.trailers.push(name, value);
      }
    });
    stream.on('end', () => {
      if (this.complete) return;
      this.complete = true;
      this.sink?.onBodyEnd(this.trailers);
    });
    stream.on('close', () => {
      if (this.complete) return;
      this.complete = true;
      this.sink?.onBodyError(new Error('the client gave its request up'));
    });
  }

  /** True: bytes that come now have somewhere to go. */
  get isWanted(): boolean {
    return !this.complete && (this.discarded || (this.sink !== undefined && !this.paused));
  }

  read(sink: BodySink): void {
    this.sink = sink;
    if (this.awaitsContinue) {
      this.awaitsContinue = false;
      if (!this.stream.headersSent) this.stream.additionalHeaders({ ':status': 100 });
    }
    this.stream.on('data', (chunk: Buffer) => this.onData(chunk));
  }

  pause(): void {
    this.paused = true;
    if (!this.discarded) this.stream.pause();
  }

  resume(): void {
    this.paused = false;
    if (!this.discarded) this.stream.resume();
  }

  /** The stream is closed with the response where its request is not through by then. */
  discard(): void {
    if (this.discarded || this.complete) return;
    this.discarded = true;
    if (this.sink === undefined) this.stream.on('data', (chunk: Buffer) => this.onData(chunk));
    this.sink = undefined;
    this.stream.resume();
  }

  private onData(chunk: Buffer): void {
    if (!this.discarded) {
      this.sink?.onBodyData(chunk);
      return;
    }
    this.discardedBytes += chunk.length;
    if (this.discardedBytes > DISCARD_LIMIT_BYTES) this.stream.pause();
  }
}

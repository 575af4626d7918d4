import { ExchangeError } from '@tigateway/routing';
import type { BodySink, BodySource, RequestBody } from '../ports/request-body.js';

/**
 * A request body that can be sent more than once, for filters that call the upstream again. What goes by is kept up to a
 * limit; past it nothing is kept any more and the body is one like any other.
 */
export class ReplayableBody implements BodySource, BodySink {
  readonly length: number | undefined;
  private limitBytes = 0;
  private kept: Buffer[] | undefined;
  private keptBytes = 0;
  private trailers: readonly string[] | undefined;
  private failure: Error | undefined;
  private started = false;
  private sink: BodySink | undefined;
  private readonly awaiting: ((body: Buffer) => void)[] = [];

  constructor(private readonly body: RequestBody) {
    this.length = body.length;
  }

  /** The largest limit that anybody asked for counts. Without effect once the body is being read. */
  keepUpTo(limitBytes: number): void {
    if (this.started || limitBytes <= this.limitBytes) return;
    this.limitBytes = limitBytes;
    this.kept = (this.length ?? 0) > limitBytes ? undefined : [];
  }

  /** True as long as `read` may be called again. */
  get isRepeatable(): boolean {
    return !this.started || this.kept !== undefined;
  }

  /**
   * All of it, before anybody else reads it.
   * @throws ExchangeError 413 where it is larger than what is kept
   */
  collect(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const refuse = (): void => reject(new ExchangeError(413, `a body of more than ${this.limitBytes} bytes`));
      if (this.kept === undefined) return refuse();
      this.read({
        onBodyData: () => {
          if (this.kept === undefined) refuse();
        },
        onBodyEnd: () => resolve(Buffer.concat(this.kept ?? [])),
        onBodyError: reject,
      });
    });
  }

  /** Calls once with all of it, when it has come and was kept; never, where it fails or is larger than what is kept. */
  whenWhole(listener: (body: Buffer) => void): void {
    if (this.trailers === undefined) this.awaiting.push(listener);
    else if (this.kept !== undefined) listener(Buffer.concat(this.kept));
  }

  read(sink: BodySink): void {
    this.sink = sink;
    if (!this.started) {
      this.started = true;
      this.body.read(this);
      return;
    }
    for (const chunk of this.kept ?? []) sink.onBodyData(chunk);
    if (this.failure !== undefined) sink.onBodyError(this.failure);
    else if (this.trailers !== undefined) sink.onBodyEnd(this.trailers);
    else this.body.resume();
  }

  pause(): void {
    this.body.pause();
  }

  resume(): void {
    this.body.resume();
  }

  onBodyData(chunk: Buffer): void {
    if (this.kept !== undefined) {
      this.keptBytes += chunk.length;
      if (this.keptBytes > this.limitBytes) this.kept = undefined;
      else this.kept.push(chunk);
    }
    this.sink?.onBodyData(chunk);
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.trailers = trailers;
    this.sink?.onBodyEnd(trailers);
    const { kept } = this;
    if (kept !== undefined) for (const listener of this.awaiting.splice(0)) listener(Buffer.concat(kept));
  }

  onBodyError(error: Error): void {
    this.failure = error;
    this.sink?.onBodyError(error);
  }
}

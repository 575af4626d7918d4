import type { Socket } from 'node:net';
import {
  BodyReader,
  type ContentSink,
  DEFAULT_LIMITS,
  Http1Violation,
  type Http1Limits,
  ResponseHeadReader,
  type ResponseHead,
} from '../http1/index.js';
import { UpstreamError } from '../ports/upstream-client.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';
import { receive } from './incoming.js';
import { Outgoing } from './outgoing.js';
import type { ReadMemory } from './read-memory.js';
import { Deadline } from './timer-wheel.js';

/** Whose response a connection is reading. */
export interface ResponseSink extends ContentSink {
  /** Of the request: it says whether the response has content. */
  readonly method: string;
  onInterim(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** The response is whole. The connection has no sink any more. */
  onEnd(trailers: readonly string[]): void;
  /**
   * The connection is gone, and the response with it.
   * @param begun some byte of a response had come
   */
  onLost(error: UpstreamError, begun: boolean): void;
  onDrain(): void;
}

/** Where a connection comes from and goes back to. */
export interface ConnectionHome {
  /** Its idle time is over, or it broke while it idled, or its request is lost. */
  onConnectionGone(connection: UpstreamConnection): void;
}

/** Upstreams may send a longer head than clients, within the setting. */
export function responseLimits({ maxHeaderBytes, maxInitialLineBytes }: UpstreamSettings): Http1Limits {
  return {
    ...DEFAULT_LIMITS,
    maxHeadBytes: maxHeaderBytes,
    maxStatusLineBytes: maxInitialLineBytes,
    maxLineBytes: maxHeaderBytes,
    maxFields: 1_000,
  };
}

const NO_TRAILERS: readonly string[] = [];
const NOTHING = Buffer.alloc(0);

/** One connection to an upstream. It carries one request at a time. */
export class UpstreamConnection extends Deadline implements ContentSink {
  readonly outgoing: Outgoing;
  /** Requests begun on it. */
  requests = 0;
  /** False: after the present response it has to be closed. */
  persistent = true;
  private sink: ResponseSink | undefined;
  private readonly reader: ResponseHeadReader;
  private body: BodyReader | undefined;
  private begun = false;
  /** The response's trailers, once it is whole. */
  private trailers: readonly string[] | undefined;
  private isPaused = false;
  private isReading = false;
  /** Bytes that came while the sink wanted none. */
  private unread: Buffer | undefined;
  /** Why the connection is lost, while a paused sink may not be told yet. */
  private loss: UpstreamError | undefined;
  private isGone = false;
  private failure: Error | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly memory: ReadMemory,
    private readonly limits: Http1Limits,
    private readonly home: ConnectionHome,
    /** Where the monotonic clock stands beyond which it takes no more requests; `Infinity` without a limit. */
    readonly retiresAt: number,
  ) {
    super();
    this.outgoing = new Outgoing(socket, this.onDrain);
    this.reader = new ResponseHeadReader(limits);
    if (memory.isUsed) memory.attach(this.onData);
    else receive(socket, this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
  }

  get isUsable(): boolean {
    return !this.isGone && !this.socket.destroyed && this.socket.writable;
  }

  /** The response to the request that is now written belongs to `sink`. */
  begin(sink: ResponseSink): void {
    this.sink = sink;
    this.requests++;
    this.begun = false;
  }

  /** The sink is told nothing more until `resume`; but the rest of the content at hand may still come. */
  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.isReading) return;
    this.consume(this.unread ?? NOTHING);
    // Consuming tells the sink, who may pause again.
    if (this.isPaused as boolean) return;
    if (this.loss) this.lose(this.loss);
    else this.socket.resume();
  }

  /** Nothing more is told to the sink. */
  destroy(): void {
    this.sink = undefined;
    this.socket.destroy();
    this.leave();
  }

  /** It idled long enough. */
  override onDeadline(): void {
    this.destroy();
  }

  onContent(content: Buffer): void {
    this.sink?.onContent(this.memory.keep(content));
  }

  private readonly onData = (chunk: Buffer): boolean => {
    if (this.sink === undefined) {
      // Nobody asked: whatever it is, it must not be taken for the next request's response.
      this.destroy();
      return false;
    }
    this.begun = true;
    this.consume(this.unread ? Buffer.concat([this.unread, chunk]) : chunk);
    return this.body !== undefined;
  };

  private readonly onDrain = (): void => {
    this.sink?.onDrain();
  };

  private readonly onEnd = (): void => {
    if (this.body?.endsWithConnection) this.finishResponse(NO_TRAILERS);
    this.lose(new UpstreamError('reset', 'the upstream closed the connection'));
  };

  private readonly onError = (error: Error): void => {
    this.failure = error;
  };

  private readonly onClose = (): void => {
    const { failure } = this;
    const message = failure
      ? `the connection to the upstream broke: ${failure.message}`
      : 'the upstream closed the connection';
    this.lose(new UpstreamError('reset', message, failure && { cause: failure }));
  };

  private consume(chunk: Buffer): void {
    let at = 0;
    this.unread = undefined;
    this.isReading = true;
    try {
      while (at < chunk.length && this.trailers === undefined && !this.isPaused && !this.isGone)
        at = this.read(chunk, at);
    } catch (error) {
      if (!(error instanceof Http1Violation)) throw error;
      this.isPaused = false;
      this.lose(new UpstreamError('protocol', `the response is not to be trusted: ${error.message}`, { cause: error }));
    } finally {
      this.isReading = false;
    }
    if (this.isGone) return;
    if (this.trailers === undefined) {
      if (at < chunk.length) this.unread = this.memory.keep(chunk.subarray(at));
      return;
    }
    // Bytes after the response's end are nobody's, and must not be taken for the next response.
    if (at < chunk.length) this.persistent = false;
    if (!this.isPaused) this.finishResponse(this.trailers);
  }

  private read(chunk: Buffer, from: number): number {
    const { body } = this;
    if (body) {
      const end = body.read(chunk, from, this);
      if (body.complete) this.trailers = body.trailers;
      return end;
    }
    const end = this.reader.read(chunk, from);
    if (this.reader.complete) this.onHeadRead(this.reader.take((this.sink as ResponseSink).method));
    return end;
  }

  private onHeadRead(head: ResponseHead): void {
    if (head.status === 101) throw new Http1Violation('status-line', 'a switch of protocols that nobody asked for');
    if (!head.persistent) this.persistent = false;
    if (head.status < 200) {
      this.sink?.onInterim(head);
      return;
    }
    const body = new BodyReader(head.body, this.limits);
    this.body = body;
    if (body.complete) this.trailers = NO_TRAILERS;
    this.sink?.onHead(head);
  }

  private finishResponse(trailers: readonly string[]): void {
    const { sink } = this;
    this.body = undefined;
    this.trailers = undefined;
    this.sink = undefined;
    sink?.onEnd(trailers);
  }

  private lose(error: UpstreamError): void {
    const { sink, begun } = this;
    this.persistent = false;
    this.socket.destroy();
    if (this.isPaused && sink) {
      this.loss = error;
      return;
    }
    this.sink = undefined;
    this.leave();
    sink?.onLost(error, begun);
  }

  private leave(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.body = undefined;
    this.home.onConnectionGone(this);
  }
}

/**
 * Bytes of a request body on their way, whoever makes them: the client's connection, a collected copy, a filter. They are
 * delivered once, into one sink, as fast as the sink lets them.
 */
export interface BodySource {
  /** Bytes in all; `undefined`: known only at the end (chunked). Never 0: where there is no body there is no source. */
  readonly length: number | undefined;
  /** Starts delivery, synchronously or later. Called once. A client that waits for `100 Continue` gets it now. */
  read(sink: BodySink): void;
  /** Stops delivery until `resume`; what had been read already may still come. */
  pause(): void;
  resume(): void;
}

/** Takes a body. Every source ends with exactly one of `onBodyEnd` and `onBodyError`. */
export interface BodySink {
  /** The chunk belongs to the sink from here on. A sink that has enough calls `pause` on the source. */
  onBodyData(chunk: Buffer): void;
  /** `[name, value, …]`; empty where there are no trailers. */
  onBodyEnd(trailers: readonly string[]): void;
  /** The client went away or broke the framing in the middle of it. */
  onBodyError(error: Error): void;
}

/** The body of a client's request. Nothing is read from the connection for it before `read` or `discard`. */
export interface RequestBody extends BodySource {
  /** True: the client sends `Expect: 100-continue` and has not got an answer yet. */
  readonly awaitsContinue: boolean;
  /**
   * Nobody wants the (rest of the) body. The engine reads it away, within a limit, so that the connection can be used again,
   * or closes the connection after the response. Calls to the sink end.
   */
  discard(): void;
}

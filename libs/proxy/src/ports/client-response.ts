/**
 * Where the response to one request goes. The engine owns the framing: it writes `Connection`, and `Transfer-Encoding` where
 * neither `Content-Length` nor the status and method say how the body ends, adds `Date` where it is missing, and leaves out a
 * body that HEAD, 204 or 304 do not have. All other header lines are written as they are given.
 *
 * Call order: `informational`*, `head`, `write`*, `end`; or `respond` instead of the last three; or `abort` at any time.
 * After `onClose` all calls are without effect.
 */
export interface ClientResponse {
  /** Set once by the handler, before anything else. */
  listener: ClientListener;
  /** True once `head` or `respond` was called. */
  readonly headSent: boolean;
  /** An interim response, 102 to 199; not written to HTTP/1.0 clients. `100` is the request body's affair. */
  informational(status: number, headers: readonly string[]): void;
  /** An empty `reason` stands for the status's standard phrase. The head may wait for a body that comes at once, but no longer. */
  head(status: number, reason: string, headers: readonly string[]): void;
  /**
   * Writes at once; nothing waits for more. The chunk belongs to the response from here on.
   * @returns false where the client is slow: `onDrain` will say when to go on
   */
  write(chunk: Buffer): boolean;
  /** `[name, value, …]`, written only where the framing has room for them. */
  end(trailers?: readonly string[]): void;
  /** A complete response in one go; `Content-Length` is the engine's to write. */
  respond(status: number, reason: string, headers: readonly string[], body: Buffer | string | undefined): void;
  /** Cuts the connection, so that the client cannot take what it got for the whole. */
  abort(): void;
}

export interface ClientListener {
  /** The client has taken what was written. */
  onDrain(): void;
  /**
   * Called exactly once, last.
   * @param completed true where the whole response was handed to the system, false where the client went away before
   */
  onClose(completed: boolean): void;
}

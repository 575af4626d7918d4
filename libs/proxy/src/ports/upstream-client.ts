import type { UpstreamTarget } from '@tigateway/routing';
import type { BodySource } from './request-body.js';
import type { UpstreamSettings } from './upstream-settings.js';

/** An upstream engine: pooled connections, one response per request, streamed both ways. */
export abstract class UpstreamClient {
  /**
   * Sends a request and tells `handler` what becomes of it; nothing is called before `send` has returned. A request on a
   * reused connection that dies before a byte of the response came is repeated once by the engine where
   * `request.repeatable` allows it.
   */
  abstract send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** The pools whose settings want them shown. */
  abstract pools(): readonly PoolFacts[];
  /** Closes what idles at once and the rest when its response has ended. */
  abstract close(): Promise<void>;
}

/** The connections to one target, as they are now. */
export interface PoolFacts {
  /** Of the settings. */
  readonly name: string;
  /** `scheme://host:port`. */
  readonly target: string;
  /** With a request on them, or being made for one. */
  readonly active: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
}

export interface UpstreamRequest {
  readonly target: UpstreamTarget;
  readonly method: string;
  /** Path and query as they go on the wire. */
  readonly path: string;
  /**
   * `[name, value, …]` in order, `Host` included; hop-by-hop headers, `Content-Length`, `Transfer-Encoding` and `Expect` are
   * not in it: the engine writes the framing from `body`, and `Content-Length: 0` where a method that means a body has none.
   */
  readonly headers: readonly string[];
  readonly body: BodySource | undefined;
  /** True: an idempotent method without a body that was started; may be sent a second time. */
  readonly repeatable: boolean;
  /** The route's own; `undefined` takes the one of `settings`. */
  readonly connectTimeoutMs: number | undefined;
  /** From the call of `send` to the response's head; 0 for none. */
  readonly responseTimeoutMs: number;
  /** Compared by identity: a new object means a new pool beside the old one, which empties as its responses end. */
  readonly settings: UpstreamSettings;
}

/** Calls come in this order: `onUpstreamInformational`*, `onUpstreamHead`, `onUpstreamData`*, `onUpstreamEnd`; or `onUpstreamError` at any time, then nothing. */
export interface UpstreamHandler {
  /** 102 to 199 without 101. */
  onUpstreamInformational(status: number, headers: string[]): void;
  /** The arrays belong to the handler. Framing headers are still in `headers`. */
  onUpstreamHead(status: number, reason: string, headers: string[]): void;
  /** The chunk belongs to the handler. A handler that has enough calls `pause` on the call. */
  onUpstreamData(chunk: Buffer): void;
  onUpstreamEnd(trailers: string[]): void;
  onUpstreamError(error: UpstreamError): void;
}

export interface UpstreamCall {
  /** No `onUpstreamData` comes between its call from within the handler and `resume`; an `onUpstreamEnd` may. */
  pause(): void;
  resume(): void;
  /** Nobody waits any more: frees the connection, and nothing more is called. Without effect after the end. */
  abort(): void;
}

export type UpstreamFailure =
  /** Not reachable: refused, no route, name unknown, TLS failed. */
  | 'connect'
  | 'connect-timeout'
  /** No connection of a limited pool became free in time. */
  | 'pool-exhausted'
  /** Nobody stands behind the service's name. */
  | 'no-instance'
  /** The address is on the deny list. */
  | 'denied'
  /** Closed or reset before or in the middle of a response. */
  | 'reset'
  | 'response-timeout'
  /** What came is not HTTP, or breaks its own framing or our limits. */
  | 'protocol'
  /** The request's own body failed: the client went away. */
  | 'request-body';

/** Why a request has no (whole) response. */
export class UpstreamError extends Error {
  constructor(
    readonly failure: UpstreamFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UpstreamError';
  }
}

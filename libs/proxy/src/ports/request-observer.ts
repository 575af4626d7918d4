import type { CompiledRoute } from '@tigateway/routing';

import type { Refusal } from './data-plane-server.js';

/** Who wants to know of every request: metrics, the judge of a change, the access log. Called once per request, at its end. */
export abstract class RequestObserver {
  /** `facts` is only valid during the call: read it, do not keep it. */
  abstract completed(facts: RequestFacts): void;

  /** A client was answered by the engine alone. Of no interest unless somebody says so. */
  refused(_refusal: Refusal): void {
    return;
  }
}

/** What became of one request. */
export interface RequestFacts {
  /** `undefined` where no route matched. */
  readonly route: CompiledRoute | undefined;
  readonly routeId: string | undefined;
  readonly routeUri: string | undefined;
  readonly method: string;
  /** The raw path as the client sent it, without the query. */
  readonly path: string;
  /** The request target as on the wire, with the query. */
  readonly target: string;
  /** As sent to the client; 0 where the client went away before there was one. */
  readonly status: number;
  readonly outcome: RequestOutcome;
  /** True where the upstream is to blame: a 5xx, a refused or timed-out connection, a response cut in the middle. */
  readonly failed: boolean;
  /** To the last byte, in milliseconds. */
  readonly durationMs: number;
  readonly remoteAddress: string;
  /** As the client sent it; empty where it is missing. */
  readonly host: string;
  readonly responseBytes: number;
  /** What went wrong, as it was thrown; `undefined` where nothing did. */
  readonly failure: unknown;
  /** The first line of that request header, after the route's filters. */
  header(name: string): string | undefined;
}

export type RequestOutcome =
  /** The whole response was sent. */
  | 'completed'
  /** The client went away. */
  | 'client-aborted'
  /** The response was cut because the upstream died in the middle of it. */
  | 'upstream-aborted';

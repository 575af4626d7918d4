/** Left on the exchange of a fallback by the circuit breaker that sent it there; a `FallbackCause`. */
export const FALLBACK_CAUSE = Symbol('fallback cause');

/** What went wrong with the call that the fallback stands in for. */
export interface FallbackCause {
  readonly type: string;
  readonly message: string | undefined;
  /** Of the error at the bottom of the chain of causes; the error itself where it has none. */
  readonly rootType: string;
  readonly rootMessage: string | undefined;
}

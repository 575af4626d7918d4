/**
 * What the table's index may know of the requests that a predicate can match. It must never exclude a request that could
 * match; the predicate itself is asked in any case.
 */
export interface RouteIndexKeys {
  /** One per path pattern: the leading literal or one-segment-wildcard segments; what follows them, if anything may. */
  readonly paths?: readonly PathIndexKey[];
  /** One per host pattern. */
  readonly hosts?: readonly HostIndexKey[];
}

export interface PathIndexKey {
  /** Decoded literal segments; `null` stands for any one segment. */
  readonly segments: readonly (string | null)[];
  /** True: any further segments may follow (`**`, `{*rest}`, or a pattern that the index cannot follow further). */
  readonly open: boolean;
}

export interface HostIndexKey {
  /** Lower-case labels from the right (`org`, `foo`, `www`), without the port: those that are literal. */
  readonly labels: readonly string[];
  /** True: labels further left are not literal, so any may follow. */
  readonly open: boolean;
}

/** Something that proxies HTTP, alone on its core. */
export interface Subject {
  /** Requests to `<url>/item` reach `<upstream>/item`. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A gateway or proxy that can be measured beside ours, doing the same to each request: one route, forwarded headers, a header more. */
export interface Peer {
  readonly name: string;
  /** What must be installed; what is missing is named and left out. */
  readonly missing: () => string | undefined;
  /** How long it runs before it is measured, where that is more than usual, in seconds. */
  readonly warmUpSeconds?: number;
  start(upstream: string): Promise<Subject>;
}

/** The path below which every peer proxies; it is taken off, as `StripPrefix=2` does. */
export const PREFIX = '/team-0/service-0';

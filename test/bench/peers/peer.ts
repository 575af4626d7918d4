import type { Certificate } from '../processes/certificate.js';

/** Something that proxies HTTP, alone on its core. */
export interface Subject {
  /** Requests to `<url>/item` reach `<upstream>/item`. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export type Ability = 'proxy' | 'tls' | 'websocket';

/** A gateway or proxy that can be measured beside ours, doing the same to each request: one route, forwarded headers, a header more. */
export interface Peer {
  readonly name: string;
  /** What it cannot do, or what is not asked of it. */
  readonly lacks?: readonly Ability[];
  /** What must be installed; what is missing is named and left out. */
  readonly missing: () => string | undefined;
  /** How long it runs before it is measured, where that is more than usual, in seconds. */
  readonly warmUpSeconds?: number;
  /** @param certificate makes it speak TLS to its clients */
  start(upstream: string, certificate?: Certificate): Promise<Subject>;
}

/** The path below which every peer proxies; it is taken off, as `StripPrefix=2` does. */
export const PREFIX = '/team-0/service-0';

/** Something that proxies HTTP and is changed meanwhile. `/bench` redirects to a place whose last segment is the revision. */
export interface Changing {
  /** Requests to `<url><PREFIX>/item` reach `<upstream>/item`. */
  readonly url: string;
  /** Gives `/bench` its next revision. @returns when it is said to be in force; at once, where nothing is said */
  change(revision: number): Promise<void>;
  /** Changes another route. */
  changeOther(turn: number): Promise<void>;
  /** @returns when it takes another change, where that is later than the last one is in force */
  settled?(): Promise<void>;
  stop(): Promise<void>;
}

/** A way of changing a gateway's configuration. */
export interface ChangingPeer {
  readonly name: string;
  readonly missing: () => string | undefined;
  /** How long it carries requests before it is measured under load, in seconds. */
  readonly warmUpSeconds: number;
  /** True: whoever was told that a change is made sees it in the next request. */
  readonly isAcknowledged?: boolean;
  /** @param routes how many it has besides `/bench` */
  start(routes: number, upstream: string): Promise<Changing>;
}

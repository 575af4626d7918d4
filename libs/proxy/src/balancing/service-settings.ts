/** How a service's requests are given to its instances. Times in milliseconds. */
export interface ServiceSettings {
  readonly balancing: 'round-robin' | 'least-connections';
  readonly passive: PassiveHealthSettings;
  /** `undefined`: nobody asks. */
  readonly active: ActiveHealthSettings | undefined;
}

/** What is learnt from the requests themselves. */
export interface PassiveHealthSettings {
  /** So many in a row put an instance out: responses of 5xx, refused, reset and timed-out connections. 0: nothing does. */
  readonly failures: number;
  /** How long, the first time; each time after it twice as long. Then one request tries whether it is back. */
  readonly ejectMs: number;
  readonly maxEjectMs: number;
}

/** What is learnt by asking: GET of a path, and a status of 200 to 399 is good. */
export interface ActiveHealthSettings {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many good answers in a row bring an instance back. */
  readonly healthyThreshold: number;
  /** So many bad ones in a row put it out. */
  readonly unhealthyThreshold: number;
}

export const DEFAULT_SERVICE_SETTINGS: ServiceSettings = Object.freeze<ServiceSettings>({
  balancing: 'round-robin',
  passive: Object.freeze<PassiveHealthSettings>({ failures: 5, ejectMs: 10_000, maxEjectMs: 300_000 }),
  active: undefined,
});

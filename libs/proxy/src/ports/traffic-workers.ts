/** The processes that serve traffic, where it is not served by the one that decides. */
export abstract class TrafficWorkers {
  /** Those that have not ended, in the order of their places. */
  abstract readonly all: readonly WorkerView[];
  /** Replaces them one after the other. Does not wait for it. */
  abstract restart(): void;
}

export interface WorkerView {
  /** Its place: 1 to the number of workers. */
  readonly worker: number;
  readonly pid: number;
  readonly state: 'starting' | 'serving' | 'draining';
  /** When it was started, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Which change it serves by; equal for all that serve, except for the moment in which one comes into force. */
  readonly sequence: number;
  readonly inFlight: number;
  readonly openWebSockets: number;
}

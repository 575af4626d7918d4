import type { BreakerState } from './circuit-breaker.js';

/** Who knows how the circuit breakers are. */
export abstract class BreakerBoard {
  /** Those that have been asked at least once. */
  abstract readonly all: readonly BreakerFacts[];
}

export interface BreakerFacts {
  readonly routeId: string;
  readonly name: string;
  readonly state: BreakerState;
  /** From which on it opens, in percent. */
  readonly thresholdPercent: number;
  /** -1 where there were too few calls to tell. */
  readonly failurePercent: number;
  /** Calls that are looked at, and those of them that failed. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Calls ever, by how they ended. */
  readonly succeeded: number;
  readonly failed: number;
  readonly refused: number;
  /** Where each of several processes has a breaker of its own: how many are in which state. */
  readonly states?: Readonly<Partial<Record<BreakerState, number>>>;
}

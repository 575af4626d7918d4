import { Logger } from '@nestjs/common';
import { type Clock, SystemClock } from '@tigateway/model';
import { type RouteManager, type Snapshot } from '@tigateway/routing';
import { type BreakerFacts, BreakerBoard } from './breaker-board.js';
import { FilterStates } from '../filter-state/filter-states.js';
import { type BreakerSettings, CircuitBreaker } from './circuit-breaker.js';

/** A breaker that has been asked at least once. */
export interface KnownBreaker {
  readonly routeId: string;
  readonly name: string;
  readonly breaker: CircuitBreaker;
}

/** The breakers of all routes: each by route, place of the filter and its arguments, so that reloads elsewhere leave it alone. */
export class CircuitBreakers extends BreakerBoard {
  private readonly states = new FilterStates<KnownBreaker>();
  private readonly logger = new Logger('CircuitBreaker');

  constructor(
    private readonly clock: Clock = new SystemClock(),
    routes?: RouteManager,
  ) {
    super();
    routes?.onSwap((_previous, next, changedRouteIds) => this.prune(next, changedRouteIds));
  }

  /** After a swap: forgets the breakers that the changed routes no longer have. */
  prune(next: Snapshot, changedRouteIds: readonly string[]): void {
    this.states.prune(next, changedRouteIds);
  }

  of(routeId: string, stateKey: string, name: string, settings: BreakerSettings): CircuitBreaker {
    const make = (): KnownBreaker => ({
      routeId,
      name,
      breaker: new CircuitBreaker(settings, this.clock, (state, { seen }) => {
        const breaker = `the breaker "${name}" of the route "${routeId}"`;
        if (state === 'OPEN') this.logger.warn(`${breaker} is open: ${seen.failed} of ${seen.calls} calls failed`);
        else this.logger.log(`${breaker} is ${state === 'CLOSED' ? 'closed again' : 'half open'}`);
      }),
    });
    return this.states.of(routeId, stateKey, make).breaker;
  }

  /** Those that have been asked, by route. */
  get known(): readonly KnownBreaker[] {
    return [...this.states.all()].map(([, known]) => known);
  }

  override get all(): readonly BreakerFacts[] {
    return this.known.map(({ routeId, name, breaker }) => ({
      routeId,
      name,
      state: breaker.state,
      thresholdPercent: breaker.settings.failurePercent,
      failurePercent: breaker.failurePercent,
      calls: breaker.seen.calls,
      failedCalls: breaker.seen.failed,
      succeeded: breaker.successes,
      failed: breaker.failures,
      refused: breaker.refused,
    }));
  }
}

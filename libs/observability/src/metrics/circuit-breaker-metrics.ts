import { Injectable } from '@nestjs/common';
import { registerAsked, type Sample } from './asked-metric.js';

const STATES = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const;

type State = (typeof STATES)[number];

/** One breaker as the metrics show it. */
export interface BreakerFacts {
  readonly routeId: string;
  readonly name: string;
  readonly state: State;
  /** Where several processes have one each: how many are in which state. */
  readonly states?: Readonly<Partial<Record<State, number>>>;
  /** Calls since the start of the process. */
  readonly succeeded: number;
  readonly failed: number;
  readonly refused: number;
}

type Series = (facts: BreakerFacts) => readonly (readonly [label: string, labelValue: string, value: number])[];

/** Circuit breakers under Resilience4j's names. Nothing is counted here: a scrape asks for what is known. */
@Injectable()
export class CircuitBreakerMetrics {
  private source: () => readonly BreakerFacts[] = () => [];

  constructor() {
    this.register(
      'resilience4j_circuitbreaker_state',
      'gauge',
      'The states of the circuit breakers',
      ({ state, states = { [state]: 1 } }) =>
        STATES.map((each) => ['state', each.toLowerCase(), states[each] ?? 0] as const),
    );
    this.register(
      'resilience4j_circuitbreaker_calls_total',
      'counter',
      'Calls that ended well, badly, or were not permitted',
      ({ succeeded, failed, refused }) => [
        ['kind', 'successful', succeeded],
        ['kind', 'failed', failed],
        ['kind', 'not_permitted', refused],
      ],
    );
  }

  /** @param source asked at every scrape */
  follow(source: () => readonly BreakerFacts[]): void {
    this.source = source;
  }

  private register(name: string, type: 'gauge' | 'counter', help: string, series: Series): void {
    const samples = (facts: BreakerFacts): readonly Sample[] =>
      series(facts).map(([label, is, value]) => ({
        labels: { name: facts.name, routeId: facts.routeId, [label]: is },
        value,
      }));
    registerAsked({ name, type, help, samples }, () => this.source());
  }
}

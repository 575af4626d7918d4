import { Injectable } from '@nestjs/common';
import { forEachSliced } from '@tigateway/model';
import { type Metric, register } from 'prom-client';
import { escapeLabel, type SeriesValue } from './request-series.js';
import type { SlicedMetric } from './sliced-metric.js';

const STATES = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const;

/** One breaker as the metrics show it. */
export interface BreakerFacts {
  readonly routeId: string;
  readonly name: string;
  readonly state: (typeof STATES)[number];
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
    this.register('resilience4j_circuitbreaker_state', 'gauge', 'The states of the circuit breakers', ({ state }) =>
      STATES.map((each) => ['state', each.toLowerCase(), each === state ? 1 : 0] as const),
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
    register.removeSingleMetric(name);
    const metric: SlicedMetric & Record<string, unknown> = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: async () => ({ ...metric, values: await this.values(series) }),
      reset: () => undefined,
      slicedText: async () => {
        let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
        await forEachSliced(this.source(), (facts) => {
          const labels = `name="${escapeLabel(facts.name)}",routeId="${escapeLabel(facts.routeId)}"`;
          for (const [label, is, value] of series(facts)) text += `${name}{${labels},${label}="${is}"} ${value}\n`;
        });
        return `${text}\n`;
      },
    };
    // As RequestMetrics: the registry asks for no more than this.
    register.registerMetric(metric as unknown as Metric);
  }

  private async values(series: Series): Promise<Omit<SeriesValue, 'metricName'>[]> {
    const values: Omit<SeriesValue, 'metricName'>[] = [];
    await forEachSliced(this.source(), (facts) => {
      for (const [label, is, value] of series(facts)) {
        values.push({ labels: { name: facts.name, routeId: facts.routeId, [label]: is }, value });
      }
    });
    return values;
  }
}

import { Injectable } from '@nestjs/common';
import { type AskedMetric, registerAsked, type Sample } from './asked-metric.js';

/** One instance of a service as the metrics show it. */
export interface InstanceFacts {
  readonly service: string;
  /** `host:port`. */
  readonly instance: string;
  /** Whether requests are given to it. */
  readonly isUp: boolean;
  readonly active: number;
  /** Since the instance is known. */
  readonly requests: number;
  readonly failures: number;
  readonly ejections: number;
}

/** The instances behind services. Nothing is counted here: a scrape asks for what is known. */
@Injectable()
export class UpstreamMetrics {
  private source: () => readonly InstanceFacts[] = () => [];

  constructor() {
    const metrics: AskedMetric<InstanceFacts>[] = [
      {
        name: 'tigateway_upstream_up',
        type: 'gauge',
        help: '1 while requests are given to the instance',
        samples: one(({ isUp }) => Number(isUp)),
      },
      {
        name: 'tigateway_upstream_active_requests',
        type: 'gauge',
        help: 'Requests and WebSockets under way at the instance',
        samples: one(({ active }) => active),
      },
      {
        name: 'tigateway_upstream_requests_total',
        type: 'counter',
        help: 'Requests that were given to the instance',
        samples: one(({ requests }) => requests),
      },
      {
        name: 'tigateway_upstream_failures_total',
        type: 'counter',
        help: 'Of them, those that ended in a 5xx or in no whole response',
        samples: one(({ failures }) => failures),
      },
      {
        name: 'tigateway_upstream_ejections_total',
        type: 'counter',
        help: 'Times that the instance was put out for failing',
        samples: one(({ ejections }) => ejections),
      },
    ];
    for (const metric of metrics) registerAsked(metric, () => this.source());
  }

  /** @param source asked at every scrape */
  follow(source: () => readonly InstanceFacts[]): void {
    this.source = source;
  }
}

function one(value: (facts: InstanceFacts) => number): (facts: InstanceFacts) => readonly Sample[] {
  return (facts) => [{ labels: { service: facts.service, instance: facts.instance }, value: value(facts) }];
}

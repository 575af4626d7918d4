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

/** The connections to one target as the metrics show them. */
export interface PoolFacts {
  readonly name: string;
  readonly target: string;
  readonly active: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
}

/** The instances behind services, and connections to upstreams. Nothing is counted here: a scrape asks for what is known. */
@Injectable()
export class UpstreamMetrics {
  private source: () => readonly InstanceFacts[] = () => [];
  private pools: () => readonly PoolFacts[] = () => [];

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
    this.registerPools();
  }

  /** @param source asked at every scrape */
  follow(source: () => readonly InstanceFacts[]): void {
    this.source = source;
  }

  /** @param source asked at every scrape; pools of one name and target are shown as one */
  followPools(source: () => readonly PoolFacts[]): void {
    this.pools = () => merged(source());
  }

  private registerPools(): void {
    const labels = ({ name, target }: PoolFacts): Record<string, string> => ({ pool: name, target });
    registerAsked<PoolFacts>(
      {
        name: 'tigateway_upstream_connections',
        type: 'gauge',
        help: 'Connections to upstreams, of pools with metrics switched on',
        samples: (facts) => [
          { labels: { ...labels(facts), state: 'active' }, value: facts.active },
          { labels: { ...labels(facts), state: 'idle' }, value: facts.idle },
        ],
      },
      () => this.pools(),
    );
    registerAsked<PoolFacts>(
      {
        name: 'tigateway_upstream_pending_requests',
        type: 'gauge',
        help: 'Requests that wait for a connection of a limited pool',
        samples: (facts) => [{ labels: labels(facts), value: facts.waiting }],
      },
      () => this.pools(),
    );
  }
}

function merged(pools: readonly PoolFacts[]): readonly PoolFacts[] {
  const byKey = new Map<string, PoolFacts>();
  for (const pool of pools) {
    const key = `${pool.name} ${pool.target}`;
    const { active = 0, idle = 0, waiting = 0 } = byKey.get(key) ?? {};
    byKey.set(key, {
      ...pool,
      active: pool.active + active,
      idle: pool.idle + idle,
      waiting: pool.waiting + waiting,
    });
  }
  return [...byKey.values()];
}

function one(value: (facts: InstanceFacts) => number): (facts: InstanceFacts) => readonly Sample[] {
  return (facts) => [{ labels: { service: facts.service, instance: facts.instance }, value: value(facts) }];
}

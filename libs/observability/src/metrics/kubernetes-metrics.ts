import { Injectable } from '@nestjs/common';
import { type AskedMetric, registerAsked, type Sample } from './asked-metric.js';

/** One watch of the cluster as the metrics show it. */
export interface WatchFacts {
  /** `configmaps`, `tigatewayroutes.tigateway.cn`. */
  readonly resource: string;
  /** `*`: all. */
  readonly namespace: string;
  /** Whether it can be read at the moment. */
  readonly isUp: boolean;
  readonly restarts: number;
  readonly objects: number;
}

/** What is watched in the cluster, and who leads. Nothing is counted here: a scrape asks for what is known. */
@Injectable()
export class KubernetesMetrics {
  private watches: () => readonly WatchFacts[] = () => [];
  private isLeader: () => boolean = () => false;

  constructor() {
    const metrics: AskedMetric<WatchFacts>[] = [
      {
        name: 'tigateway_kubernetes_watch_up',
        type: 'gauge',
        help: '1 while the resources can be read',
        samples: one(({ isUp }) => Number(isUp)),
      },
      {
        name: 'tigateway_kubernetes_watch_restarts_total',
        type: 'counter',
        help: 'Times that the watch was opened again',
        samples: one(({ restarts }) => restarts),
      },
      {
        name: 'tigateway_kubernetes_objects',
        type: 'gauge',
        help: 'Objects that are known',
        samples: one(({ objects }) => objects),
      },
    ];
    for (const metric of metrics) registerAsked(metric, () => this.watches());
    registerAsked<boolean>(
      {
        name: 'tigateway_kubernetes_leader',
        type: 'gauge',
        help: '1 on the replica that leads',
        samples: (isLeader) => [{ labels: {}, value: Number(isLeader) }],
      },
      () => [this.isLeader()],
    );
  }

  /** @param watches asked at every scrape */
  followWatches(watches: () => readonly WatchFacts[]): void {
    this.watches = watches;
  }

  /** @param isLeader asked at every scrape */
  followLeadership(isLeader: () => boolean): void {
    this.isLeader = isLeader;
  }
}

function one(value: (facts: WatchFacts) => number): (facts: WatchFacts) => readonly Sample[] {
  return (facts) => [{ labels: { resource: facts.resource, watched_namespace: facts.namespace }, value: value(facts) }];
}

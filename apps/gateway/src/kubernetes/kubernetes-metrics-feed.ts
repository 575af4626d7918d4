import { Injectable } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { KubernetesMetrics } from '@tigateway/observability';

/** Shows the metrics what is watched in the cluster, and whether this replica leads. */
@Injectable()
export class KubernetesMetricsFeed {
  constructor(metrics: KubernetesMetrics, client: KubernetesClient, election: LeaderElection) {
    metrics.followLeadership(() => election.isLeader);
    metrics.followWatches(() =>
      [...client.watches].map(({ type, namespace, isUp, restarts, size }) => ({
        resource: type.group === '' ? type.plural : `${type.plural}.${type.group}`,
        namespace: namespace ?? '*',
        isUp,
        restarts,
        objects: size,
      })),
    );
  }
}

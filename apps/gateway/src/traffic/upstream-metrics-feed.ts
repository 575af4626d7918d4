import { Injectable } from '@nestjs/common';
import { UpstreamMetrics } from '@tigateway/observability';
import { TrafficPlane } from '@tigateway/proxy';

/** Shows the metrics what the balancer knows of instances, and the connections to them. */
@Injectable()
export class UpstreamMetricsFeed {
  constructor(metrics: UpstreamMetrics, traffic: TrafficPlane) {
    metrics.followPools(() => traffic.pools);
    metrics.follow(() =>
      traffic.services.flatMap(({ name, instances }) =>
        instances.map(({ authority, status, active, requests, failures, ejections }) => ({
          service: name,
          instance: authority,
          isUp: status === 'UP',
          active,
          requests,
          failures,
          ejections,
        })),
      ),
    );
  }
}

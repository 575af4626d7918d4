import { Injectable } from '@nestjs/common';
import { UpstreamMetrics } from '@tigateway/observability';
import { DataPlane } from '@tigateway/proxy';

/** Shows the metrics what the balancer knows of instances, and the connections to them. */
@Injectable()
export class UpstreamMetricsFeed {
  constructor(metrics: UpstreamMetrics, dataPlane: DataPlane) {
    metrics.followPools(() => dataPlane.pools);
    metrics.follow(() =>
      dataPlane.services.flatMap(({ name, instances }) =>
        instances.map(({ instance, status, active, requests, failures, ejections }) => ({
          service: name,
          instance: instance.authority,
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

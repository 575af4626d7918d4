import { Injectable } from '@nestjs/common';
import type { Json } from '@tigateway/model';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';
import { TrafficPlane } from '@tigateway/proxy';

/** How the instances behind services do. What is wrong with an upstream is no fault of the gateway's, so it is always UP. */
@Injectable()
export class ServicesHealth implements HealthIndicator {
  readonly name = 'services';
  readonly groups = [] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly traffic: TrafficPlane,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const details: Record<string, Json> = {};
    for (const { name, balancing, instances } of this.traffic.services) {
      const shown: Record<string, Json> = {};
      for (const { authority, status, active, requests, failures, ejections } of instances) {
        shown[authority] = { status, active, requests, failures, ejections };
      }
      const isUp = instances.some(({ status }) => status === 'UP');
      details[name] = { status: isUp ? 'UP' : 'DOWN', balancing, instances: shown };
    }
    return { status: 'UP', details };
  }
}

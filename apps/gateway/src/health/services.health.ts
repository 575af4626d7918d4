import { Injectable } from '@nestjs/common';
import type { Json } from '@tigateway/model';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';
import { DataPlane } from '@tigateway/proxy';

/** How the instances behind services do. What is wrong with an upstream is no fault of the gateway's, so it is always UP. */
@Injectable()
export class ServicesHealth implements HealthIndicator {
  readonly name = 'services';
  readonly groups = [] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly dataPlane: DataPlane,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const details: Record<string, Json> = {};
    for (const { name, settings, instances } of this.dataPlane.services) {
      const shown: Record<string, Json> = {};
      for (const { instance, status, active, requests, failures, ejections } of instances) {
        shown[instance.authority] = { status, active, requests, failures, ejections };
      }
      const isUp = instances.some(({ status }) => status === 'UP');
      details[name] = { status: isUp ? 'UP' : 'DOWN', balancing: settings.balancing, instances: shown };
    }
    return { status: 'UP', details };
  }
}

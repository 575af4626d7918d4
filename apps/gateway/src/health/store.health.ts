import { Injectable } from '@nestjs/common';
import { ConfigMapStore } from '@tigateway/configuration';
import { type ComponentHealth, type HealthIndicator, HealthIndicators, StoreMetrics } from '@tigateway/observability';

/**
 * Whether what all replicas share can be followed. While it cannot, what runs goes on: a warning, never DOWN. Only who has nothing
 * to serve yet is out of service.
 */
@Injectable()
export class StoreHealth implements HealthIndicator {
  readonly name = 'store';
  readonly groups = ['readiness'] as const;

  constructor(
    indicators: HealthIndicators,
    metrics: StoreMetrics,
    private readonly store: ConfigMapStore,
  ) {
    indicators.register(this);
    metrics.follow(() => store.place.reason === undefined);
  }

  health(): ComponentHealth {
    const { sequence, reason } = this.store.place;
    const details = { sequence, ...(reason !== undefined && { warning: reason }) };
    return { status: this.store.isKnown ? 'UP' : 'OUT_OF_SERVICE', details };
  }
}

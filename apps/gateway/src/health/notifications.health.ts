import { Injectable } from '@nestjs/common';
import type { Json } from '@tigateway/model';
import { Deliveries } from '@tigateway/notifications';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';

/** Whether those who are to be told of changes can be. Traffic does not depend on it: a dead target is a warning, never DOWN. */
@Injectable()
export class NotificationsHealth implements HealthIndicator {
  readonly name = 'notifications';
  readonly groups = [] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly deliveries: Deliveries,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const details: Record<string, Json> = {};
    for (const { name, state, reason, queued, dead } of this.deliveries.status()) {
      details[name] = { state, queued, dead, ...(state !== 'up' && { warning: reason ?? state }) };
    }
    return { status: 'UP', details };
  }
}

import { Injectable } from '@nestjs/common';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';
import { TrafficPlane } from '@tigateway/proxy';

/** Whether traffic is taken, and how much of it is under way. */
@Injectable()
export class DataPlaneHealth implements HealthIndicator {
  readonly name = 'dataPlane';
  readonly groups = ['readiness'] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly traffic: TrafficPlane,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const { isListening, inFlight, openWebSockets } = this.traffic;
    return { status: isListening ? 'UP' : 'OUT_OF_SERVICE', details: { inFlight, openWebSockets } };
  }
}

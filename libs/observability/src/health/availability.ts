import { Injectable } from '@nestjs/common';
import type { ComponentHealth, HealthIndicator } from './health.js';
import { HealthIndicators } from './health-indicators.js';

/**
 * Where the process stands between start and stop. Traffic is refused by probe before it is refused by socket: a load
 * balancer that asks for readiness sends nothing more from the moment a stop begins.
 */
@Injectable()
export class Availability {
  private state: 'starting' | 'accepting' | 'stopping' = 'starting';

  constructor(indicators: HealthIndicators) {
    // The process that answers is alive; what would need a restart ends it.
    indicators.register({ name: 'livenessState', groups: ['liveness'], health: () => ({ status: 'UP' }) });
    indicators.register(this.readiness);
  }

  /** The start is complete. A stop that has begun is not taken back. */
  accept(): void {
    if (this.state === 'starting') this.state = 'accepting';
  }

  refuse(): void {
    this.state = 'stopping';
  }

  private readonly readiness: HealthIndicator = {
    name: 'readinessState',
    groups: ['readiness'],
    health: (): ComponentHealth =>
      this.state === 'accepting' ? { status: 'UP' } : { status: 'OUT_OF_SERVICE', details: { reason: this.state } },
  };
}

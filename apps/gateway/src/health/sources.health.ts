import { Injectable } from '@nestjs/common';
import { DynamicConfigurationService } from '@tigateway/configuration';
import type { Json } from '@tigateway/model';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';

/** Where configuration comes from. A source that is away leaves the gateway in service as long as there is something to serve. */
@Injectable()
export class SourcesHealth implements HealthIndicator {
  readonly name = 'sources';
  readonly groups = ['readiness'] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly configuration: DynamicConfigurationService,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const { sources } = this.configuration.status();
    const details: Record<string, Json> = {};
    for (const { name, state, reason, documents, rejected } of sources) {
      details[name] = { state, documents, rejected: rejected.length, ...(reason !== undefined && { reason }) };
    }
    const waiting = sources.some(({ state }) => state === 'starting');
    return { status: waiting ? 'OUT_OF_SERVICE' : 'UP', details };
  }
}

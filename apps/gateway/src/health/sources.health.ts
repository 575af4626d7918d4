import { Injectable } from '@nestjs/common';
import { DynamicConfigurationService, type SourceStatus } from '@tigateway/configuration';
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
    const sources = this.configuration.sources();
    const details: Record<string, Json> = {};
    for (const { name, state, reason, documents, rejected } of sources) {
      details[name] = { state, documents, rejected: rejected.length, ...(reason !== undefined && { reason }) };
    }
    return { status: sources.every(servesSomething) ? 'UP' : 'OUT_OF_SERVICE', details };
  }
}

/** It has delivered once, or an earlier run's state is in use. */
function servesSomething({ state, revision }: SourceStatus): boolean {
  return state === 'up' || state === 'stale' || revision !== undefined;
}

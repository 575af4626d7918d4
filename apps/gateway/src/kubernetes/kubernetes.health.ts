import { Injectable } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import type { Json } from '@tigateway/model';
import { type ComponentHealth, type HealthIndicator, HealthIndicators } from '@tigateway/observability';

/** Whether the API server can be reached. What runs goes on without it: that is a warning, never DOWN. */
@Injectable()
export class KubernetesHealth implements HealthIndicator {
  readonly name = 'kubernetes';
  readonly groups = [] as const;

  constructor(
    indicators: HealthIndicators,
    private readonly client: KubernetesClient,
    private readonly election: LeaderElection,
  ) {
    indicators.register(this);
  }

  health(): ComponentHealth {
    const { lastFailure } = this.client;
    const watches = [...this.client.watches].map(({ type, namespace = '*', isUp, downReason, size }): Json => ({
      resource: type.plural,
      namespace,
      state: isUp ? 'up' : 'down',
      objects: size,
      ...(downReason !== undefined && { warning: downReason }),
    }));
    const details: Record<string, Json> = {
      isLeader: this.election.isLeader,
      leader: this.election.holder ?? null,
      watches,
    };
    if (lastFailure) details['warning'] = lastFailure.message;
    return { status: 'UP', details };
  }
}

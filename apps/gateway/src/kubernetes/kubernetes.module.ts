import { type DynamicModule, Global, Module } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { KubernetesMetrics, ObservabilityModule } from '@tigateway/observability';
import type { KubernetesConnection } from './kubernetes-connection.js';
import { KubernetesHealth } from './kubernetes.health.js';
import { KubernetesMetricsFeed } from './kubernetes-metrics-feed.js';

/** The cluster, for every stage that needs it. Who opened the connection closes it, after all others have stopped. */
@Global()
@Module({})
export class KubernetesModule {
  static over({ client, election }: KubernetesConnection): DynamicModule {
    return {
      module: KubernetesModule,
      imports: [ObservabilityModule],
      providers: [
        { provide: KubernetesClient, useValue: client },
        { provide: LeaderElection, useValue: election },
        KubernetesMetrics,
        KubernetesHealth,
        KubernetesMetricsFeed,
      ],
      exports: [KubernetesClient, LeaderElection],
    };
  }
}

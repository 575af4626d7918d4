import { type DynamicModule, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { ConfigMapStore } from '../history/configmap/config-map.store.js';
import { DynamicConfigurationService } from '../reloader/dynamic-configuration.service.js';
import { ClusterReplicas, type ClusterReplicasOptions } from './cluster-replicas.js';
import { Replicas, SoleReplica } from './replicas.js';

/** Who else is this gateway. */
@Module({})
export class ReplicasModule {
  static sole(): DynamicModule {
    return {
      module: ReplicasModule,
      providers: [{ provide: Replicas, useClass: SoleReplica }],
      exports: [Replicas],
    };
  }

  /** @param history the module that exports the `ConfigMapStore` */
  static cluster(history: DynamicModule, options: ClusterReplicasOptions): DynamicModule {
    return {
      module: ReplicasModule,
      imports: [history],
      providers: [
        {
          provide: ClusterReplicas,
          inject: [KubernetesClient, LeaderElection, Clock, ConfigMapStore, DynamicConfigurationService],
          useFactory: (
            client: KubernetesClient,
            election: LeaderElection,
            clock: Clock,
            store: ConfigMapStore,
            configurations: DynamicConfigurationService,
          ): ClusterReplicas => {
            const state = () => ({ sequence: store.place.sequence, ...configurations.fingerprint() });
            const replicas = new ClusterReplicas(options, { client, election, clock, state });
            store.onProgress(() => replicas.progressed());
            store.knowPeers(() => replicas.liveOthers);
            return replicas;
          },
        },
        { provide: Replicas, useExisting: ClusterReplicas },
        ReplicasEnd,
      ],
      exports: [Replicas, ClusterReplicas],
    };
  }
}

/** The others are told that this process is gone. */
@Injectable()
class ReplicasEnd implements OnApplicationShutdown {
  constructor(private readonly replicas: ClusterReplicas) {}

  async onApplicationShutdown(): Promise<void> {
    await this.replicas.stop();
  }
}

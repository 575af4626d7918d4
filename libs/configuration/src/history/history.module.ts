import { type DynamicModule, Module, type ModuleMetadata, type OnApplicationShutdown } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { ConfigurationHistoryService } from './configuration-history.service.js';
import { ConfigMapStore, type ConfigMapStoreOptions } from './configmap/config-map.store.js';
import { ConfigurationStore } from './configuration-store.js';
import { EmbeddedStore } from './embedded/embedded.store.js';
import { StoredConfigurationHistory } from './stored-configuration-history.js';
import { VersionClock } from './version-clock.js';

export interface EmbeddedHistoryOptions {
  /** Where the store keeps its files; made where it is missing. One process at a time. */
  readonly directory: string;
}

export interface SharedHistoryOptions extends EmbeddedHistoryOptions, ConfigMapStoreOptions {
  /** Export KubernetesClient and LeaderElection (global ones need not be named). */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/**
 * Where versions live. Expects a global provider of `Clock`. Whoever starts the pipeline opens the store; it is closed when
 * the application has shut down.
 */
@Module({})
export class HistoryModule implements OnApplicationShutdown {
  constructor(private readonly store: ConfigurationStore) {}

  static embedded({ directory }: EmbeddedHistoryOptions): DynamicModule {
    return {
      module: HistoryModule,
      providers: [
        { provide: ConfigurationStore, useFactory: () => new EmbeddedStore(directory) },
        { provide: ConfigurationHistoryService, useClass: StoredConfigurationHistory },
        VersionClock,
      ],
      exports: [ConfigurationStore, ConfigurationHistoryService, VersionClock],
    };
  }

  /** Several processes share it, by way of the cluster; the directory has each one's own copy. */
  static configMaps({ directory, imports = [], ...options }: SharedHistoryOptions): DynamicModule {
    return {
      module: HistoryModule,
      imports,
      providers: [
        {
          provide: ConfigMapStore,
          inject: [KubernetesClient, LeaderElection, Clock],
          useFactory: (client: KubernetesClient, election: LeaderElection, clock: Clock) =>
            new ConfigMapStore(options, { client, election, clock, local: new EmbeddedStore(directory) }),
        },
        { provide: ConfigurationStore, useExisting: ConfigMapStore },
        { provide: ConfigurationHistoryService, useClass: StoredConfigurationHistory },
        VersionClock,
      ],
      exports: [ConfigMapStore, ConfigurationStore, ConfigurationHistoryService, VersionClock],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

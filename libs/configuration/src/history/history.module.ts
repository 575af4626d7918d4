import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigurationHistoryService } from './configuration-history.service.js';
import { ConfigurationStore } from './configuration-store.js';
import { EmbeddedStore } from './embedded/embedded.store.js';
import { StoredConfigurationHistory } from './stored-configuration-history.js';
import { VersionClock } from './version-clock.js';

export interface EmbeddedHistoryOptions {
  /** Where the store keeps its files; made where it is missing. One process at a time. */
  readonly directory: string;
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

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

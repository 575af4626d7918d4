import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigurationStore } from '@tigateway/configuration';
import { EventHistory } from '@tigateway/notifications';

/** The store's events, as those who replay them ask for them. */
@Module({})
export class EventHistoryModule {
  /** @param history the module that exports the `ConfigurationStore` */
  static over(history: DynamicModule): DynamicModule {
    return {
      module: EventHistoryModule,
      imports: [history],
      providers: [{ provide: EventHistory, useExisting: ConfigurationStore }],
      exports: [EventHistory],
    };
  }
}

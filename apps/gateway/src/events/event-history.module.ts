import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigurationStore } from '@tigateway/configuration';
import { EventHistory, NotificationPolicy, OutboxStore } from '@tigateway/notifications';
import { RunningNotificationPolicy } from '../notifications/running-notification-policy.js';

/** The store's events, as those ask for them who replay or deliver them, and the settings of the channels. */
@Module({})
export class EventHistoryModule {
  /** @param history the module that exports the `ConfigurationStore` */
  static over(history: DynamicModule): DynamicModule {
    return {
      module: EventHistoryModule,
      imports: [history],
      providers: [
        { provide: EventHistory, useExisting: ConfigurationStore },
        { provide: OutboxStore, useExisting: ConfigurationStore },
        { provide: NotificationPolicy, useClass: RunningNotificationPolicy },
      ],
      exports: [EventHistory, OutboxStore, NotificationPolicy],
    };
  }
}

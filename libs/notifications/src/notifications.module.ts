import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { EventLogChannel } from './log/event-log.channel.js';
import {
  ConfigurationWebSocketGateway,
  webSocketClientsProvider,
} from './websocket/configuration-websocket.gateway.js';

/** Those who tell others of changes. They listen to the bus; nothing waits for them. */
@Module({})
export class NotificationsModule {
  /** @param imports modules that export EventBus, EventHistory and Clock (those that are global need not be named) */
  static register(imports: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
    return {
      module: NotificationsModule,
      imports,
      providers: [EventLogChannel, ConfigurationWebSocketGateway, webSocketClientsProvider],
    };
  }
}

import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import type { ChannelTools } from './channel.js';
import { EventStream } from './event-stream/event-stream.js';
import { EventLogChannel } from './log/event-log.channel.js';
import { Deliveries } from './outbox/deliveries.js';
import { DeliveryPermit, SoleProcessPermit } from './outbox/delivery-permit.js';
import { NOTIFICATION_METRIC_PROVIDERS, NotificationMetrics } from './outbox/notification-metrics.js';
import { CHANNEL_TOOLS, Outbox } from './outbox/outbox.js';
import { TargetAddresses } from './outbound/target-address.js';
import {
  ConfigurationWebSocketGateway,
  webSocketClientsProvider,
} from './websocket/configuration-websocket.gateway.js';

export interface NotificationsOptions {
  /** Modules that export EventBus, EventHistory, OutboxStore, NotificationPolicy and Clock (global ones need not be named). */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** CIDR blocks that no channel may connect to, besides those that none ever may. */
  readonly deniedTargets?: readonly string[];
}

/** Those who tell others of changes. They listen to the bus; nothing waits for them. */
@Module({})
export class NotificationsModule {
  static register({ imports = [], deniedTargets = [] }: NotificationsOptions = {}): DynamicModule {
    const tools: ChannelTools = { addresses: new TargetAddresses(deniedTargets) };
    return {
      module: NotificationsModule,
      imports,
      providers: [
        EventLogChannel,
        ConfigurationWebSocketGateway,
        EventStream,
        webSocketClientsProvider,
        ...NOTIFICATION_METRIC_PROVIDERS,
        NotificationMetrics,
        { provide: CHANNEL_TOOLS, useValue: tools },
        { provide: DeliveryPermit, useClass: SoleProcessPermit },
        Outbox,
        { provide: Deliveries, useExisting: Outbox },
      ],
      exports: [Outbox, Deliveries, EventStream],
    };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from '@tigateway/admin';
import { NotificationsModule } from '@tigateway/notifications';
import { ObservabilityModule } from '@tigateway/observability';
import { ProxyModule } from '@tigateway/proxy';
import { RoutingModule } from '@tigateway/routing';
import type { Bootstrap } from './bootstrap/bootstrap-file.js';
import { FoundationModule } from './foundation.module.js';
import { DataPlaneHealth } from './health/data-plane.health.js';
import { dataPlaneOptions } from './traffic/data-plane-options.js';
import { TrafficModule } from './traffic/traffic.module.js';
import { TrafficObserver } from './traffic/traffic-observer.js';

/** The whole gateway, in the order of a change on its way to traffic. */
@Module({})
export class GatewayModule {
  static forBootstrap({ settings }: Bootstrap): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        FoundationModule.forSettings(settings),
        RoutingModule.forRoot(),
        ProxyModule.forRoot({
          options: dataPlaneOptions(settings),
          observer: TrafficObserver,
          imports: [TrafficModule],
        }),
        NotificationsModule.register([]),
        AdminModule.register([ObservabilityModule]),
        ObservabilityModule,
      ],
      providers: [DataPlaneHealth],
    };
  }
}

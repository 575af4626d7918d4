import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { ActuatorController } from './actuator/actuator.controller.js';
import { CircuitBreakersController } from './actuator/circuit-breakers.controller.js';
import { ConfigurationStatusController } from './actuator/configuration-status.controller.js';
import { GatewayController } from './actuator/gateway/gateway.controller.js';
import { MetricsController } from './actuator/metrics.controller.js';
import { WorkersController } from './actuator/workers.controller.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { ConfigurationController } from './configuration/configuration.controller.js';
import { EventsController } from './configuration/events.controller.js';
import { NotificationsController } from './configuration/notifications.controller.js';
import { ConfigurationWriter } from './configuration/configuration-writer.js';
import { FiltersController, RoutesController } from './configuration/definitions.controller.js';
import { GlobalsController } from './configuration/globals.controller.js';
import { HistoryController } from './configuration/history.controller.js';

/** REST API and actuator. What they ask comes in by `imports`. */
@Module({})
export class AdminModule {
  /**
   * @param imports modules that export DynamicConfigurationService, ConfigurationHistoryService, RouteManager,
   *   ComponentCatalogue, BreakerBoard, HealthIndicators, Freshness, Deliveries, EventStream and AppInfo, and where
   *   there are any TrafficWorkers (those that are global need not be named)
   */
  static register(imports: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
    return {
      module: AdminModule,
      imports,
      controllers: [
        ConfigurationController,
        RoutesController,
        FiltersController,
        GlobalsController,
        HistoryController,
        EventsController,
        NotificationsController,
        ActuatorController,
        MetricsController,
        ConfigurationStatusController,
        GatewayController,
        CircuitBreakersController,
        WorkersController,
        OpenApiController,
      ],
      providers: [ConfigurationWriter],
    };
  }
}

import { type DynamicModule, Logger, Module, type ModuleMetadata } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { Clock, EventBus } from '@tigateway/model';
import { DynamicConfigurationService } from '../../reloader/dynamic-configuration.service.js';
import { CustomResourceSource } from './custom-resource-source.js';
import { CustomResourceStatus } from './custom-resource-status.js';

/** Expects global providers of `Clock`, `EventBus`, `DynamicConfigurationService`, `KubernetesClient` and `LeaderElection`. */
@Module({})
export class CustomResourceStatusModule {
  /** @param imports provide `CustomResourceSource` */
  static register(imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    const logger = new Logger('CustomResources');
    return {
      module: CustomResourceStatusModule,
      imports,
      providers: [
        {
          provide: CustomResourceStatus,
          inject: [
            CustomResourceSource,
            DynamicConfigurationService,
            KubernetesClient,
            LeaderElection,
            EventBus,
            Clock,
          ],
          useFactory: (
            { judged }: CustomResourceSource,
            configuration: DynamicConfigurationService,
            client: KubernetesClient,
            leadership: LeaderElection,
            events: EventBus,
            clock: Clock,
          ) => {
            const failed = (reason: string): void => logger.warn(`a status could not be written: ${reason}`);
            return new CustomResourceStatus(judged, configuration, { client, leadership, events, clock, failed });
          },
        },
      ],
    };
  }
}

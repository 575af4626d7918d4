import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIG_MAPS, KubernetesClient, ResourceWatch } from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { ConfigMapSource } from './config-map-source.js';

export interface ConfigMapSourceModuleOptions {
  readonly namespace: string;
  /** What is not selected by it is never read. */
  readonly labelSelector: string;
}

/** Expects global providers of `Clock` and `KubernetesClient`. */
@Module({})
export class ConfigMapSourceModule {
  static forRoot({ namespace, labelSelector }: ConfigMapSourceModuleOptions): DynamicModule {
    return {
      module: ConfigMapSourceModule,
      providers: [
        {
          provide: ConfigMapSource,
          inject: [KubernetesClient, Clock],
          useFactory: (client: KubernetesClient, clock: Clock) =>
            new ConfigMapSource(new ResourceWatch(client, { type: CONFIG_MAPS, namespace, labelSelector }), clock),
        },
      ],
      exports: [ConfigMapSource],
    };
  }
}

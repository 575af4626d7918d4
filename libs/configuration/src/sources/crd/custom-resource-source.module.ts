import { type DynamicModule, Module } from '@nestjs/common';
import { KubernetesClient, ResourceWatch } from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { CUSTOM_RESOURCE_KINDS, type CustomResource, customResourceType } from './custom-resource.js';
import { CustomResourceSource } from './custom-resource-source.js';

export interface CustomResourceSourceModuleOptions {
  /** `*`: all there are. */
  readonly namespaces: readonly string[];
  /** The name by which `spec.gateway` asks for this one. */
  readonly gateway: string;
}

/** Expects global providers of `Clock` and `KubernetesClient`. */
@Module({})
export class CustomResourceSourceModule {
  static forRoot({ namespaces, gateway }: CustomResourceSourceModuleOptions): DynamicModule {
    const places: { readonly namespace?: string }[] = namespaces.includes('*')
      ? [{}]
      : [...new Set(namespaces)].map((namespace) => ({ namespace }));
    return {
      module: CustomResourceSourceModule,
      providers: [
        {
          provide: CustomResourceSource,
          inject: [KubernetesClient, Clock],
          useFactory: (client: KubernetesClient, clock: Clock) => {
            const watches = CUSTOM_RESOURCE_KINDS.flatMap((kind) =>
              places.map((place) => {
                const type = customResourceType(kind);
                const watch = new ResourceWatch<CustomResource>(client, { type, ...place });
                return { kind, watch, called: `${type.plural} in ${place.namespace ?? 'any namespace'}` };
              }),
            );
            return new CustomResourceSource(watches, gateway, clock);
          },
        },
      ],
      exports: [CustomResourceSource],
    };
  }
}

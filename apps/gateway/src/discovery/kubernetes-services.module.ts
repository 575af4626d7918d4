import { type DynamicModule, Module } from '@nestjs/common';
import {
  ALL_NAMESPACES,
  ENDPOINT_SLICES,
  type EndpointSlice,
  KubernetesClient,
  LabelSelector,
  type Service,
  SERVICES,
  watchNamespaces,
} from '@tigateway/kubernetes';
import type { TigatewaySettings } from '../bootstrap/gateway-settings.js';
import { KubernetesServiceInstances } from './kubernetes-service-instances.js';

/** Services of the cluster, where something leads to them. Needs the global `KubernetesClient`. */
@Module({})
export class KubernetesServicesModule {
  static forRoot(settings: TigatewaySettings): DynamicModule {
    const { enabled, namespaces, labelSelector } = settings.discovery.kubernetes;
    return {
      module: KubernetesServicesModule,
      providers: [
        {
          provide: KubernetesServiceInstances,
          inject: [KubernetesClient],
          useFactory: (client: KubernetesClient) => {
            const watched = watchedNamespaces(settings);
            return new KubernetesServiceInstances({
              services: watchNamespaces<Service>(client, SERVICES, watched),
              slices: watchNamespaces<EndpointSlice>(client, ENDPOINT_SLICES, watched),
              watched,
              namespace: client.namespace,
              namespaces: enabled ? namespaces : [],
              listed: LabelSelector.parse(labelSelector),
            });
          },
        },
      ],
      exports: [KubernetesServiceInstances],
    };
  }
}

/** Where Services are watched; empty: nowhere. Ingresses and HTTPRoutes lead to those of their own namespaces. */
export function watchedNamespaces({ discovery, sources }: TigatewaySettings): readonly string[] {
  const wanted = [discovery.kubernetes, sources.ingress, sources.gatewayApi];
  const all = new Set(wanted.flatMap(({ enabled, namespaces }) => (enabled ? namespaces : [])));
  return all.has(ALL_NAMESPACES) ? [ALL_NAMESPACES] : [...all];
}

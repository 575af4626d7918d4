import { type DynamicModule, Logger, Module } from '@nestjs/common';
import {
  KubernetesClient,
  LeaderElection,
  NAMESPACES,
  ResourceWatch,
  type Service,
  SERVICES,
  watchNamespaces,
} from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { GatewayApiCluster } from './gateway-api-cluster.js';
import { GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES, REFERENCE_GRANTS } from './gateway-api-resources.js';
import { GatewayApiSource } from './gateway-api-source.js';
import { GatewayApiStatus } from './gateway-api-status.js';
import type { Gateway, GatewayClass, HttpRoute, Namespace, ReferenceGrant } from './gateway-api-types.js';
import type { ServedProtocol } from './route-parents.js';

export interface GatewayApiSourceModuleOptions {
  /** Of Gateways, HTTPRoutes, ReferenceGrants and Services; `*`: all there are. */
  readonly namespaces: readonly string[];
  readonly controllerName: string;
  /** What clients of the data plane speak. */
  readonly served: ServedProtocol;
  /** Where the gateway is reached, for the status. */
  readonly addresses: readonly string[];
}

/** Expects global providers of `Clock`, `KubernetesClient` and `LeaderElection`. */
@Module({})
export class GatewayApiSourceModule {
  static forRoot({ namespaces, controllerName, served, addresses }: GatewayApiSourceModuleOptions): DynamicModule {
    const logger = new Logger('GatewayApi');
    const failed = (reason: string): void => logger.warn(`a status could not be written: ${reason}`);
    return {
      module: GatewayApiSourceModule,
      providers: [
        {
          provide: GatewayApiSource,
          inject: [KubernetesClient, Clock],
          useFactory: (client: KubernetesClient, clock: Clock) => {
            const watches = {
              classes: new ResourceWatch<GatewayClass>(client, { type: GATEWAY_CLASSES }),
              gateways: watchNamespaces<Gateway>(client, GATEWAYS, namespaces),
              routes: watchNamespaces<HttpRoute>(client, HTTP_ROUTES, namespaces),
              grants: watchNamespaces<ReferenceGrant>(client, REFERENCE_GRANTS, namespaces),
              namespaces: new ResourceWatch<Namespace>(client, { type: NAMESPACES }),
              services: watchNamespaces<Service>(client, SERVICES, namespaces),
            };
            return new GatewayApiSource(new GatewayApiCluster(watches, controllerName, served), clock);
          },
        },
        {
          provide: GatewayApiStatus,
          inject: [GatewayApiSource, KubernetesClient, LeaderElection, Clock],
          useFactory: (source: GatewayApiSource, client: KubernetesClient, leadership: LeaderElection, clock: Clock) =>
            new GatewayApiStatus(source, addresses, { client, leadership, clock, failed }),
        },
      ],
      exports: [GatewayApiSource],
    };
  }
}

import { type DynamicModule, Logger, Module } from '@nestjs/common';
import {
  INGRESS_CLASSES,
  INGRESSES,
  KubernetesClient,
  LeaderElection,
  ResourceWatch,
  watchNamespaces,
} from '@tigateway/kubernetes';
import { Clock } from '@tigateway/model';
import { IngressSource } from './ingress-source.js';
import { IngressStatus } from './ingress-status.js';
import type { Ingress, IngressClass } from './ingress-types.js';

export interface IngressSourceModuleOptions {
  /** `*`: all there are. */
  readonly namespaces: readonly string[];
  readonly ingressClass: string;
  /** Where the gateway is reached, for the status. */
  readonly addresses: readonly string[];
}

/** Expects global providers of `Clock`, `KubernetesClient` and `LeaderElection`. */
@Module({})
export class IngressSourceModule {
  static forRoot({ namespaces, ingressClass, addresses }: IngressSourceModuleOptions): DynamicModule {
    const logger = new Logger('Ingress');
    const failed = (reason: string): void => logger.warn(`a status could not be written: ${reason}`);
    return {
      module: IngressSourceModule,
      providers: [
        {
          provide: IngressSource,
          inject: [KubernetesClient, Clock],
          useFactory: (client: KubernetesClient, clock: Clock) =>
            new IngressSource(
              watchNamespaces<Ingress>(client, INGRESSES, namespaces),
              new ResourceWatch<IngressClass>(client, { type: INGRESS_CLASSES }),
              ingressClass,
              clock,
            ),
        },
        {
          provide: IngressStatus,
          inject: [IngressSource, KubernetesClient, LeaderElection, Clock],
          useFactory: (source: IngressSource, client: KubernetesClient, leadership: LeaderElection, clock: Clock) =>
            new IngressStatus(source, addresses, { client, leadership, clock, failed }),
        },
      ],
      exports: [IngressSource],
    };
  }
}

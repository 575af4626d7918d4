import type { RouteUri, UpstreamTarget } from '@tigateway/routing';
import type { ServiceInstance, ServiceInstances } from '../ports/service-instances.js';

type BalancedUri = Extract<RouteUri, { kind: 'balanced' }>;

/** Gives a service's requests to its instances in turn. */
export class LoadBalancer {
  private readonly turns = new Map<string, number>();

  constructor(private readonly services: ServiceInstances) {}

  /** @returns `undefined` where the service has no instance */
  choose({ service, innerScheme }: BalancedUri): UpstreamTarget | undefined {
    const instances = this.services.instancesOf(service);
    if (instances.length === 0) {
      this.turns.delete(service);
      return undefined;
    }
    const turn = (this.turns.get(service) ?? -1) + 1;
    this.turns.set(service, turn % 0x3fffffff);
    return targetOf(instances[turn % instances.length] as ServiceInstance, innerScheme);
  }
}

/** `https` and `wss` in the route insist on TLS; else the instance's own scheme counts before the route's. */
function targetOf(instance: ServiceInstance, innerScheme: string | undefined): UpstreamTarget {
  const secure = innerScheme === 'https' || innerScheme === 'wss';
  const scheme = secure ? innerScheme : (instance.scheme ?? innerScheme ?? 'http');
  return scheme === instance.scheme ? (instance as UpstreamTarget) : { ...instance, scheme };
}

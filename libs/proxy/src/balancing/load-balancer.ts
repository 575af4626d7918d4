import { Logger } from '@nestjs/common';
import { type Clock, SystemClock } from '@tigateway/model';
import type { RouteUri, UpstreamTarget } from '@tigateway/routing';
import { nameOf, type ServiceInstance, type ServiceInstances } from '../ports/service-instances.js';
import { BalancedInstance } from './balanced-instance.js';
import { DEFAULT_SERVICE_SETTINGS, type ServiceSettings } from './service-settings.js';

type BalancedUri = Extract<RouteUri, { kind: 'balanced' }>;

/** A service's instances, as they were last seen. */
export interface BalancedService {
  readonly name: string;
  readonly settings: ServiceSettings;
  readonly instances: readonly BalancedInstance[];
}

interface KnownService extends BalancedService {
  /** What the instances were made of: the same object as long as nothing changed. */
  readonly listed: readonly ServiceInstance[];
  /** The place of the last one that was chosen. */
  turn: number;
}

/**
 * Gives a service's requests to its instances, past those that are out. Where all are out, all are tried: a guess that nobody
 * can answer must not be what answers nobody.
 */
export class LoadBalancer {
  private readonly logger = new Logger('Balancer');
  private readonly known = new Map<string, KnownService>();

  constructor(
    private readonly services: ServiceInstances,
    private readonly settings: Readonly<Record<string, ServiceSettings>> = {},
    private readonly clock: Clock = new SystemClock(),
  ) {}

  /** @returns `undefined` where the service has no instance; else a `BalancedTarget`, which wants to hear what becomes of it */
  choose({ service, innerScheme }: BalancedUri): UpstreamTarget | undefined {
    const known = this.serviceOf(service);
    if (known.instances.length === 0) return undefined;
    const chosen = known.settings.balancing === 'least-connections' ? leastBusy(known) : next(known);
    return chosen.target(schemeOf(chosen.instance, innerScheme));
  }

  /** Every service that is known, with its instances. */
  all(): readonly BalancedService[] {
    const names = new Set([...this.services.names, ...this.known.keys()]);
    return [...names].map((name) => this.serviceOf(name));
  }

  private serviceOf(name: string): KnownService {
    const listed = this.services.instancesOf(name);
    const known = this.known.get(name);
    if (known?.listed === listed) return known;
    const settings = known?.settings ?? this.settingsOf(nameOf(name));
    const before = new Map(known?.instances.map((each) => [keyOf(each.instance), each]));
    const instances = listed.map(
      (instance) =>
        before.get(keyOf(instance)) ??
        new BalancedInstance(instance, settings, this.clock, (each, reason) => this.tell(name, each, reason)),
    );
    const service: KnownService = { name, settings, instances, listed, turn: known?.turn ?? -1 };
    if (listed.length > 0) this.known.set(name, service);
    else this.known.delete(name);
    return service;
  }

  private settingsOf(name: string): ServiceSettings {
    return (Object.hasOwn(this.settings, name) && this.settings[name]) || DEFAULT_SERVICE_SETTINGS;
  }

  private tell(service: string, { instance, status }: BalancedInstance, reason: string): void {
    const text = `${service}: ${instance.authority} is ${status}: ${reason}`;
    if (status === 'UP') this.logger.log(text);
    else this.logger.warn(text);
  }
}

function next(service: KnownService): BalancedInstance {
  const { instances } = service;
  const first = (service.turn + 1) % instances.length;
  let at = first;
  do {
    const each = instances[at] as BalancedInstance;
    if (each.isAvailable) {
      service.turn = at;
      return each;
    }
    at = (at + 1) % instances.length;
  } while (at !== first);
  service.turn = first;
  return instances[first] as BalancedInstance;
}

/** Of equals, the one whose turn it is. */
function leastBusy(service: KnownService): BalancedInstance {
  const { instances } = service;
  const first = (service.turn + 1) % instances.length;
  let best: number | undefined;
  for (let step = 0; step < instances.length; step++) {
    const at = (first + step) % instances.length;
    const each = instances[at] as BalancedInstance;
    if (each.isAvailable && (best === undefined || each.active < (instances[best] as BalancedInstance).active))
      best = at;
  }
  service.turn = best ?? first;
  return instances[service.turn] as BalancedInstance;
}

/** `https` and `wss` in the route insist on TLS; else the instance's own scheme counts before the route's. */
function schemeOf(instance: ServiceInstance, innerScheme: string | undefined): string {
  if (innerScheme === 'https' || innerScheme === 'wss') return innerScheme;
  return instance.scheme ?? innerScheme ?? 'http';
}

function keyOf({ scheme, authority }: ServiceInstance): string {
  return `${scheme} ${authority}`;
}

import type { OnModuleDestroy } from '@nestjs/common';
import {
  type Condition,
  type KubernetesClient,
  type KubernetesObject,
  type Leadership,
  objectKey,
  type ResourceType,
  sayAlready,
  StatusWriter,
  type StatusWish,
  type StatusWishes,
  type TimedCondition,
  withTransitionTimes,
} from '@tigateway/kubernetes';
import { type Clock, forEachSliced, type Scheduled } from '@tigateway/model';
import { GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES } from './gateway-api-resources.js';
import type { GatewayApiSource } from './gateway-api-source.js';
import type { Gateway, GatewayClass, HttpRoute, ParentRef, RouteParentStatus } from './gateway-api-types.js';
import { gatewayClassConditions, gatewayStatus } from './gateway-conditions.js';
import { translateHttpRoute } from './http-route-routes.js';
import { attachmentsOf } from './route-parents.js';

export interface GatewayApiStatusTools {
  readonly client: Pick<KubernetesClient, 'patch'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly failed: (reason: string) => void;
}

/** Routes are counted by listener at most this often, in milliseconds. */
const COUNT_MS = 500;

/** Writes on GatewayClasses, Gateways and HTTPRoutes of ours what became of them. */
export class GatewayApiStatus implements StatusWishes, OnModuleDestroy {
  private readonly writer: StatusWriter;
  private readonly unfollow: () => void;
  /** Routes that hang on a listener, by `namespace/gateway/listener`. */
  private attached: ReadonlyMap<string, number> = new Map();
  private counting: Scheduled | undefined;
  private counted: Promise<void> = Promise.resolve();

  /** @param addresses of the gateway: IP addresses and host names */
  constructor(
    private readonly source: Pick<GatewayApiSource, 'cluster' | 'follow'>,
    private readonly addresses: readonly string[],
    private readonly tools: GatewayApiStatusTools,
  ) {
    const { client, leadership, clock, failed } = tools;
    this.writer = new StatusWriter(client, leadership, this, clock, { fieldManager: 'tigateway-gateway-api', failed });
    this.unfollow = source.follow({
      settled: (routes) => {
        this.writer.want(routes.map((route) => keyOf(HTTP_ROUTES, route)));
        this.countSoon();
      },
      related: () => this.countSoon(),
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.unfollow();
    this.counting?.cancel();
    await this.counted;
    await this.writer.stop();
  }

  *keys(): Iterable<string> {
    yield* this.parentKeys();
    for (const route of this.source.cluster.watches.routes.objects.values()) yield keyOf(HTTP_ROUTES, route);
  }

  wish(key: string): StatusWish | undefined {
    const [kind, name] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    const { classes, gateways, routes } = this.source.cluster.watches;
    switch (kind) {
      case GATEWAY_CLASSES.kind:
        return this.classWish(classes.objects.get(name));
      case GATEWAYS.kind:
        return this.gatewayWish(gateways.objects.get(name));
      default:
        return this.routeWish(routes.objects.get(name));
    }
  }

  private classWish(gatewayClass: GatewayClass | undefined): StatusWish | undefined {
    if (gatewayClass?.spec.controllerName !== this.source.cluster.controllerName) return undefined;
    const conditions = gatewayClassConditions(gatewayClass);
    const before = gatewayClass.status?.conditions ?? [];
    const status = { conditions: this.timed(conditions, before) };
    return { ...wishOf(GATEWAY_CLASSES, gatewayClass, conditions), status, isWritten: sayAlready(conditions, before) };
  }

  private gatewayWish(gateway: Gateway | undefined): StatusWish | undefined {
    if (gateway === undefined || !this.source.cluster.isOurs(gateway)) return undefined;
    const key = objectKey(gateway);
    const wanted = gatewayStatus(
      gateway,
      this.source.cluster.served,
      this.addresses,
      (name) => this.attached.get(`${key}/${name}`) ?? 0,
    );
    const { addresses = [], conditions = [], listeners = [] } = gateway.status ?? {};
    const before = new Map(listeners.map((each) => [each.name, each]));
    const isWritten =
      sayAlready(wanted.conditions, conditions) &&
      listeners.length === wanted.listeners.length &&
      JSON.stringify(addresses.map(({ value }) => value)) === JSON.stringify(this.addresses) &&
      wanted.listeners.every(({ name, attachedRoutes, conditions: each }) => {
        const older = before.get(name);
        return older?.attachedRoutes === attachedRoutes && sayAlready(each, older.conditions);
      });
    const status = {
      addresses: wanted.addresses,
      conditions: this.timed(wanted.conditions, conditions),
      listeners: wanted.listeners.map((each) => ({
        ...each,
        conditions: this.timed(each.conditions, before.get(each.name)?.conditions ?? []),
      })),
    };
    return { ...wishOf(GATEWAYS, gateway, wanted), status, isWritten };
  }

  /** Parents of other controllers stay as they are. */
  private routeWish(route: HttpRoute | undefined): StatusWish | undefined {
    if (route === undefined) return undefined;
    const { controllerName } = this.source.cluster;
    const before = route.status?.parents ?? [];
    const others = before.filter((each) => each.controllerName !== controllerName);
    const ours = before.filter((each) => each.controllerName === controllerName);
    const { parents } = translateHttpRoute(route, this.source.cluster);
    if (parents.length === 0 && ours.length === 0) return undefined;
    const olderOf = (parentRef: ParentRef): RouteParentStatus | undefined =>
      ours.find((each) => isSameParent(each.parentRef, parentRef));
    const isWritten =
      ours.length === parents.length &&
      parents.every(({ parentRef, conditions }) => sayAlready(conditions, olderOf(parentRef)?.conditions ?? []));
    const written = parents.map(({ parentRef, conditions }) => ({
      parentRef,
      controllerName,
      conditions: this.timed(conditions, olderOf(parentRef)?.conditions ?? []),
    }));
    const { resourceVersion } = route.metadata;
    return {
      ...wishOf(HTTP_ROUTES, route, [parents, others]),
      // What others wrote in the meantime must not be written over: the list is one.
      ...(resourceVersion !== undefined && { resourceVersion }),
      status: { parents: [...others, ...written] },
      isWritten,
    };
  }

  private timed(conditions: readonly Condition[], before: readonly Partial<TimedCondition>[]): TimedCondition[] {
    return withTransitionTimes(conditions, before, this.tools.clock.now());
  }

  private *parentKeys(): Iterable<string> {
    const { classes, gateways } = this.source.cluster.watches;
    for (const each of classes.objects.values()) yield keyOf(GATEWAY_CLASSES, each);
    for (const each of gateways.objects.values()) yield keyOf(GATEWAYS, each);
  }

  private countSoon(): void {
    this.counting ??= this.tools.clock.schedule(COUNT_MS, () => {
      this.counting = undefined;
      this.counted = this.counted.then(() => this.count());
    });
  }

  private async count(): Promise<void> {
    const { cluster } = this.source;
    const attached = new Map<string, number>();
    await forEachSliced([...cluster.watches.routes.objects.values()], (route) => {
      const places = attachmentsOf(route, cluster).flatMap(({ gateway, listeners }) =>
        listeners.map(({ name }) => `${objectKey(gateway)}/${name}`),
      );
      for (const place of new Set(places)) attached.set(place, (attached.get(place) ?? 0) + 1);
    });
    this.attached = attached;
    this.writer.want(this.parentKeys());
  }
}

function keyOf({ kind }: ResourceType, object: KubernetesObject): string {
  return `${kind} ${objectKey(object)}`;
}

function wishOf(
  type: ResourceType,
  { metadata: { name, namespace, uid } }: KubernetesObject,
  said: unknown,
): Pick<StatusWish, 'type' | 'name' | 'namespace' | 'uid' | 'mark' | 'as'> {
  return {
    type,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    mark: JSON.stringify([uid, said]),
    as: 'merge',
  };
}

function isSameParent(a: ParentRef, b: ParentRef): boolean {
  return (
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.sectionName === b.sectionName &&
    a.port === b.port &&
    a.kind === b.kind &&
    a.group === b.group
  );
}

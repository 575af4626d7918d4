import type { KubernetesObject, ObjectWatch, Service } from '@tigateway/kubernetes';
import type { Relation } from '../kubernetes/related-watch.js';
import {
  type BackendRef,
  type Gateway,
  GATEWAY_API,
  type GatewayClass,
  type HttpRoute,
  type Namespace,
  type ReferenceGrant,
} from './gateway-api-types.js';
import type { ClusterView } from './http-route-routes.js';

export interface GatewayApiWatches {
  readonly classes: ObjectWatch<GatewayClass>;
  readonly gateways: ObjectWatch<Gateway>;
  readonly routes: ObjectWatch<HttpRoute>;
  readonly grants: ObjectWatch<ReferenceGrant>;
  readonly namespaces: ObjectWatch<Namespace>;
  readonly services: ObjectWatch<Service>;
}

/** The cluster as routes are translated in it: what the watches know. */
export class GatewayApiCluster implements ClusterView {
  /** @param controllerName whose GatewayClasses are ours */
  constructor(
    readonly watches: GatewayApiWatches,
    readonly controllerName: string,
  ) {}

  /** What changes the meaning of a route, besides itself. */
  get relations(): readonly Relation<HttpRoute>[] {
    const { classes, gateways, grants, namespaces, services } = this.watches;
    return [
      { watch: classes, affects: () => true },
      { watch: gateways, affects: hangsOn },
      {
        watch: grants,
        affects: ({ metadata }, route) => backendsOf(route).some((ref) => ref.namespace === metadata.namespace),
      },
      { watch: namespaces, affects: ({ metadata }, route) => route.metadata.namespace === metadata.name },
      { watch: services, affects: leadsTo },
    ];
  }

  isOurs(gateway: Gateway): boolean {
    const itsClass = this.watches.classes.objects.get(gateway.spec.gatewayClassName);
    return itsClass?.spec.controllerName === this.controllerName;
  }

  gateway(namespace: string, name: string): Gateway | undefined {
    const gateway = this.watches.gateways.objects.get(`${namespace}/${name}`);
    return gateway !== undefined && this.isOurs(gateway) ? gateway : undefined;
  }

  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined {
    return this.watches.namespaces.objects.get(namespace)?.metadata.labels;
  }

  service(namespace: string, name: string): Service | undefined {
    return this.watches.services.objects.get(`${namespace}/${name}`);
  }

  *grantsIn(namespace: string): Iterable<ReferenceGrant> {
    for (const grant of this.watches.grants.objects.values()) {
      if (grant.metadata.namespace === namespace) yield grant;
    }
  }
}

function hangsOn({ metadata }: KubernetesObject, route: HttpRoute): boolean {
  return (route.spec.parentRefs ?? []).some(
    ({ group = GATEWAY_API, kind = 'Gateway', namespace = route.metadata.namespace, name }) =>
      group === GATEWAY_API && kind === 'Gateway' && name === metadata.name && namespace === metadata.namespace,
  );
}

function leadsTo({ metadata }: KubernetesObject, route: HttpRoute): boolean {
  return backendsOf(route).some(
    ({ name, namespace = route.metadata.namespace }) => name === metadata.name && namespace === metadata.namespace,
  );
}

/** Those of mirrors too. */
function backendsOf({ spec }: HttpRoute): readonly BackendRef[] {
  return (spec.rules ?? []).flatMap(({ backendRefs = [], filters = [] }) => {
    const all = [...filters, ...backendRefs.flatMap((ref) => ref.filters ?? [])];
    return [...backendRefs, ...all.flatMap(({ requestMirror }) => (requestMirror ? [requestMirror.backendRef] : []))];
  });
}

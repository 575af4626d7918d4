import type { ObjectWatch, Service } from '@tigateway/kubernetes';
import type { Relation } from '../kubernetes/related-watch.js';
import type { BackendRef, Gateway, GatewayClass, HttpRoute, Namespace, ReferenceGrant } from './gateway-api-types.js';
import type { ClusterView } from './http-route-routes.js';
import type { ServedProtocol } from './route-parents.js';

export interface GatewayApiWatches {
  readonly classes: ObjectWatch<GatewayClass>;
  readonly gateways: ObjectWatch<Gateway>;
  readonly routes: ObjectWatch<HttpRoute>;
  readonly grants: ObjectWatch<ReferenceGrant>;
  readonly namespaces: ObjectWatch<Namespace>;
  readonly services: ObjectWatch<Service>;
}

/** What a route leads to, also where there is none. */
interface Backends {
  readonly services: readonly string[];
  /** Named in references: those that need a grant. */
  readonly namespaces: readonly string[];
}

/** The cluster as routes are translated in it: what the watches know. */
export class GatewayApiCluster implements ClusterView {
  private readonly backends = new WeakMap<HttpRoute, Backends>();

  /** @param controllerName whose GatewayClasses are ours */
  constructor(
    readonly watches: GatewayApiWatches,
    readonly controllerName: string,
    readonly served: ServedProtocol,
  ) {}

  /** What changes the meaning of a route, besides itself. */
  get relations(): readonly Relation<HttpRoute>[] {
    const { classes, gateways, grants, namespaces, services } = this.watches;
    return [
      { watch: classes },
      { watch: gateways, keysFor: gatewaysOf },
      {
        watch: grants,
        keysFor: (route) => this.backendsOf(route).namespaces,
        keyOf: ({ metadata }) => metadata.namespace ?? '',
      },
      { watch: namespaces, keysFor: ({ metadata }) => [metadata.namespace ?? ''] },
      { watch: services, keysFor: (route) => this.backendsOf(route).services },
    ];
  }

  private backendsOf(route: HttpRoute): Backends {
    let backends = this.backends.get(route);
    if (backends === undefined) this.backends.set(route, (backends = backendsOf(route)));
    return backends;
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

function gatewaysOf({ metadata, spec }: HttpRoute): readonly string[] {
  return (spec.parentRefs ?? []).map(({ namespace = metadata.namespace, name }) => `${namespace}/${name}`);
}

/** Those of mirrors too. */
function backendsOf({ metadata, spec }: HttpRoute): Backends {
  const refs = (spec.rules ?? []).flatMap(({ backendRefs = [], filters = [] }): readonly BackendRef[] => {
    const all = [...filters, ...backendRefs.flatMap((ref) => ref.filters ?? [])];
    return [...backendRefs, ...all.flatMap(({ requestMirror }) => (requestMirror ? [requestMirror.backendRef] : []))];
  });
  return {
    services: refs.map(({ namespace = metadata.namespace, name }) => `${namespace}/${name}`),
    namespaces: refs.flatMap(({ namespace }) => namespace ?? []),
  };
}

import { type Condition, portOf, type Service } from '@tigateway/kubernetes';
import { type BackendRef, GATEWAY_API, type ReferenceGrant } from './gateway-api-types.js';
import { HTTP_ROUTE } from './route-parents.js';

/** What has to be known of a cluster to find backends. */
export interface BackendsView {
  service(namespace: string, name: string): Service | undefined;
  grantsIn(namespace: string): Iterable<ReferenceGrant>;
}

/** A backend as a route's uri, or why there is none. */
export type Backend =
  | { readonly uri: string; readonly refusal?: undefined }
  | { readonly uri?: undefined; readonly refusal: Pick<Condition, 'reason' | 'message'> };

/** @param namespace of the route */
export function backendOf(ref: BackendRef, namespace: string, view: BackendsView): Backend {
  const { group = '', kind = 'Service', name, port } = ref;
  const target = ref.namespace ?? namespace;
  if (group !== '' || kind !== 'Service') {
    return refused('InvalidKind', `${group}/${kind} is no kind of backend here: expected a Service`);
  }
  if (target !== namespace && !isGranted(name, namespace, view.grantsIn(target))) {
    return refused(
      'RefNotPermitted',
      `no ReferenceGrant in the namespace ${target} lets HTTPRoutes of ${namespace} refer to the Service ${name}`,
    );
  }
  const service = view.service(target, name);
  if (service === undefined) return refused('BackendNotFound', `there is no Service ${target}/${name}`);
  const found = portOf(service, port === undefined ? undefined : String(port));
  if ('problem' in found) return refused('BackendNotFound', found.problem.message);
  if (found.port.appProtocol === 'kubernetes.io/h2c') {
    return refused(
      'UnsupportedProtocol',
      `the Service ${target}/${name} asks for HTTP/2 without TLS, which is not spoken`,
    );
  }
  return { uri: `lb://${name}.${target}:${found.port.port}` };
}

function refused(reason: string, message: string): Backend {
  return { refusal: { reason, message } };
}

function isGranted(service: string, from: string, grants: Iterable<ReferenceGrant>): boolean {
  for (const { spec } of grants) {
    const isFrom = spec.from.some(
      ({ group, kind, namespace }) => group === GATEWAY_API && kind === HTTP_ROUTE && namespace === from,
    );
    const isTo = spec.to.some(
      ({ group, kind, name = service }) => group === '' && kind === 'Service' && (name || service) === service,
    );
    if (isFrom && isTo) return true;
  }
  return false;
}

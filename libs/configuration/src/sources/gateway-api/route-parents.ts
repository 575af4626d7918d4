import { type Condition, LabelSelector } from '@tigateway/kubernetes';
import { commonHostnames, type Hostname } from './listener-hostnames.js';
import { type Gateway, GATEWAY_API, type HttpRoute, type Listener, type ParentRef } from './gateway-api-types.js';

export const HTTP_ROUTE = 'HTTPRoute';

/** Where a route hangs: which hostnames that leaves it, on which listeners. */
export interface Attachment {
  readonly parentRef: ParentRef;
  readonly gateway: Gateway;
  /** Empty where it hangs nowhere; `refusal` says why. */
  readonly listeners: readonly Listener[];
  readonly hostnames: readonly Hostname[];
  readonly refusal: Pick<Condition, 'reason' | 'message'> | undefined;
}

/** By `server.tls`; certificates that a listener names are in Secrets, which are not read. */
export type ServedProtocol = 'HTTP' | 'HTTPS';

/** What has to be known of a cluster to attach routes. */
export interface ParentsView {
  readonly served: ServedProtocol;
  /** The Gateway where it is one of ours. */
  gateway(namespace: string, name: string): Gateway | undefined;
  /** Labels of a namespace. */
  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined;
}

/** Why a listener is not served; the same for its status. @param served what clients of the data plane speak */
export function listenerProblem(
  { protocol, tls }: Listener,
  served: ServedProtocol,
): Pick<Condition, 'reason' | 'message'> | undefined {
  if (protocol === served && tls?.mode !== 'Passthrough') return undefined;
  const message =
    served === 'HTTPS'
      ? "clients speak TLS here (server.tls), which ends with the gateway's own certificate: only HTTPS listeners are served"
      : 'TLS is not spoken here: it ends where server.tls says, or before the gateway with a listener of the protocol HTTP';
  return { reason: 'UnsupportedProtocol', message: `${protocol} is not served: ${message}` };
}

/** The kinds that a listener allows and that are routes here. */
export function allowsHttpRoutes({ allowedRoutes }: Listener): boolean {
  const kinds = allowedRoutes?.kinds ?? [];
  return (
    kinds.length === 0 || kinds.some(({ group = GATEWAY_API, kind }) => group === GATEWAY_API && kind === HTTP_ROUTE)
  );
}

/** One for each `parentRef` that names a Gateway of ours; the others are none of our business. */
export function attachmentsOf(route: HttpRoute, view: ParentsView): readonly Attachment[] {
  const { namespace = '' } = route.metadata;
  return (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = GATEWAY_API, kind = 'Gateway' } = parentRef;
    if (group !== GATEWAY_API || kind !== 'Gateway') return [];
    const gateway = view.gateway(parentRef.namespace ?? namespace, parentRef.name);
    return gateway === undefined ? [] : [attach(route, parentRef, gateway, view)];
  });
}

function attach(route: HttpRoute, parentRef: ParentRef, gateway: Gateway, view: ParentsView): Attachment {
  const { sectionName, port } = parentRef;
  const { namespace = '' } = route.metadata;
  const refused = (reason: string, message: string): Attachment => ({
    parentRef,
    gateway,
    listeners: [],
    hostnames: [],
    refusal: { reason, message },
  });
  const named = gateway.spec.listeners.filter(
    (listener) =>
      (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port),
  );
  if (named.length === 0) {
    const wanted = [sectionName !== undefined && `named ${sectionName}`, port !== undefined && `on port ${port}`];
    const text = wanted.filter((each) => each !== false).join(' ');
    return refused('NoMatchingParent', `the Gateway ${gateway.metadata.name} has no listener ${text}`.trimEnd());
  }
  const allowed = named.filter(
    (listener) =>
      listenerProblem(listener, view.served) === undefined &&
      allowsHttpRoutes(listener) &&
      allowsNamespace(listener, gateway, namespace, view),
  );
  if (allowed.length === 0) {
    const why =
      listenerProblem(named[0] as Listener, view.served)?.message ??
      `routes from the namespace ${namespace} are not allowed`;
    return refused(
      'NotAllowedByListeners',
      `no listener of the Gateway ${gateway.metadata.name} takes this route: ${why}`,
    );
  }
  const { hostnames: wanted = [] } = route.spec;
  const fitting = allowed
    .map((listener) => ({ listener, common: commonHostnames(listener.hostname, wanted) }))
    .filter(({ common }) => common.length > 0);
  if (fitting.length === 0) {
    const offered = allowed.map(({ hostname }) => hostname).join(', ');
    return refused(
      'NoMatchingListenerHostname',
      `none of ${wanted.join(', ')} fits what the listeners take: ${offered}`,
    );
  }
  return {
    parentRef,
    gateway,
    listeners: fitting.map(({ listener }) => listener),
    hostnames: [...new Set(fitting.flatMap(({ common }) => common))],
    refusal: undefined,
  };
}

function allowsNamespace({ allowedRoutes }: Listener, gateway: Gateway, namespace: string, view: ParentsView): boolean {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {};
  switch (from) {
    case 'All':
      return true;
    case 'Same':
      return namespace === gateway.metadata.namespace;
    case 'Selector':
      return selector !== undefined && selects(selector, view.labelsOf(namespace));
    case 'None':
      return false;
  }
}

function selects(
  selector: Parameters<typeof LabelSelector.of>[0],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  try {
    return LabelSelector.of(selector).matches(labels);
  } catch {
    // An operator that nobody knows selects nothing.
    return false;
  }
}

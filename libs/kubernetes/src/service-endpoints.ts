import type { KubernetesObject } from './kubernetes-object.js';

/** What of a `v1` Service is looked at. */
export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly type?: string;
    readonly externalName?: string;
    readonly ports?: readonly ServicePort[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** What of a `discovery.k8s.io/v1` EndpointSlice is looked at. */
export interface EndpointSlice extends KubernetesObject {
  readonly addressType: string;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] | null;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  /** What is absent: `ready` and `serving` count as true, `terminating` as false. */
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
}

/** Names the Service that a slice belongs to. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Spring Cloud Kubernetes' label or annotation of a Service: which of its ports is meant where none is named. */
export const PRIMARY_PORT = 'primary-port-name';

/** Why nobody can be reached; `code` is for programs, `message` for people. */
export interface ServiceProblem {
  readonly code: 'external-name' | 'no-port' | 'unknown-port';
  readonly message: string;
}

/**
 * The port that is meant: by number or name; where none is, the one that `primary-port-name` names, the only one, or the one
 * called `http`. UDP and SCTP ports are none.
 * @param wanted a number, a name, or `undefined`
 */
export function portOf(
  service: Service,
  wanted: string | undefined,
): { readonly port: ServicePort } | { readonly problem: ServiceProblem } {
  const { namespace, name, labels, annotations } = service.metadata;
  const shown = `${namespace ?? ''}/${name}`;
  if (service.spec?.type === 'ExternalName') {
    const message = `the Service ${shown} is an ExternalName: it has no endpoints; name its host in the route's uri`;
    return { problem: { code: 'external-name', message } };
  }
  const ports = (service.spec?.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  const listed = ports.map(({ name: each, port }) => (each ? `${port} (${each})` : String(port))).join(', ');
  if (wanted !== undefined) {
    const port = ports.find((each) => each.name === wanted) ?? ports.find((each) => String(each.port) === wanted);
    if (port !== undefined) return { port };
    const message = `the Service ${shown} has no TCP port ${wanted}; it has ${listed || 'none'}`;
    return { problem: { code: 'unknown-port', message } };
  }
  const primary = annotations?.[PRIMARY_PORT] ?? labels?.[PRIMARY_PORT];
  const port =
    ports.find((each) => each.name === primary) ??
    (ports.length === 1 ? ports[0] : ports.find((each) => each.name === 'http'));
  if (port !== undefined) return { port };
  const message =
    ports.length === 0
      ? `the Service ${shown} has no TCP port`
      : `the Service ${shown} has several ports, none of them called http: name one of ${listed}`;
  return { problem: { code: 'no-port', message } };
}

/** The scheme that the port asks for; `undefined`: it says nothing. Spring's label `secured: "true"` counts too. */
export function schemeOf(service: Service, { name, appProtocol }: ServicePort): string | undefined {
  const { labels, annotations } = service.metadata;
  const isSecured = (annotations?.['secured'] ?? labels?.['secured']) === 'true' || name === 'https';
  switch (appProtocol?.toLowerCase()) {
    case 'https':
    case 'kubernetes.io/wss':
      return 'https';
    case 'http':
    case 'kubernetes.io/ws':
      return 'http';
    default:
      return isSecured ? 'https' : undefined;
  }
}

export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Where the port of a Service is served: endpoints that are ready; where none is, those that go but still serve, as
 * kube-proxy has it. One that goes is out as long as another is ready. IPv4 before IPv6: a pod of two stacks is one instance.
 * In a stable order, each once, however many slices there are.
 */
export function addressesOf(slices: Iterable<EndpointSlice>, port: ServicePort): readonly ServiceAddress[] {
  const families = { IPv4: new Family(), IPv6: new Family() };
  for (const slice of slices) {
    const family =
      slice.addressType === 'IPv4' || slice.addressType === 'IPv6' ? families[slice.addressType] : undefined;
    const number = slice.ports?.find((each) => (each.name ?? '') === (port.name ?? ''))?.port;
    if (family === undefined || number === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const { ready = true, serving = true, terminating = false } = conditions ?? {};
      const group = ready && !terminating ? family.ready : terminating && serving ? family.leaving : undefined;
      // A slice may list more than one address, but only the first may be used (API documentation of EndpointSlice).
      const [host] = addresses;
      if (group !== undefined && host !== undefined) group.set(`${host} ${number}`, { host, port: number });
    }
  }
  const { IPv4, IPv6 } = families;
  const chosen = [IPv4.ready, IPv6.ready, IPv4.leaving, IPv6.leaving].find(({ size }) => size > 0);
  const byText = [...(chosen ?? IPv4.ready)].sort(([a], [b]) => (a < b ? -1 : 1));
  return byText.map(([, address]) => address);
}

/** Addresses of one IP version by their text. */
class Family {
  readonly ready = new Map<string, ServiceAddress>();
  readonly leaving = new Map<string, ServiceAddress>();
}

import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  addressesOf,
  type EndpointSlice,
  type KubernetesObject,
  type LabelSelector,
  objectKey,
  type ObjectWatch,
  portOf,
  type ResourceListener,
  schemeOf,
  type Service,
  SERVICE_NAME_LABEL,
} from '@tigateway/kubernetes';
import { nameOf, type ServiceInstance, ServiceInstances } from '@tigateway/proxy';

const NONE: readonly ServiceInstance[] = Object.freeze([]);
/** How long a start waits for the API server, in milliseconds. */
const START_MS = 3_000;
const MAX_RESOLVED = 20_000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

export interface KubernetesServicesOptions {
  readonly services: ObjectWatch<Service>;
  readonly slices: ObjectWatch<EndpointSlice>;
  /** Where Services are watched; `*`: everywhere. */
  readonly watched: readonly string[];
  /** The gateway's own: where a name without a namespace is looked for first. */
  readonly namespace: string;
  /** Where it is looked for then, in this order; `*`: everywhere, in the order of the alphabet. */
  readonly namespaces: readonly string[];
  /** Which Services are listed by name; any that is watched can be reached. */
  readonly listed: LabelSelector;
}

interface Resolved {
  readonly instances: readonly ServiceInstance[];
  /** A change of such a Service, whatever its namespace, may make them others. */
  readonly serviceName: string;
  isStale: boolean;
}

/**
 * Who stands behind `lb://name`, `lb://name.namespace` and either with `:port`, from Services and EndpointSlices. What a request
 * asks for is worked out once and again after a change of that Service alone.
 */
export class KubernetesServiceInstances extends ServiceInstances {
  private readonly logger = new Logger('Services');
  private readonly resolved = new Map<string, Resolved>();
  /** By `namespace/name` of the Service, then by that of the slice. */
  private readonly slicesOf = new Map<string, Map<string, EndpointSlice>>();
  private readonly namespacesOf = new Map<string, Set<string>>();
  private readonly listeners = new Set<() => void>();
  private readonly synced = new Set<string>();
  private listedNames: readonly string[] = [];
  private areNamesStale = true;

  constructor(private readonly options: KubernetesServicesOptions) {
    super();
  }

  /**
   * Settles when all is known, or the API server was found to be away, or does not answer: traffic that has routes already must not
   * wait for it.
   */
  async start(): Promise<void> {
    const { services, slices } = this.options;
    const answered = Promise.all([
      services.start(this.listener('Services', (each, isGone) => this.putService(each, isGone))),
      slices.start(this.listener('EndpointSlices', (each, isGone) => this.putSlice(each, isGone))),
    ]);
    const waiting = new AbortController();
    const late = setTimeout(START_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
    await Promise.race([answered, late]);
    waiting.abort();
  }

  async stop(): Promise<void> {
    await Promise.all([this.options.services.stop(), this.options.slices.stop()]);
  }

  override get names(): readonly string[] {
    if (!this.areNamesStale) return this.listedNames;
    const names = [...this.options.services.objects.values()]
      .filter((service) => this.isListed(service))
      .map(({ metadata: { namespace, name } }) =>
        namespace === this.options.namespace ? name : `${name}.${namespace}`,
      )
      .sort();
    const isSame = names.length === this.listedNames.length && names.every((name, at) => name === this.listedNames[at]);
    if (!isSame) this.listedNames = names;
    this.areNamesStale = false;
    return this.listedNames;
  }

  override instancesOf(service: string): readonly ServiceInstance[] {
    const known = this.resolved.get(service);
    if (known?.isStale === false) return known.instances;
    const instances = this.resolve(service);
    const same = known !== undefined && sameInstances(known.instances, instances) ? known.instances : instances;
    // A uri that is made of what clients send may ask for any name.
    if (this.resolved.size >= MAX_RESOLVED) this.resolved.clear();
    this.resolved.set(service, { instances: same, serviceName: addressed(service).name, isStale: false });
    return same;
  }

  override onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private resolve(text: string): readonly ServiceInstance[] {
    const { name, port } = addressed(text);
    const namespace = this.namespaceOf(text);
    const key = `${namespace}/${name}`;
    const service = this.options.services.objects.get(key);
    if (service === undefined)
      return this.isKnown || !this.isWatched(namespace) ? NONE : clusterDns(name, namespace, port);
    const found = portOf(service, port);
    if ('problem' in found) {
      this.logger.warn(`lb://${text}: ${found.problem.message}`);
      return NONE;
    }
    const scheme = schemeOf(service, found.port);
    const slices = this.slicesOf.get(key)?.values() ?? [];
    const instances = addressesOf(slices, found.port).map((address) => instanceOf(address.host, address.port, scheme));
    return instances.length === 0 ? NONE : instances;
  }

  /** Where a Service of that name is; the gateway's own namespace where it is nowhere. */
  private namespaceOf(text: string): string {
    const { name, namespace: written } = addressed(text);
    if (written !== undefined) return written;
    const { namespace, namespaces } = this.options;
    const found = this.namespacesOf.get(name);
    if (found === undefined || found.has(namespace)) return namespace;
    const others = namespaces.includes('*') ? [...found].sort() : namespaces.filter((each) => found.has(each));
    return others[0] ?? namespace;
  }

  private isListed(service: Service): boolean {
    const { namespace = '', labels } = service.metadata;
    const { namespaces, listed } = this.options;
    const isWithin = namespaces.includes('*') || namespaces.includes(namespace);
    return isWithin && listed.matches(labels) && 'port' in portOf(service, undefined);
  }

  private isWatched(namespace: string): boolean {
    const { watched } = this.options;
    return watched.includes('*') || watched.includes(namespace);
  }

  private get isKnown(): boolean {
    return this.synced.size === 2;
  }

  private putService(service: Service, isGone: boolean): void {
    const { namespace = '', name } = service.metadata;
    const namespaces = this.namespacesOf.get(name) ?? new Set();
    if (isGone) namespaces.delete(namespace);
    else namespaces.add(namespace);
    if (namespaces.size > 0) this.namespacesOf.set(name, namespaces);
    else this.namespacesOf.delete(name);
    this.areNamesStale = true;
    this.outdate(name);
  }

  private putSlice(slice: EndpointSlice, isGone: boolean): void {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (name === undefined) return;
    const key = `${slice.metadata.namespace}/${name}`;
    const slices = this.slicesOf.get(key) ?? new Map<string, EndpointSlice>();
    if (isGone) slices.delete(objectKey(slice));
    else slices.set(objectKey(slice), slice);
    if (slices.size > 0) this.slicesOf.set(key, slices);
    else this.slicesOf.delete(key);
    this.outdate(name);
  }

  private outdate(serviceName: string): void {
    for (const known of this.resolved.values()) if (known.serviceName === serviceName) known.isStale = true;
  }

  private listener<T extends KubernetesObject>(
    what: string,
    put: (object: T, isGone: boolean) => void,
  ): ResourceListener<T> {
    return {
      synced: () => {
        if (this.synced.has(what)) return;
        this.synced.add(what);
        // What was not known counted as reachable by its name.
        for (const known of this.resolved.values()) known.isStale = true;
        this.tell();
      },
      changed: ({ upserted, removed }) => {
        for (const object of removed) put(object, true);
        for (const object of upserted) put(object, false);
        this.tell();
      },
      down: (reason) => void this.logger.warn(`${what} cannot be watched, what was known stays: ${reason}`),
      up: () => void this.logger.log(`${what} are watched again`),
    };
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** `name`, `name.namespace` and `name.namespace.svc.cluster.local`, with or without `:port`. */
function addressed(text: string): { name: string; namespace: string | undefined; port: string | undefined } {
  const whole = nameOf(text);
  const [name = '', namespace] = whole.split('.');
  return { name, namespace, port: whole === text ? undefined : text.slice(whole.length + 1) };
}

/**
 * While nothing could be read yet, because the process started without the API server: the cluster's own balancing, by the name
 * in its DNS. That takes the number of the Service's port.
 */
function clusterDns(name: string, namespace: string, port: string | undefined): readonly ServiceInstance[] {
  if (port === undefined || !/^\d+$/.test(port)) return NONE;
  return [instanceOf(`${name}.${namespace}.svc`, Number(port), undefined)];
}

function instanceOf(host: string, port: number, scheme: string | undefined): ServiceInstance {
  const shown = host.includes(':') ? `[${host}]` : host;
  const authority = port === DEFAULT_PORTS[scheme ?? 'http'] ? shown : `${shown}:${port}`;
  return { host, port, scheme, authority };
}

function sameInstances(a: readonly ServiceInstance[], b: readonly ServiceInstance[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ scheme, host, port }, at) => {
      const other = b[at] as ServiceInstance;
      return scheme === other.scheme && host === other.host && port === other.port;
    })
  );
}

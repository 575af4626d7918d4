import { nameOf, type ServiceInstance, ServiceInstances } from '../ports/service-instances.js';

const NONE: readonly ServiceInstance[] = Object.freeze([]);

/** The services that the bootstrap file lists: `tigateway.services: { orders: [http://10.0.0.1:8080] }`. */
export class StaticServiceInstances extends ServiceInstances {
  override readonly names: readonly string[];
  private readonly services: ReadonlyMap<string, readonly ServiceInstance[]>;

  /** @throws TypeError for an instance that is no URL and no `host:port` */
  constructor(services: Readonly<Record<string, readonly string[]>>) {
    super();
    this.services = new Map(Object.entries(services).map(([name, urls]) => [name, urls.map(instanceOf)]));
    this.names = [...this.services.keys()];
  }

  override instancesOf(service: string): readonly ServiceInstance[] {
    // As in Spring, a port is none of theirs: their URLs have it.
    return this.services.get(service) ?? this.services.get(nameOf(service)) ?? NONE;
  }

  /** They stay as they are. */
  override onChange(): () => void {
    return () => undefined;
  }
}

function instanceOf(text: string): ServiceInstance {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = new URL(hasScheme ? text : `http://${text}`);
  if (url.hostname === '') throw new TypeError(`"${text}" names no host`);
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    scheme: hasScheme ? url.protocol.slice(0, -1) : undefined,
    authority: url.host,
  };
}

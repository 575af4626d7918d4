/** Who stands behind a service name: `lb://orders` asks here for `orders`. */
export abstract class ServiceInstances {
  /**
   * The instances that can take traffic now, in a stable order; the same array object as long as nothing changed. Empty: none,
   * or a name that nobody knows.
   * @param service a name, or `name:port` where the route asks for one of its ports, by number or name
   */
  abstract instancesOf(service: string): readonly ServiceInstance[];
  /** The services that are known, in a stable order; the same array object as long as nothing changed. */
  abstract readonly names: readonly string[];
  /**
   * Calls `listener` after each change of the names or of a service's instances.
   * @returns ends it
   */
  abstract onChange(listener: () => void): () => void;
}

export interface ServiceInstance {
  readonly host: string;
  readonly port: number;
  /** `undefined`: the route's inner scheme decides, else `http`. */
  readonly scheme: string | undefined;
  /** `host:port`, the default port of the scheme left out. */
  readonly authority: string;
}

/** The name of a service without the port that a route asks for. */
export function nameOf(service: string): string {
  const colon = service.indexOf(':');
  return colon < 0 ? service : service.slice(0, colon);
}

import type { ServiceInstance, ServiceInstances } from '@tigateway/proxy';
import type { WorkerLink } from './worker-link.js';
import type { ServicesUpdate } from './worker-messages.js';

/** Tells workers who stands behind the services that are discovered. */
export class WorkerServices {
  /** By what `lb://` names: what workers were told last. */
  private readonly told = new Map<string, readonly ServiceInstance[]>();
  private names: readonly string[] = [];
  private isStale = false;

  /** @param services absent: all are in the bootstrap file, and every worker knows them */
  constructor(
    private readonly services: ServiceInstances | undefined,
    private readonly links: ReadonlySet<WorkerLink>,
  ) {
    services?.onChange(() => {
      // Events come in bursts.
      if (this.isStale) return;
      this.isStale = true;
      setImmediate(() => {
        this.isStale = false;
        this.tell(this.news([]));
      });
    });
  }

  /** For a worker that has been told nothing. */
  all(): ServicesUpdate {
    this.tell(this.news([]));
    return { names: this.names, instances: [...this.told] };
  }

  /** Has workers know these too, from now on. */
  follow(services: Iterable<string>): void {
    this.tell(this.news(services));
  }

  /** Somebody waits for an answer, and be it that there is nobody. */
  seek(service: string, link: WorkerLink): void {
    const before = this.told.get(service);
    this.follow([service]);
    if (before) void link.say({ type: 'services', services: { instances: [[service, before]] } });
  }

  private tell(update: ServicesUpdate | undefined): void {
    if (update === undefined) return;
    for (const link of this.links) if (link.isJoined) void link.say({ type: 'services', services: update });
  }

  /** What has changed since it was told. @param more services that are followed from now on */
  private news(more: Iterable<string>): ServicesUpdate | undefined {
    const { services } = this;
    if (services === undefined) return undefined;
    const { names } = services;
    const isSame = names === this.names;
    this.names = names;
    const instances: [string, readonly ServiceInstance[]][] = [];
    for (const service of new Set([...this.told.keys(), ...names, ...more])) {
      const now = services.instancesOf(service);
      if (this.told.get(service) === now) continue;
      this.told.set(service, now);
      instances.push([service, now]);
    }
    return isSame && instances.length === 0 ? undefined : { ...(!isSame && { names }), instances };
  }
}

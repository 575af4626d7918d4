import { type ServiceInstance, ServiceInstances } from '@tigateway/proxy';
import type { ServicesUpdate } from './worker-messages.js';

const NONE: readonly ServiceInstance[] = Object.freeze([]);
/** Services that are asked for and not told of; a uri that is made of what clients send may ask for any. */
const MAX_SOUGHT = 20_000;

/** Services as the control process tells of them. */
export class ToldServiceInstances extends ServiceInstances {
  override names: readonly string[] = [];
  private readonly instances = new Map<string, readonly ServiceInstance[]>();
  private readonly sought = new Set<string>();
  private readonly listeners = new Set<() => void>();

  /** @param seek asks for a service; what comes of it is told of later */
  constructor(private readonly seek: (service: string) => void) {
    super();
  }

  tell({ names, instances }: ServicesUpdate): void {
    if (names) this.names = names;
    for (const [service, known] of instances) this.instances.set(service, known);
    for (const listener of this.listeners) listener();
  }

  override instancesOf(service: string): readonly ServiceInstance[] {
    const known = this.instances.get(service);
    if (known !== undefined) return known;
    if (!this.sought.has(service)) {
      if (this.sought.size >= MAX_SOUGHT) this.sought.clear();
      this.sought.add(service);
      this.seek(service);
    }
    return NONE;
  }

  override onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

import { EventBus, type GatewayEvents } from '@tigateway/model';

/** A bus that calls its listeners at once. */
export class DirectBus extends EventBus {
  private readonly listeners = new Map<string, Set<(event: never) => void>>();

  override publish<Name extends keyof GatewayEvents>(name: Name, event: GatewayEvents[Name]): void {
    for (const listener of this.listeners.get(name) ?? []) listener(event as never);
  }

  override subscribe<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (event: GatewayEvents[Name]) => void,
  ): () => void {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all.add(listener));
    return () => all.delete(listener);
  }
}

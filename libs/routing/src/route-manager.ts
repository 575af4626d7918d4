import { sortedSliced } from '@tigateway/model';
import type { PlacedRoute } from './compiler/route-blueprint.js';
import { compareRoutes } from './table/route-list.js';
import { emptySnapshot, type Snapshot } from './table/snapshot.js';

export type SwapListener = (previous: Snapshot, next: Snapshot, changedRouteIds: readonly string[]) => void;

/** Holds the running snapshot: the one reference that a reload moves. */
export class RouteManager {
  private running: Snapshot;
  private readonly listeners = new Set<SwapListener>();

  constructor(initial: Snapshot = emptySnapshot()) {
    this.running = initial;
  }

  /** A request reads this once and keeps it to its end. */
  get current(): Snapshot {
    return this.running;
  }

  /** Requests that begin from now on meet `next`. */
  swap(next: Snapshot): void {
    const previous = this.running;
    this.running = next;
    for (const listener of this.listeners) listener(previous, next, next.changedRouteIds);
  }

  /**
   * Calls `listener` right after each swap, before anything else happens.
   * @returns a function that ends it
   */
  onSwap(listener: SwapListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  route(id: string): PlacedRoute | undefined {
    return this.running.routes.get(id);
  }

  /** Every route that takes traffic, in the order in which they are asked. */
  routes(): Promise<readonly PlacedRoute[]> {
    return sortedSliced(this.running.routes.values(), compareRoutes);
  }
}

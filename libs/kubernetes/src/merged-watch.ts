import type { KubernetesClient } from './kubernetes-client.js';
import type { KubernetesObject } from './kubernetes-object.js';
import { ResourceWatch, type ResourceListener, type ResourceWatchOptions } from './resource-watch.js';
import { objectKey, type ResourceType } from './resources.js';

/** Objects that are followed: by one watch, or by several that look like one. */
export type ObjectWatch<T extends KubernetesObject> = Pick<
  ResourceWatch<T>,
  'objects' | 'resourceVersion' | 'start' | 'relist' | 'stop'
>;

/** Among namespaces: all of them. */
export const ALL_NAMESPACES = '*';

/** Follows a kind in these namespaces; among them `*`: in all. */
export function watchNamespaces<T extends KubernetesObject>(
  client: KubernetesClient,
  type: ResourceType,
  namespaces: readonly string[],
  options?: ResourceWatchOptions,
): ObjectWatch<T> {
  if (namespaces.includes(ALL_NAMESPACES)) return new ResourceWatch<T>(client, { type }, options);
  const watches = [...new Set(namespaces)].map(
    (namespace) => new ResourceWatch<T>(client, { type, namespace }, options),
  );
  return watches.length === 1 ? (watches[0] as ResourceWatch<T>) : new MergedWatch(watches);
}

/** Watches of one kind in several namespaces as one: all is known when all of them know, and down is it where one of them is. */
export class MergedWatch<T extends KubernetesObject> implements ObjectWatch<T> {
  private readonly known = new Map<string, T>();
  private readonly synced = new Set<ObjectWatch<T>>();
  private readonly down = new Map<ObjectWatch<T>, string>();

  constructor(private readonly watches: readonly ObjectWatch<T>[]) {}

  get objects(): ReadonlyMap<string, T> {
    return this.known;
  }

  /** The newest of all: they are numbers of one sequence. */
  get resourceVersion(): string {
    return this.watches.map(({ resourceVersion }) => resourceVersion).reduce((a, b) => (isNewer(b, a) ? b : a), '');
  }

  async start(listener: ResourceListener<T>): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.start(this.listenerFor(watch, listener))));
    // No namespace, no object.
    if (this.watches.length === 0) listener.synced(this.known);
  }

  async relist(): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.relist()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.stop()));
  }

  private listenerFor(watch: ObjectWatch<T>, listener: ResourceListener<T>): ResourceListener<T> {
    return {
      synced: () => {
        this.synced.add(watch);
        if (this.synced.size === this.watches.length) listener.synced(this.known);
      },
      changed: (change) => {
        for (const object of change.upserted) this.known.set(objectKey(object), object);
        for (const object of change.removed) this.known.delete(objectKey(object));
        listener.changed(change);
      },
      down: (reason) => {
        this.down.set(watch, reason);
        if (this.down.size === 1) listener.down(reason);
      },
      up: () => {
        if (this.down.delete(watch) && this.down.size === 0) listener.up();
      },
    };
  }
}

function isNewer(a: string, b: string): boolean {
  return a.length > b.length || (a.length === b.length && a > b);
}

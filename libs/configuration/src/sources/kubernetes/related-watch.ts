import { setImmediate } from 'node:timers/promises';
import { type KubernetesObject, objectKey, type ObjectWatch, type ResourceListener } from '@tigateway/kubernetes';
import { forEachSliced } from '@tigateway/model';

/** Objects that say something about others. */
export interface Relation<P extends KubernetesObject, T extends KubernetesObject = KubernetesObject> {
  readonly watch: ObjectWatch<T>;
  /** On which of them an object depends, by their keys; absent: on all. */
  keysFor?(primary: P): readonly string[];
  /** Absent: `namespace/name`, or the name of what has no namespace. */
  keyOf?(object: T): string;
}

/** So many are told of at once before the event loop gets its turn. */
const AT_ONCE = 100;

/**
 * Objects whose meaning depends on others: they are told of only once everything is known, because without its class an object is
 * nobody's; and again when one of those others has changed what they mean.
 */
export class RelatedWatch<P extends KubernetesObject> implements ObjectWatch<P> {
  private readonly synced = new Set<ObjectWatch<KubernetesObject>>();
  private readonly down = new Map<ObjectWatch<KubernetesObject>, string>();
  private readonly all: readonly ObjectWatch<KubernetesObject>[];
  private listener!: ResourceListener<P>;
  private telling: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly primary: ObjectWatch<P>,
    private readonly relations: readonly Relation<P>[],
    /** Hears of each change of the others, and of the first time that all is known, before it is told of what they affect. */
    private readonly onRelated: () => void = () => undefined,
  ) {
    this.all = [primary, ...relations.map(({ watch }) => watch)];
  }

  get objects(): ReadonlyMap<string, P> {
    return this.primary.objects;
  }

  /** The newest of all: they are numbers of one sequence. */
  get resourceVersion(): string {
    const isNewer = (a: string, b: string): boolean => a.length > b.length || (a.length === b.length && a > b);
    return this.all.map(({ resourceVersion }) => resourceVersion).reduce((a, b) => (isNewer(b, a) ? b : a), '');
  }

  async start(listener: ResourceListener<P>): Promise<void> {
    this.listener = listener;
    await Promise.all([
      this.primary.start({
        ...this.ends(this.primary),
        synced: (objects) => {
          if (!this.isKnown) this.isSynced(this.primary);
          else listener.synced(objects);
        },
        changed: (change) => {
          if (this.isKnown) listener.changed(change);
        },
      }),
      ...this.relations.map((each) =>
        each.watch.start({
          ...this.ends(each.watch),
          synced: () => {
            if (!this.isKnown) this.isSynced(each.watch);
          },
          changed: ({ upserted, removed }) => {
            if (this.isKnown) this.related(each, [...upserted, ...removed]);
          },
        }),
      ),
    ]);
  }

  async relist(): Promise<void> {
    await Promise.all(this.all.map((watch) => watch.relist()));
    await this.telling;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.all.map((watch) => watch.stop()));
    await this.telling;
  }

  private get isKnown(): boolean {
    return this.synced.size === this.all.length;
  }

  private isSynced(watch: ObjectWatch<KubernetesObject>): void {
    this.synced.add(watch);
    if (!this.isKnown) return;
    this.onRelated();
    const upserted = [...this.primary.objects.values()];
    if (upserted.length > 0) this.listener.changed({ upserted, removed: [] });
    this.listener.synced(this.primary.objects);
  }

  private related(relation: Relation<P>, changed: readonly KubernetesObject[]): void {
    this.onRelated();
    const keys = new Set(changed.map((object) => relation.keyOf?.(object) ?? objectKey(object)));
    this.telling = this.telling.then(() =>
      this.tellOf((each) => relation.keysFor?.(each).some((key) => keys.has(key)) ?? true),
    );
  }

  private async tellOf(isAffected: (primary: P) => boolean): Promise<void> {
    const affected: P[] = [];
    await forEachSliced([...this.primary.objects.values()], (each) => {
      if (isAffected(each)) affected.push(each);
    });
    for (let at = 0; at < affected.length && !this.isStopped; at += AT_ONCE) {
      if (at > 0) await setImmediate();
      // What has changed or gone meanwhile was told of by itself.
      const upserted = affected.slice(at, at + AT_ONCE).filter((each) => this.objects.get(objectKey(each)) === each);
      if (upserted.length > 0) this.listener.changed({ upserted, removed: [] });
    }
  }

  private ends(watch: ObjectWatch<KubernetesObject>): Pick<ResourceListener<P>, 'down' | 'up'> {
    return {
      down: (reason) => {
        this.down.set(watch, reason);
        if (this.down.size === 1) this.listener.down(reason);
      },
      up: () => {
        if (this.down.delete(watch) && this.down.size === 0) this.listener.up();
      },
    };
  }
}

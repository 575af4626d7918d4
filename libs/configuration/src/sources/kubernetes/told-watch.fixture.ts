import { type KubernetesObject, objectKey, type ObjectWatch, type ResourceListener } from '@tigateway/kubernetes';

/** Objects that are told of as a watch tells of them, without a cluster. */
export class ToldWatch<T extends KubernetesObject> implements ObjectWatch<T> {
  readonly objects = new Map<string, T>();
  resourceVersion = '1';
  private listener!: ResourceListener<T>;
  private settle!: () => void;

  start(listener: ResourceListener<T>): Promise<void> {
    this.listener = listener;
    return new Promise((settle) => (this.settle = settle));
  }

  /** The first list. */
  list(...objects: readonly T[]): void {
    if (objects.length > 0) this.put(...objects);
    this.listener.synced(this.objects);
    this.settle();
  }

  put(...upserted: readonly T[]): void {
    for (const each of upserted) this.objects.set(objectKey(each), each);
    this.listener.changed({ upserted, removed: [] });
  }

  remove(key: string): void {
    const gone = this.objects.get(key) as T;
    this.objects.delete(key);
    this.listener.changed({ upserted: [], removed: [gone] });
  }

  down(reason: string): void {
    this.listener.down(reason);
    this.settle();
  }

  up(): void {
    this.listener.up();
  }

  relist(): Promise<void> {
    this.listener.synced(this.objects);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

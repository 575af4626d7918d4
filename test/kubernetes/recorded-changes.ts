import type { KubernetesObject, ResourceListener } from '@tigateway/kubernetes';

/** What a watch has told, in words, in its order. */
export class RecordedChanges implements ResourceListener<KubernetesObject> {
  readonly told: string[] = [];

  synced(objects: ReadonlyMap<string, KubernetesObject>): void {
    this.told.push(`synced ${objects.size}`);
  }

  changed({
    upserted,
    removed,
  }: {
    upserted: readonly KubernetesObject[];
    removed: readonly KubernetesObject[];
  }): void {
    for (const { metadata } of upserted) this.told.push(`+${metadata.name}`);
    for (const { metadata } of removed) this.told.push(`-${metadata.name}`);
  }

  down(): void {
    this.told.push('down');
  }

  up(): void {
    this.told.push('up');
  }
}

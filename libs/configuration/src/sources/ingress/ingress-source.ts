import type { ObjectWatch } from '@tigateway/kubernetes';
import type { Clock } from '@tigateway/model';
import { documentOf, documentName } from '../cluster-routes/route-document.js';
import { RelatedWatch } from '../kubernetes/related-watch.js';
import { type ResourceDocument, ResourceSource } from '../kubernetes/resource-source.js';
import { INGRESS, ingressRoutes, isOurs } from './ingress-routes.js';
import type { Ingress, IngressClass } from './ingress-types.js';

/** Routes of Ingresses whose class is ours; each Ingress is a document of its own. */
export class IngressSource extends ResourceSource {
  private readonly followers = new Set<(ingresses: Iterable<Ingress>) => void>();

  /** @param className of the settings: the class that is ours even where there is no IngressClass of that name */
  constructor(
    private readonly ingresses: ObjectWatch<Ingress>,
    private readonly classes: ObjectWatch<IngressClass>,
    private readonly className: string,
    clock: Clock,
  ) {
    super(
      INGRESS,
      [
        {
          watch: new RelatedWatch(ingresses, [{ watch: classes }]),
          documentsOf: (ingress: Ingress) => this.documentsOf(ingress),
          settled: (taken: readonly Ingress[]) => this.followers.forEach((follow) => follow(taken)),
        },
      ],
      clock,
    );
  }

  /** By `namespace/name`: all of them, also those that are none of ours. */
  get objects(): ReadonlyMap<string, Ingress> {
    return this.ingresses.objects;
  }

  isOurs(ingress: Ingress): boolean {
    return isOurs(ingress, this.classes.objects.values(), this.className);
  }

  /**
   * Tells of Ingresses that have been taken in.
   * @returns ends it
   */
  follow(follower: (ingresses: Iterable<Ingress>) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  private documentsOf(ingress: Ingress): readonly ResourceDocument[] {
    if (!this.isOurs(ingress)) return [];
    return [documentOf(documentName(ingress), ingressRoutes(ingress))];
  }
}

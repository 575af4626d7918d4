import type { Clock } from '@tigateway/model';
import { documentName, documentOf } from '../cluster-routes/route-document.js';
import { RelatedWatch } from '../kubernetes/related-watch.js';
import { type ResourceDocument, ResourceSource } from '../kubernetes/resource-source.js';
import type { GatewayApiCluster } from './gateway-api-cluster.js';
import type { HttpRoute } from './gateway-api-types.js';
import { GATEWAY_API_SOURCE, translateHttpRoute } from './http-route-routes.js';

/** Hears of what has changed. */
export interface GatewayApiFollower {
  /** These have been taken in, or are gone. */
  settled(routes: readonly HttpRoute[]): void;
  /** Gateways, their classes, or what else routes depend on. */
  related(): void;
}

/** Routes of HTTPRoutes that hang on Gateways of our classes; each HTTPRoute is a document of its own. */
export class GatewayApiSource extends ResourceSource {
  private readonly followers = new Set<GatewayApiFollower>();

  constructor(
    readonly cluster: GatewayApiCluster,
    clock: Clock,
  ) {
    const related = (): void => this.followers.forEach((follower) => follower.related());
    super(
      GATEWAY_API_SOURCE,
      [
        {
          watch: new RelatedWatch(cluster.watches.routes, cluster.relations, related),
          documentsOf: (route: HttpRoute) => this.documentsOf(route),
          settled: (routes: readonly HttpRoute[], removed: readonly HttpRoute[]) =>
            this.followers.forEach((follower) => follower.settled([...routes, ...removed])),
        },
      ],
      clock,
    );
  }

  /** @returns ends it */
  follow(follower: GatewayApiFollower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** None where it hangs nowhere: that it asked for the impossible too only its status says. */
  private documentsOf(route: HttpRoute): readonly ResourceDocument[] {
    const { objects, problems, attachments } = translateHttpRoute(route, this.cluster);
    if (attachments.every(({ refusal }) => refusal !== undefined)) return [];
    return [documentOf(documentName(route), { objects, problems })];
  }
}

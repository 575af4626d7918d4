import type { OnModuleDestroy } from '@nestjs/common';
import {
  INGRESSES,
  type KubernetesClient,
  type Leadership,
  objectKey,
  StatusWriter,
  type StatusWish,
  type StatusWishes,
} from '@tigateway/kubernetes';
import { type Clock, sameJson } from '@tigateway/model';
import type { IngressSource } from './ingress-source.js';
import type { IngressAddress } from './ingress-types.js';

export interface IngressStatusTools {
  readonly client: Pick<KubernetesClient, 'patch'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly failed: (reason: string) => void;
}

/** Writes on our Ingresses where the gateway is reached: `status.loadBalancer`, all that an Ingress has for a status. */
export class IngressStatus implements StatusWishes, OnModuleDestroy {
  private readonly writer: StatusWriter;
  private readonly unfollow: () => void;
  private readonly addresses: readonly IngressAddress[];

  /** @param addresses IP addresses and host names; with none nothing is written */
  constructor(
    private readonly source: Pick<IngressSource, 'objects' | 'isOurs' | 'follow'>,
    addresses: readonly string[],
    { client, leadership, clock, failed }: IngressStatusTools,
  ) {
    this.addresses = addresses.map((text) => (isAddress(text) ? { ip: text } : { hostname: text }));
    this.writer = new StatusWriter(client, leadership, this, clock, { fieldManager: 'tigateway-ingress', failed });
    this.unfollow = source.follow((ingresses) => this.writer.want([...ingresses].map(objectKey)));
  }

  async onModuleDestroy(): Promise<void> {
    this.unfollow();
    await this.writer.stop();
  }

  keys(): Iterable<string> {
    return this.source.objects.keys();
  }

  wish(key: string): StatusWish | undefined {
    const ingress = this.source.objects.get(key);
    if (ingress === undefined || this.addresses.length === 0 || !this.source.isOurs(ingress)) return undefined;
    const { namespace = '', name, uid } = ingress.metadata;
    const wanted = this.addresses.map((each) => ({ ...each }));
    const found = (ingress.status?.loadBalancer?.ingress ?? []).map((each) => ({ ...each }));
    return {
      type: INGRESSES,
      name,
      namespace,
      ...(uid !== undefined && { uid }),
      status: { loadBalancer: { ingress: wanted } },
      mark: JSON.stringify([uid, wanted]),
      isWritten: sameJson(wanted, found),
      as: 'merge',
    };
  }
}

function isAddress(text: string): boolean {
  return /^[\d.]+$/.test(text) || text.includes(':');
}

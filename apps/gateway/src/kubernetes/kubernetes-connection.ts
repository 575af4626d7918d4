import type { LoggerService } from '@nestjs/common';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import { identityOf } from '../bootstrap/kubernetes-settings.js';
import type { TigatewaySettings } from '../bootstrap/gateway-settings.js';

/** What the process has of the cluster, where a feature needs it: one client, and its part in one election. */
export class KubernetesConnection {
  private constructor(
    readonly client: KubernetesClient,
    readonly election: LeaderElection,
  ) {}

  /** Reads the credentials; the API server is asked by who uses them. @throws KubernetesError where there are none */
  static async open({ kubernetes }: TigatewaySettings, logger: LoggerService): Promise<KubernetesConnection> {
    const { kubeconfig, context, namespace, gateway, lease } = kubernetes;
    const client = await KubernetesClient.open({ kubeconfig, context, namespace });
    const election = new LeaderElection(client, {
      name: `tigateway-${gateway}`,
      identity: identityOf(kubernetes),
      durationMs: lease.durationMs,
      renewIntervalMs: lease.renewIntervalMs,
      retryIntervalMs: lease.retryIntervalMs,
      onProblem: ({ message }) => void logger.warn(`the Lease cannot be looked after: ${message}`, 'Kubernetes'),
    });
    election.onChange((isLeader) => {
      logger.log(isLeader ? 'this replica leads' : 'this replica leads no more', 'Kubernetes');
    });
    return new KubernetesConnection(client, election);
  }
}

/** Whether any feature that is switched on needs the API server. */
export function usesKubernetes({ store, sources, discovery }: TigatewaySettings): boolean {
  const { configmap, crd, ingress, gatewayApi } = sources;
  return (
    store === 'kubernetes' || [configmap, crd, ingress, gatewayApi, discovery.kubernetes].some(({ enabled }) => enabled)
  );
}

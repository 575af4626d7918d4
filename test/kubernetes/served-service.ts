import type { RequestListener } from 'node:http';
import { networkInterfaces } from 'node:os';
import { Upstream } from '../e2e/upstream.js';
import type { ClusterAccess } from './cluster-access.js';

export interface PodConditions {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

interface Pod {
  readonly upstream: Upstream;
  conditions: PodConditions;
}

/** An address of this machine that the API server takes for a pod's: loopback is none. */
export function machineAddress(family: 'IPv4' | 'IPv6' = 'IPv4'): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find((each) => each.family === family && !each.internal && !each.address.startsWith('fe80'));
  if (found === undefined) throw new Error(`this machine has no ${family} address but loopback`);
  return found.address;
}

/**
 * A Service with servers of this process behind it, and with the EndpointSlices that its controller would write: one a pod, since
 * each has a port of its own.
 */
export class ServedService {
  private readonly pods = new Map<string, Pod>();

  private constructor(
    private readonly cluster: ClusterAccess,
    readonly namespace: string,
    readonly name: string,
  ) {}

  /** Each pod answers with its name. */
  static async created(
    cluster: ClusterAccess,
    namespace: string,
    name: string,
    pods: readonly string[] = [name],
    labels: Readonly<Record<string, string>> = {},
  ): Promise<ServedService> {
    const service = new ServedService(cluster, namespace, name);
    await cluster.must('POST', `/api/v1/namespaces/${namespace}/services`, {
      metadata: { name, labels },
      spec: { ports: [{ name: 'http', port: 80 }] },
    });
    for (const pod of pods) await service.add(pod);
    return service;
  }

  async add(
    pod: string,
    listener: RequestListener = (_request, response) => response.end(pod),
    conditions: PodConditions = { ready: true },
  ): Promise<void> {
    this.pods.set(pod, { upstream: await Upstream.started(listener, machineAddress()), conditions });
    await this.cluster.must('POST', this.path(), this.slice(pod));
  }

  async set(pod: string, conditions: PodConditions): Promise<void> {
    (this.pods.get(pod) as Pod).conditions = conditions;
    await this.cluster.must('PUT', this.path(pod), this.slice(pod));
  }

  /** Its slice goes; its server stays until `stopPod`. */
  async remove(pod: string): Promise<void> {
    await this.cluster.must('DELETE', this.path(pod));
  }

  async stopPod(pod: string): Promise<void> {
    await this.pods.get(pod)?.upstream.stop();
  }

  async stop(): Promise<void> {
    for (const pod of this.pods.keys()) await this.stopPod(pod);
  }

  private path(pod?: string): string {
    const folder = `/apis/discovery.k8s.io/v1/namespaces/${this.namespace}/endpointslices`;
    return pod === undefined ? folder : `${folder}/${this.name}-${pod}`;
  }

  private slice(pod: string): object {
    const { upstream, conditions } = this.pods.get(pod) as Pod;
    return {
      metadata: { name: `${this.name}-${pod}`, labels: { 'kubernetes.io/service-name': this.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [upstream.address], conditions }],
      ports: [{ name: 'http', port: upstream.port, protocol: 'TCP' }],
    };
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../e2e/gateway-process.js';
import type { ClusterAccess } from './cluster-access.js';

export interface ReplicaStatus {
  readonly identity: string;
  readonly isSelf: boolean;
  readonly isLeader: boolean;
  readonly state: string;
  readonly hash: string;
  readonly sequence: number;
}

export interface GatewayStatus {
  readonly hash: string;
  readonly store: { readonly sequence: number; readonly reason?: string };
  readonly replicas: readonly ReplicaStatus[];
}

export interface ReplicaOptions {
  /** Absent: the administrator's. */
  readonly kubeconfig?: string;
  /** Absent: another takes over within two seconds. */
  readonly lease?: object;
  /** Further keys below `tigateway`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly routes?: Readonly<Record<string, string>>;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const SHORT_LEASE = { duration: '2s', 'renew-interval': '500ms', 'retry-interval': '200ms' };

/** One process of a gateway of several, by its admin API and its traffic. */
export class Replica {
  private constructor(
    readonly identity: string,
    readonly gateway: GatewayProcess,
  ) {}

  /** Prepared, not started. */
  static async prepared(
    cluster: ClusterAccess,
    namespace: string,
    identity: string,
    { kubeconfig = cluster.kubeconfig, lease = SHORT_LEASE, settings = {}, routes = {} }: ReplicaOptions = {},
  ): Promise<Replica> {
    const gateway = await GatewayProcess.prepare({
      routes,
      tigateway: {
        store: 'kubernetes',
        sources: { file: { enabled: false } },
        kubernetes: { kubeconfig, namespace, identity, lease },
        ...settings,
      },
    });
    return new Replica(identity, gateway);
  }

  async call(method: string, path: string, body?: unknown, headers = {}): Promise<Called> {
    const answer = await fetch(`${this.gateway.adminUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, headers: answer.headers, body: isJson && text ? JSON.parse(text) : text };
  }

  async status(): Promise<GatewayStatus> {
    return (await this.call('GET', '/actuator/configuration/status')).body as GatewayStatus;
  }

  /** @returns the HTTP status that traffic gets */
  async serves(path: string): Promise<number> {
    const answer = await fetch(this.gateway.url + path);
    await answer.arrayBuffer();
    return answer.status;
  }
}

/** Waits until one of them holds the Lease, and has begun to decide. */
export async function leaderAmong(replicas: readonly Replica[], withinMs = 20_000): Promise<Replica> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    for (const replica of replicas) {
      const { replicas: known } = await replica.status();
      if (known.find(({ isSelf }) => isSelf)?.isLeader) return replica;
    }
    await delay(50);
  }
  throw new Error('nobody leads');
}

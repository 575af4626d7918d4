import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { ClusterAccess } from './cluster-access.js';
import { TcpProxy } from './tcp-proxy.js';

interface Health {
  readonly status: string;
  readonly components: {
    readonly kubernetes: {
      readonly status: string;
      readonly details: {
        readonly isLeader: boolean;
        readonly leader: string | null;
        readonly warning?: string;
        readonly watches: readonly { readonly resource: string; readonly state: string; readonly warning?: string }[];
      };
    };
  };
}

const cluster = ClusterAccess.shared();
let namespace: string;
let proxy: TcpProxy;
let gateway: GatewayProcess;

beforeAll(async () => {
  namespace = await cluster.namespace();
  proxy = await TcpProxy.before(cluster.url);
  gateway = await GatewayProcess.started({
    tigateway: {
      kubernetes: {
        kubeconfig: cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace, proxy.url),
        gateway: 'edge',
        identity: 'replica-1',
      },
      sources: { configmap: { enabled: true, namespace } },
    },
  });
});

afterAll(async () => {
  await gateway.dispose();
  await proxy.close();
  await cluster.close();
});

const health = async (): Promise<Health> =>
  (await (await fetch(`${gateway.adminUrl}/actuator/health`)).json()) as Health;
const lease = () =>
  cluster.must<{ spec: { holderIdentity: string } }>(
    'GET',
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/tigateway-edge`,
  );

describe('the connection to the cluster', () => {
  it('is shown in health, with who leads and what is watched', async () => {
    await expect
      .poll(async () => (await health()).components.kubernetes)
      .toMatchObject({
        status: 'UP',
        details: {
          isLeader: true,
          leader: 'replica-1',
          watches: [{ resource: 'configmaps', namespace, state: 'up', objects: 0 }],
        },
      });
    expect((await lease()).spec.holderIdentity).toMatch(/^replica-1_/);
  });

  it('is measured', async () => {
    const text = await (await fetch(`${gateway.adminUrl}/actuator/prometheus`)).text();
    expect(text).toContain(`tigateway_kubernetes_watch_up{resource="configmaps",watched_namespace="${namespace}"} 1`);
    expect(text).toContain('tigateway_kubernetes_leader{} 1');
  });

  it('is a warning where it is lost, and the gateway stays up and ready', async () => {
    proxy.refuse();
    await expect
      .poll(async () => (await health()).components.kubernetes.details)
      .toMatchObject({
        warning: expect.any(String) as string,
        watches: [{ state: 'down', warning: expect.any(String) as string }],
      });
    expect(await health()).toMatchObject({ status: 'UP', components: { kubernetes: { status: 'UP' } } });
    expect((await fetch(`${gateway.adminUrl}/actuator/health/readiness`)).status).toBe(200);
    proxy.restore();
    await expect.poll(async () => (await health()).components.kubernetes.details.warning).toBe(undefined);
  });

  it('gives the Lease back when the gateway stops', async () => {
    await expect.poll(async () => (await health()).components.kubernetes.details.isLeader).toBe(true);
    await gateway.stop();
    expect((await lease()).spec.holderIdentity).toBe('');
  });
});

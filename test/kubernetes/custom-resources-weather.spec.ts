import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi, type SourceStatus } from '../e2e/admin-api.js';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { Upstream } from '../e2e/upstream.js';
import { Cluster } from './cluster.js';
import {
  conditionOf,
  createResource,
  type CustomResource,
  installCustomResources,
  resourcePath,
} from './custom-resource.js';

describe('custom resources in rough weather', () => {
  let cluster: Cluster;
  let namespace: string;
  let gateway: GatewayProcess;
  let admin: AdminApi;
  let upstream: Upstream;

  beforeAll(async () => {
    cluster = await Cluster.start();
    namespace = await cluster.namespace();
    upstream = await Upstream.saying('hello');
    gateway = await GatewayProcess.prepare({
      tigateway: {
        kubernetes: {
          kubeconfig: cluster.kubeconfig,
          namespace,
          lease: { duration: '2s', 'renew-interval': '500ms', 'retry-interval': '200ms' },
        },
        sources: { crd: { enabled: true, namespaces: ['*'] } },
      },
    });
    admin = new AdminApi(gateway);
  });

  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
    await cluster.stop();
  });

  function route(id: string, path = `/${id}`): object {
    return { id, uri: upstream.url, predicates: [`Path=${path}`] };
  }

  async function source(): Promise<SourceStatus> {
    return (await admin.status()).sources.find(({ name }) => name === 'crd') as SourceStatus;
  }

  async function answers(path: string): Promise<number> {
    return (await fetch(gateway.url + path)).status;
  }

  async function patch(name: string, spec: object): Promise<void> {
    await cluster.must('PATCH', resourcePath(namespace, 'TiGatewayRoute', name), { spec });
  }

  /** `Programmed` of the resource as it is. */
  async function programmed(name: string): Promise<string | undefined> {
    const resource = await cluster.must<CustomResource>('GET', resourcePath(namespace, 'TiGatewayRoute', name));
    return conditionOf(resource, 'Programmed')?.reason;
  }

  it('keep the gateway from being ready until their definitions are there, and need no restart then', async () => {
    const ready = gateway.start();
    const reason = expect.stringMatching(/^cannot read tigatewayroutes in any namespace: .*not found/) as string;
    await expect.poll(() => source().catch(() => undefined)).toMatchObject({ state: 'down', reason });
    expect((await admin.get('/actuator/health/readiness')).status).toBe(503);
    await installCustomResources(cluster);
    await ready;
    await createResource(cluster, namespace, 'TiGatewayRoute', 'users', { route: route('users') });
    await expect.poll(() => programmed('users')).toBe('Programmed');
    await expect.poll(source).toMatchObject({ state: 'up', documents: 1 });
    expect(await answers('/users')).toBe(200);
  });

  it('stay in force while the API server is away, and their status follows when it is back', async () => {
    // Nobody can be kept from writing one; it must not keep the others from being read.
    const deep = JSON.parse('['.repeat(4_000) + ']'.repeat(4_000)) as unknown;
    await createResource(cluster, namespace, 'TiGatewayRoute', 'deep', {
      route: { ...route('deep'), metadata: { deep } },
    });
    await expect.poll(() => programmed('deep')).toBe('NotAccepted');
    await cluster.stopApiServer();
    await expect.poll(source).toMatchObject({ state: 'down', documents: 2 });
    expect(await answers('/users')).toBe(200);
    await admin.write('PUT', '/api/configuration/routes/users', route('users', '/by-api'));
    expect(await Promise.all(['/users', '/by-api'].map(answers))).toEqual([404, 200]);

    await cluster.startApiServer();
    await expect.poll(() => programmed('users')).toBe('Shadowed');
    await expect.poll(source).toMatchObject({ state: 'up' });
    await admin.write('DELETE', '/api/configuration/routes/users');
    await expect.poll(() => programmed('users')).toBe('Programmed');
    await patch('users', { route: { predicates: ['Path=/after'] } });
    await expect.poll(() => answers('/after')).toBe(200);
  });

  it('are what the cluster was before when it is restored', async () => {
    const snapshot = await cluster.snapshotEtcd();
    // More than an API server writes when it starts: what follows is seen at revisions that are gone for a while.
    for (let index = 0; index < 500; index++) {
      await cluster.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        metadata: { name: `filler-${index}` },
      });
    }
    await expect
      .poll(() =>
        createResource(cluster, namespace, 'TiGatewayRoute', 'lost', { route: route('lost') }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await patch('users', { route: { predicates: ['Path=/lost-too'] } });
    await expect.poll(async () => Promise.all(['/lost', '/lost-too', '/after'].map(answers))).toEqual([200, 200, 404]);
    await cluster.restoreEtcd(snapshot);
    await expect.poll(async () => Promise.all(['/lost', '/lost-too', '/after'].map(answers))).toEqual([404, 404, 200]);
    await expect.poll(() => programmed('users')).toBe('Programmed');
  });
});

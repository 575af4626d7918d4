import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.js';
import { ClusterAccess } from './cluster-access.js';

interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

const configMap = (name: string) => ({ metadata: { name }, data: { key: randomUUID() } });

describe('the shared cluster', () => {
  const cluster = ClusterAccess.shared();
  afterAll(() => cluster.close());

  it('gives a service account a token that may do what its role says and nothing else', async () => {
    const namespace = await cluster.namespace();
    await cluster.serviceAccount(namespace, 'reader', [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] },
    ]);
    const token = await cluster.tokenOf(namespace, 'reader');
    const kubeconfig = cluster.kubeconfigFor({ token }, namespace);
    await expect(cluster.kubectl(['--kubeconfig', kubeconfig, 'get', 'configmaps', '-o', 'name'])).resolves.toBe('');
    await expect(cluster.kubectl(['--kubeconfig', kubeconfig, 'get', 'secrets'])).rejects.toThrow(/forbidden/);
  });

  it('knows kubectl and helm', async () => {
    expect(await cluster.kubectl(['version'])).toContain('Server Version: v1.35');
    expect(await cluster.helm(['list'])).toContain('NAMESPACE');
  });
});

describe('a cluster of its own', () => {
  let cluster: Cluster;
  beforeAll(async () => (cluster = await Cluster.start()));
  afterAll(() => cluster.stop());
  const path = '/api/v1/namespaces/default/configmaps';

  it('keeps what it holds when its API server is killed, and answers on the same port', async () => {
    await cluster.must('POST', path, configMap('kept'));
    await cluster.restartApiServer();
    expect(await cluster.must('GET', `${path}/kept`)).toMatchObject({ metadata: { name: 'kept' } });
  });

  it('forgets old revisions when it is compacted', async () => {
    const { metadata } = await cluster.must<Versioned>('POST', path, configMap('old'));
    await cluster.must('PUT', `${path}/old`, configMap('old'));
    await cluster.compactEtcd();
    await cluster.restartApiServer();
    const watch = await cluster.request(
      'GET',
      `${path}?watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`,
    );
    expect(watch.status === 410 || JSON.stringify(watch.body).includes('"code":410')).toBe(true);
  });

  it('goes back to a snapshot, revision and all', async () => {
    const before = (await cluster.must<Versioned>('GET', path)).metadata.resourceVersion;
    const snapshot = await cluster.snapshotEtcd();
    await cluster.must('POST', path, configMap('undone'));
    await cluster.restoreEtcd(snapshot);
    expect(await cluster.request('GET', `${path}/undone`)).toMatchObject({ status: 404 });
    const after = (await cluster.must<Versioned>('GET', path)).metadata.resourceVersion;
    expect(Number(after)).toBeLessThan(Number(before) + 50);
  });
});

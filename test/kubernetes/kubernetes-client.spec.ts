import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_MAPS, KubernetesClient, type KubernetesObject, LEASES } from '@tigateway/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testCertificate } from '../builders/test-certificate.js';
import { ClusterAccess } from './cluster-access.js';
import { TcpProxy } from './tcp-proxy.js';

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

const cluster = ClusterAccess.shared();
const ALL = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }];
const closing: (() => Promise<void>)[] = [];
let namespace: string;

beforeEach(async () => (namespace = await cluster.namespace()));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function clientOf(kubeconfig: string, more: { context?: string; namespace?: string; root?: string } = {}) {
  const client = await KubernetesClient.open({ kubeconfig, ...more });
  closing.push(() => client.close());
  return client;
}

const configMap = (name: string): ConfigMap => ({ metadata: { name, namespace }, data: { a: 'b' } });

describe('objects', () => {
  it('are created once, replaced where nobody was faster, and deleted as they were', async () => {
    const client = await clientOf(cluster.kubeconfig);
    expect(await client.get(CONFIG_MAPS, 'one', namespace)).toBeUndefined();
    const created = await client.create(CONFIG_MAPS, configMap('one'));
    expect(created).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' } });
    expect(created.metadata).not.toHaveProperty('managedFields');
    await expect(client.create(CONFIG_MAPS, configMap('one'))).rejects.toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
    });

    const replaced = await client.replace(CONFIG_MAPS, { ...created, data: { a: 'c' } });
    await expect(client.replace(CONFIG_MAPS, created)).rejects.toMatchObject({ status: 409, reason: 'Conflict' });
    const { resourceVersion, uid } = created.metadata;
    await expect(client.delete(CONFIG_MAPS, { name: 'one', namespace, resourceVersion })).rejects.toMatchObject({
      status: 409,
    });
    expect(await client.get(CONFIG_MAPS, 'one', namespace)).toEqual(replaced);
    await client.delete(CONFIG_MAPS, { name: 'one', namespace, uid });
    await expect(client.delete(CONFIG_MAPS, { name: 'one', namespace })).rejects.toMatchObject({ status: 404 });
  });

  it('are patched in parts, and applied by whom the fields then belong to', async () => {
    const client = await clientOf(cluster.kubeconfig);
    await client.create(CONFIG_MAPS, configMap('one'));
    const merged = await client.patch<ConfigMap>(CONFIG_MAPS, {
      name: 'one',
      namespace,
      as: 'merge',
      body: { data: { c: 'd' } },
    });
    expect(merged.data).toEqual({ a: 'b', c: 'd' });
    const apply = (data: Record<string, string>) =>
      client.patch<ConfigMap>(CONFIG_MAPS, { name: 'one', namespace, as: 'apply', body: { data } });
    expect((await apply({ a: 'mine' })).data).toEqual({ a: 'mine', c: 'd' });
    expect((await apply({})).data).toEqual({ c: 'd' });
  });

  it('are listed once each over many pages, with what they are', async () => {
    const client = await clientOf(cluster.kubeconfig);
    const names = Array.from({ length: 1_100 }, (_, index) => `c${index}`);
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(names.slice(from, from + 50).map((name) => client.create(CONFIG_MAPS, configMap(name))));
    }
    const { items, resourceVersion } = await client.list<ConfigMap>(CONFIG_MAPS, { namespace });
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(names.sort());
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(Number(resourceVersion)).toBeGreaterThan(0);
    const one = await client.list<ConfigMap>(CONFIG_MAPS, { namespace, fieldSelector: 'metadata.name=c7' });
    expect(one.items).toHaveLength(1);
  });
});

describe('who asks', () => {
  const userOf = {
    token: async () => ({ token: await cluster.tokenOf(namespace, 'user') }),
    'a token in a file': async () => {
      const tokenFile = join(cluster.facts.folder, `${namespace}.token`);
      writeFileSync(tokenFile, `${await cluster.tokenOf(namespace, 'user')}\n`);
      return { tokenFile };
    },
    'a plugin': async () => {
      const command = join(cluster.facts.folder, `${namespace}-plugin`);
      const credential = {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token: await cluster.tokenOf(namespace, 'user') },
      };
      writeFileSync(command, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
      chmodSync(command, 0o755);
      return { exec: { apiVersion: credential.apiVersion, command, interactiveMode: 'Never' } };
    },
  };

  it.each(Object.entries(userOf))('is known by %s', async (_, user) => {
    await cluster.serviceAccount(namespace, 'user', ALL);
    const client = await clientOf(cluster.kubeconfigFor(await user(), namespace));
    expect(client.namespace).toBe(namespace);
    await client.create(CONFIG_MAPS, configMap('one'));
    await expect(client.list(LEASES, { namespace })).rejects.toMatchObject({ status: 403, reason: 'Forbidden' });
  });

  it('is known by a client certificate', async () => {
    const { certificate, key } = testCertificate('client');
    const folder = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await cluster.must('POST', `${folder}/roles`, { metadata: { name: 'user' }, rules: ALL });
    await cluster.must('POST', `${folder}/rolebindings`, {
      metadata: { name: 'user' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'user' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'client.example' }],
    });
    const user = { 'client-certificate': certificate, 'client-key': key };
    const client = await clientOf(cluster.kubeconfigFor(user, namespace));
    expect(await client.list(CONFIG_MAPS, { namespace })).toMatchObject({ items: [] });
  });

  it('is refused without a right token, and has its kubeconfig read anew', async () => {
    await cluster.serviceAccount(namespace, 'user', ALL);
    const kubeconfig = cluster.kubeconfigFor({ token: 'wrong' }, namespace);
    const client = await clientOf(kubeconfig);
    await expect(client.list(CONFIG_MAPS, { namespace })).rejects.toMatchObject({ status: 401 });
    const token = await cluster.tokenOf(namespace, 'user');
    writeFileSync(kubeconfig, readFileSync(cluster.kubeconfigFor({ token }, namespace)));
    expect(await client.list(CONFIG_MAPS, { namespace })).toMatchObject({ items: [] });
  });

  it.each(['', '\n'])(
    'says so while the file of its token has %j in it, and is known once there is one',
    async (nothing) => {
      await cluster.serviceAccount(namespace, 'user', ALL);
      const tokenFile = join(cluster.facts.folder, `${namespace}.token`);
      writeFileSync(tokenFile, nothing);
      const client = await clientOf(cluster.kubeconfigFor({ tokenFile }, namespace));
      const message = expect.stringContaining(`${tokenFile} has no token in it`) as unknown;
      await expect(client.list(CONFIG_MAPS, { namespace })).rejects.toMatchObject({ reason: 'Credentials', message });
      writeFileSync(tokenFile, await cluster.tokenOf(namespace, 'user'));
      expect(await client.list(CONFIG_MAPS, { namespace })).toMatchObject({ items: [] });
    },
  );
});

describe('the place of the API server', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it("is the pod's own, whose account is asked by and whose namespace is the gateway's", async () => {
    const { hostname, port } = new URL(cluster.url);
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port });
    const root = mkdtempSync(join(tmpdir(), 'pod-'));
    closing.push(async () => rmSync(root, { recursive: true }));
    const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(folder, { recursive: true });
    await cluster.serviceAccount(namespace, 'user', ALL);
    copyFileSync(cluster.facts.caFile, join(folder, 'ca.crt'));
    writeFileSync(join(folder, 'namespace'), namespace);
    writeFileSync(join(folder, 'token'), 'expired');
    const client = await clientOf('', { root });
    expect(client.namespace).toBe(namespace);
    await expect(client.list(CONFIG_MAPS, { namespace })).rejects.toMatchObject({ status: 401 });
    writeFileSync(join(folder, 'token'), await cluster.tokenOf(namespace, 'user'));
    expect(await client.list(CONFIG_MAPS, { namespace })).toMatchObject({ items: [] });
  });

  it('is that of the files that KUBECONFIG names, a token in a file too', async () => {
    await cluster.serviceAccount(namespace, 'user', ALL);
    const tokenFile = join(cluster.facts.folder, `${namespace}.token`);
    writeFileSync(tokenFile, await cluster.tokenOf(namespace, 'user'));
    process.env['KUBECONFIG'] = cluster.kubeconfigFor({ tokenFile }, namespace);
    const client = await clientOf('');
    expect(client.namespace).toBe(namespace);
    expect(await client.list(CONFIG_MAPS, { namespace })).toMatchObject({ items: [] });
  });

  it('is that of the context that is named', async () => {
    const client = await clientOf(cluster.kubeconfig, { context: 'test', namespace: 'mine' });
    expect(client.namespace).toBe('mine');
    await expect(clientOf(cluster.kubeconfig, { context: 'nobody' })).rejects.toThrow(
      /the context nobody names no cluster/,
    );
  });

  it('is told by a file that is there and can be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
    closing.push(async () => rmSync(folder, { recursive: true }));
    await expect(clientOf(join(folder, 'none'))).rejects.toMatchObject({ status: 0, reason: 'Kubeconfig' });
    writeFileSync(join(folder, 'bad'), 'clusters: [');
    await expect(clientOf(join(folder, 'bad'))).rejects.toMatchObject({ status: 0, reason: 'Kubeconfig' });
  });

  it('is not reached where nobody listens, and not trusted with another certificate', async () => {
    const proxy = await TcpProxy.before(cluster.url);
    const { url } = proxy;
    await proxy.close();
    const nobody = await clientOf(cluster.kubeconfigFor({ token: 'x' }, namespace, url));
    await expect(nobody.list(CONFIG_MAPS)).rejects.toMatchObject({ status: 0, reason: 'Unreachable' });
    expect(nobody.lastFailure?.message).toContain('ECONNREFUSED');

    const file = cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace);
    const { certificate } = testCertificate('stranger');
    writeFileSync(file, readFileSync(file, 'utf8').replace(cluster.facts.caFile, certificate));
    const stranger = await clientOf(file);
    await expect(stranger.list(CONFIG_MAPS)).rejects.toMatchObject({ status: 0, reason: 'Unreachable' });
  });
});

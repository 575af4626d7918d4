import {
  CONFIG_MAPS,
  KubernetesClient,
  type KubernetesObject,
  ResourceWatch,
  type ResourceWatchOptions,
} from '@tigateway/kubernetes';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.js';
import { RecordedChanges } from './recorded-changes.js';
import { TcpProxy } from './tcp-proxy.js';

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

let cluster: Cluster;
beforeAll(async () => {
  // Without it an API server that was asked to end waits a minute for its watches.
  cluster = await Cluster.start({ apiServerFlags: ['--shutdown-watch-termination-grace-period=1s'] });
});
afterAll(() => cluster.stop());

let namespace: string;
let proxy: TcpProxy;
let client: KubernetesClient;
let watch: ResourceWatch<ConfigMap>;
let changes: RecordedChanges;

beforeEach(async () => {
  namespace = await cluster.namespace();
  proxy = await TcpProxy.before(cluster.url);
  const kubeconfig = cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace, proxy.url);
  client = await KubernetesClient.open({ kubeconfig });
  watch = watchWith();
  changes = new RecordedChanges();
});

afterEach(async () => {
  await watch.stop();
  await client.close();
  await proxy.close();
});

function watchWith(options: ResourceWatchOptions = {}): ResourceWatch<ConfigMap> {
  const backOff = { firstMs: 20, maxMs: 200 };
  return new ResourceWatch(client, { type: CONFIG_MAPS, namespace }, { backOff, ...options });
}

const path = (name = ''): string => `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`;
const create = (name: string, text = '') =>
  cluster.must<ConfigMap>('POST', path(), { metadata: { name }, data: { text } });
const change = (name: string, text: string) => cluster.must<ConfigMap>('PATCH', path(name), { data: { text } });
const remove = (name: string) => cluster.must('DELETE', path(name));
const says = (...words: string[]) => expect.poll(() => changes.told, { timeout: 60_000 }).toEqual(words);
const textOf = (name: string): string | undefined => watch.objects.get(`${namespace}/${name}`)?.data?.['text'];

/** Settles when what is written is told as it happens. */
async function openWatch(): Promise<void> {
  await watch.start(changes);
  await create('probe');
  await expect.poll(() => changes.told.at(-1)).toBe('+probe');
  changes.told.length = 0;
}

describe('a watch goes on', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('after the API server ended by %s and came back', async (signal) => {
    await create('kept');
    await openWatch();
    await cluster.stopApiServer(signal);
    await expect.poll(() => changes.told).toEqual(['down']);
    expect(watch.size).toBe(2);
    await cluster.startApiServer();
    await create('after');
    await expect.poll(() => changes.told).toContain('+after');
    // Nothing is told twice, whether the server still knew where the watch had been or not.
    expect(changes.told.filter((word) => !word.startsWith('synced'))).toEqual(['down', 'up', '+after']);
  });

  it('after a server that stood still', async () => {
    await openWatch();
    cluster.freezeApiServer();
    await expect(client.get(CONFIG_MAPS, 'probe', namespace, { timeoutMs: 500 })).rejects.toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
    cluster.thawApiServer();
    await create('after');
    await says('+after');
  });

  it('with a list of the differences where the server has forgotten where it had been', async () => {
    await create('goes');
    await create('changes');
    await openWatch();
    proxy.refuse();
    await says('down');
    await remove('goes');
    await change('changes', 'anew');
    await create('comes');
    await cluster.compactEtcd();
    await cluster.restartApiServer();
    proxy.restore();
    await says('down', 'up', '+changes', '+comes', '-goes', 'synced 3');
  });

  it('in the restored past: what happened since has not happened', async () => {
    await create('changes', 'old');
    await create('goes');
    await openWatch();
    const snapshot = await cluster.snapshotEtcd();
    await change('changes', 'new');
    await remove('goes');
    await create('comes');
    await expect.poll(() => watch.objects.has(`${namespace}/comes`)).toBe(true);
    const seen = BigInt(watch.resourceVersion);
    await cluster.restoreEtcd(snapshot);
    await expect
      .poll(() => [...watch.objects.keys()].sort())
      .toEqual(['changes', 'goes', 'probe'].map((name) => `${namespace}/${name}`));
    expect(textOf('changes')).toBe('old');
    expect(BigInt(watch.resourceVersion)).toBeLessThan(seen);
    await change('changes', 'newest');
    await expect.poll(() => textOf('changes')).toBe('newest');
  });

  it('in a restored past that has gone on further than what was seen', async () => {
    watch = watchWith({ relistMs: 3_000 });
    await openWatch();
    const snapshot = await cluster.snapshotEtcd();
    await create('lost');
    await expect.poll(() => watch.objects.has(`${namespace}/lost`)).toBe(true);
    proxy.refuse();
    await cluster.restoreEtcd(snapshot);
    for (let round = 0; round < 100; round++) await change('probe', String(round));
    const { metadata } = await change('probe', 'last');
    expect(Number(metadata.resourceVersion)).toBeGreaterThan(Number(watch.resourceVersion));
    proxy.restore();
    await expect.poll(() => [...watch.objects.keys()]).toEqual([`${namespace}/probe`]);
    expect(textOf('probe')).toBe('last');
  });
});

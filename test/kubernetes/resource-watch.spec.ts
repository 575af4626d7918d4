import { CONFIG_MAPS, KubernetesClient, type KubernetesObject, ResourceWatch } from '@tigateway/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterAccess } from './cluster-access.js';
import { RecordedChanges } from './recorded-changes.js';

const cluster = ClusterAccess.shared();
let namespace: string;
let client: KubernetesClient;
let watch: ResourceWatch<KubernetesObject>;
let changes: RecordedChanges;

beforeEach(async () => {
  namespace = await cluster.namespace();
  client = await KubernetesClient.open({ kubeconfig: cluster.kubeconfig, namespace });
  watch = new ResourceWatch(client, { type: CONFIG_MAPS, namespace, labelSelector: 'watched=yes' });
  changes = new RecordedChanges();
});

afterEach(async () => {
  await watch.stop();
  await client.close();
});

const configMap = (name: string, watched = 'yes') => ({
  metadata: { name, namespace, labels: { watched } },
  data: { 'a.yaml': 'routes: []' },
});
const says = (...words: string[]) => expect.poll(() => changes.told, { timeout: 20_000 }).toEqual(words);

describe('a watch', () => {
  it('tells what is there, then each change; who loses the label is gone', async () => {
    await client.create(CONFIG_MAPS, configMap('one'));
    await client.create(CONFIG_MAPS, configMap('other', 'no'));
    await watch.start(changes);
    await says('+one', 'synced 1');
    await client.create(CONFIG_MAPS, configMap('two'));
    await client.patch(CONFIG_MAPS, { name: 'one', namespace, as: 'merge', body: { data: { b: 'c' } } });
    await client.patch(CONFIG_MAPS, { name: 'two', namespace, as: 'merge', body: { metadata: { labels: null } } });
    await client.delete(CONFIG_MAPS, { name: 'one', namespace });
    await says('+one', 'synced 1', '+two', '+one', '-two', '-one');
    expect([...watch.objects.keys()]).toEqual([]);
    expect(watch.isUp).toBe(true);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  CONFIG_MAPS,
  KubernetesClient,
  type KubernetesClientOptions,
  type KubernetesObject,
  ResourceWatch,
  type ResourceWatchOptions,
} from '@tigateway/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterAccess } from './cluster-access.js';
import { RecordedChanges } from './recorded-changes.js';
import { TcpProxy } from './tcp-proxy.js';

interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>;
}

const cluster = ClusterAccess.shared();
const READ = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
const closing: (() => Promise<void>)[] = [];
let namespace: string;
let writer: KubernetesClient;
let changes: RecordedChanges;

beforeEach(async () => {
  namespace = await cluster.namespace();
  writer = await clientOf({ kubeconfig: cluster.kubeconfig });
  changes = new RecordedChanges();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function clientOf(options: KubernetesClientOptions): Promise<KubernetesClient> {
  const client = await KubernetesClient.open(options);
  closing.push(() => client.close());
  return client;
}

function watchOn(client: KubernetesClient, options: ResourceWatchOptions = {}): ResourceWatch<ConfigMap> {
  const watched = { type: CONFIG_MAPS, namespace, labelSelector: 'watched=yes' };
  const watch = new ResourceWatch<ConfigMap>(client, watched, { backOff: { firstMs: 20, maxMs: 200 }, ...options });
  closing.push(() => watch.stop());
  return watch;
}

/** A client whose connections go by way of a proxy. */
async function throughProxy(options: KubernetesClientOptions = {}): Promise<[KubernetesClient, TcpProxy]> {
  const proxy = await TcpProxy.before(cluster.url);
  closing.push(() => proxy.close());
  const kubeconfig = cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace, proxy.url);
  return [await clientOf({ kubeconfig, ...options }), proxy];
}

const configMap = (name: string, watched = 'yes'): ConfigMap => ({
  metadata: { name, namespace, labels: { watched } },
  data: { 'a.yaml': 'routes: []' },
});
const create = (name: string, watched?: string) => writer.create(CONFIG_MAPS, configMap(name, watched));
const change = (name: string, body: unknown) => writer.patch(CONFIG_MAPS, { name, namespace, as: 'merge', body });
const says = (...words: string[]) => expect.poll(() => changes.told).toEqual(words);

describe('a watch', () => {
  it('tells what is there, then each change; who loses the label is gone', async () => {
    const watch = watchOn(writer);
    await create('one');
    await create('other', 'no');
    await watch.start(changes);
    expect(changes.told).toEqual(['+one', 'synced 1']);
    await create('two');
    await change('one', { data: { b: 'c' } });
    await change('two', { metadata: { labels: null } });
    await writer.delete(CONFIG_MAPS, { name: 'one', namespace });
    await says('+one', 'synced 1', '+two', '+one', '-two', '-one');
    expect([...watch.objects]).toEqual([]);
    expect(watch).toMatchObject({ isUp: true, restarts: 0 });
  });

  it('keeps objects without the book-keeping of who set which field', async () => {
    await create('listed');
    const watch = watchOn(writer);
    await watch.start(changes);
    await create('watched');
    await says('+listed', 'synced 1', '+watched');
    for (const { kind, metadata } of watch.objects.values()) {
      expect(kind).toBe('ConfigMap');
      expect(metadata).not.toHaveProperty('managedFields');
    }
  });

  it('follows the revision by bookmarks where what changes is none of its own', async () => {
    // The API server sends one two seconds before the end of a watch, at the latest.
    const watch = watchOn(writer, { lifetimeMs: 4_000 });
    await watch.start(changes);
    const { metadata } = await create('other', 'no');
    let turn = 0;
    // A bookmark comes only with a revision that is newer than what was there when its watch began.
    const isBehind = async () => {
      await change('other', { data: { turn: String(turn++) } });
      return BigInt(watch.resourceVersion) < BigInt(metadata.resourceVersion!);
    };
    await expect.poll(isBehind, { interval: 250 }).toBe(false);
    expect(changes.told).toEqual(['synced 0']);
  });

  it('is opened again when its time is over, and misses nothing between', async () => {
    const watch = watchOn(writer, { lifetimeMs: 500 });
    await watch.start(changes);
    const names = Array.from({ length: 200 }, (_, index) => `c${index}`);
    for (const name of names) await create(name);
    await expect.poll(() => watch.restarts).toBeGreaterThanOrEqual(2);
    await says('synced 0', ...names.map((name) => `+${name}`));
  });

  it('is opened again when it is silent for too long', async () => {
    const [client, proxy] = await throughProxy();
    const watch = watchOn(client, { silenceMs: 1_500 });
    await watch.start(changes);
    await create('before');
    await says('synced 0', '+before');
    proxy.silence();
    await create('unheard');
    await says('synced 0', '+before', '+unheard');
    expect(watch.restarts).toBeGreaterThanOrEqual(1);
  });

  it('says that it is down when it is cut off, keeps what it had, and catches up', async () => {
    const [client, proxy] = await throughProxy({ requestTimeoutMs: 1_500 });
    const watch = watchOn(client, { silenceMs: 1_500 });
    await create('kept');
    await watch.start(changes);
    proxy.cutOff();
    await says('+kept', 'synced 1', 'down');
    expect(watch.isUp).toBe(false);
    expect(client.lastFailure).toMatchObject({ status: 0, reason: 'Timeout' });
    await change('kept', { data: { more: 'x' } });
    await create('new');
    expect([...watch.objects.keys()]).toEqual([`${namespace}/kept`]);
    proxy.restore();
    await says('+kept', 'synced 1', 'down', 'up', '+kept', '+new');
    expect(client.lastFailure).toBeUndefined();
  });

  it('is checked as soon as the server answers again, however long it might still be silent', async () => {
    const [client, proxy] = await throughProxy();
    const watch = watchOn(client, { silenceMs: 600_000 });
    await watch.start(changes);
    await create('before');
    await says('synced 0', '+before');
    const ask = () => client.get(CONFIG_MAPS, 'before', namespace, { timeoutMs: 500 });
    proxy.cutOff();
    await create('unheard');
    await expect(ask()).rejects.toMatchObject({ status: 0, reason: 'Timeout' });
    proxy.restore();
    await ask();
    await says('synced 0', '+before', '+unheard');
  });

  it('starts without a server, and is there when the server is', async () => {
    const [client, proxy] = await throughProxy();
    proxy.refuse();
    const watch = watchOn(client);
    await watch.start(changes);
    expect(changes.told).toEqual(['down']);
    await create('one');
    proxy.restore();
    await says('down', '+one', 'synced 1', 'up');
  });

  it('tells the differences before a list that was asked for settles', async () => {
    const [client, proxy] = await throughProxy();
    const watch = watchOn(client);
    await create('stays');
    await watch.start(changes);
    await create('goes');
    await says('+stays', 'synced 1', '+goes');
    proxy.silence();
    await writer.delete(CONFIG_MAPS, { name: 'goes', namespace });
    const { metadata } = await create('comes');
    await watch.relist();
    expect(changes.told).toEqual(['+stays', 'synced 1', '+goes', '+comes', '-goes', 'synced 2']);
    expect(BigInt(watch.resourceVersion)).toBeGreaterThanOrEqual(BigInt(metadata.resourceVersion!));
    proxy.refuse();
    await expect(watch.relist()).rejects.toMatchObject({ status: 0, reason: 'Unreachable' });
    await watch.stop();
    await expect(watch.relist()).rejects.toMatchObject({ reason: 'Stopped' });
  });

  it('is down while it is forbidden, and goes on when it is allowed again', async () => {
    await cluster.serviceAccount(namespace, 'reader', READ);
    const token = await cluster.tokenOf(namespace, 'reader');
    const client = await clientOf({ kubeconfig: cluster.kubeconfigFor({ token }, namespace) });
    const watch = watchOn(client, { lifetimeMs: 500 });
    await create('one');
    await watch.start(changes);
    await cluster.allow(namespace, 'reader', []);
    await says('+one', 'synced 1', 'down');
    await create('two');
    await cluster.allow(namespace, 'reader', READ);
    await says('+one', 'synced 1', 'down', 'up', '+two');
  });

  it('follows a token that rotates', async () => {
    await cluster.serviceAccount(namespace, 'reader', READ);
    const tokenFile = join(cluster.facts.folder, `${namespace}.token`);
    writeFileSync(tokenFile, `${await cluster.tokenOf(namespace, 'reader')}\n`);
    const client = await clientOf({ kubeconfig: cluster.kubeconfigFor({ tokenFile }, namespace) });
    await watchOn(client, { lifetimeMs: 500 }).start(changes);
    // The old token dies with the account that it was given to.
    await cluster.must('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/reader`);
    await cluster.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'reader' } });
    await says('synced 0', 'down');
    await create('unheard');
    writeFileSync(tokenFile, `${await cluster.tokenOf(namespace, 'reader')}\n`);
    await says('synced 0', 'down', 'up', '+unheard');
  });

  it('loses nothing between lists and watches while much changes', async () => {
    const [client, proxy] = await throughProxy();
    const watch = watchOn(client);
    const versions = new Map<string, number>();
    const backwards: string[] = [];
    await watch.start({
      synced: () => undefined,
      up: () => undefined,
      down: () => undefined,
      changed: ({ upserted }) => {
        for (const { metadata, data } of upserted) {
          const round = Number(data?.['round'] ?? 0);
          if (round < (versions.get(metadata.name) ?? 0)) backwards.push(metadata.name);
          versions.set(metadata.name, round);
        }
      },
    });
    const names = Array.from({ length: 8 }, (_, index) => `c${index}`);
    for (const name of names) await create(name);
    for (let round = 1; round <= 40; round++) {
      await Promise.all(names.map((name) => change(name, { data: { round: String(round) } })));
      if (round % 10 === 0) proxy.reset();
      if (round % 7 === 0) void watch.relist().catch(() => undefined);
    }
    const expected = new Map(names.map((name) => [name, 40]));
    await expect.poll(() => new Map([...versions].sort())).toEqual(expected);
    expect(backwards).toEqual([]);
  });
});

describe('5,000 objects', () => {
  it('are listed in pages that do not hold the event loop, and anew without a word where nothing changed', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `c${index}`);
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) await create(name);
      }),
    );
    const watch = watchOn(writer);
    await watch.start(changes);
    expect(watch.size).toBe(5_000);
    changes.told.length = 0;
    const held = monitorEventLoopDelay({ resolution: 1 });
    held.enable();
    const startedMs = performance.now();
    await watch.relist();
    const tookMs = performance.now() - startedMs;
    held.disable();
    expect(changes.told).toEqual(['synced 5000']);
    console.info(`relist of 5,000: ${tookMs.toFixed(0)} ms, event loop held ${(held.max / 1e6).toFixed(0)} ms at most`);
    expect(tookMs).toBeLessThan(10_000);
    await change('c7', { data: { x: 'y' } });
    await says('synced 5000', '+c7');
  });
});

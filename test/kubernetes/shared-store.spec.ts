import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMapStore, type ConfigurationStore, EmbeddedStore, type StoreCommit } from '@tigateway/configuration';
import { KubernetesClient, LeaderElection } from '@tigateway/kubernetes';
import {
  ConfigurationPreconditionError,
  ConfigurationValidationError,
  type Json,
  type SourceUpdate,
  SystemClock,
} from '@tigateway/model';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { InMemorySource, runningPipeline, type RunningPipeline } from '../builders/running-pipeline.js';
import { ClusterAccess } from './cluster-access.js';

const GATEWAY = 'tigateway';
const LEASE = { durationMs: 2_000, renewIntervalMs: 500, retryIntervalMs: 200 };
const OPTIONS = { actor: 'test' };

const cluster = ClusterAccess.shared();
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Cannot be asked for a while. */
class FlickeringSource extends InMemorySource {
  failuresLeft = 0;

  override read(): Promise<SourceUpdate> {
    return this.failuresLeft-- > 0 ? Promise.reject(new Error('away')) : super.read();
  }
}

interface Replica extends RunningPipeline<SystemClock> {
  readonly source: InMemorySource;
  readonly store: ConfigMapStore;
  readonly election: LeaderElection;
  readonly directory: string;
  /** Without a word to the others, as if the machine were gone; what is on its disk stays. */
  readonly vanish: () => Promise<void>;
}

/** A disk that takes no document before its process leads. */
class BusyDisk extends EmbeddedStore {
  isFree = (): boolean => true;
  private ask = (): void => undefined;
  /** Settles when the first document was to be written. */
  readonly asked = new Promise<void>((resolve) => (this.ask = resolve));

  override async commit(commit: StoreCommit): Promise<void> {
    if (commit.putDocuments?.length) {
      this.ask();
      await vi.waitUntil(() => this.isFree(), { timeout: 60_000, interval: 20 });
    }
    return super.commit(commit);
  }
}

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'replica-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface ReplicaOptions {
  readonly directory?: string;
  readonly source?: InMemorySource;
  readonly policy?: Json;
  readonly disk?: BusyDisk;
}

async function replica(
  namespace: string,
  identity: string,
  { directory = folder(), source = new InMemorySource(), policy = {}, disk }: ReplicaOptions = {},
): Promise<Replica> {
  const clock = new SystemClock();
  const client = await KubernetesClient.open({ kubeconfig: cluster.kubeconfig, namespace });
  const election = new LeaderElection(client, { name: `tigateway-${GATEWAY}`, identity, ...LEASE });
  const local: ConfigurationStore = disk ?? new EmbeddedStore(directory);
  const store = new ConfigMapStore({ gateway: GATEWAY, identity }, { client, election, clock, local });
  if (disk) disk.isFree = () => store.leads;
  election.start();
  const running = await runningPipeline(directory, source, { store, policy, clock });
  let isGone = false;
  const end = async (): Promise<void> => {
    if (isGone) return;
    isGone = true;
    await running.stop();
    await election.stop();
    await client.close();
  };
  ends.push(end);
  return { ...running, source, store, election, directory, vanish: end };
}

const route = (id: string, port = 1) => ({ id, uri: `http://127.0.0.1:${port}`, predicates: [`Path=/${id}`] });
const key = (configId: string) => ({ configType: 'route' as const, configId });
const upsert = (id: string, port = 1) => ({ ...key(id), op: 'upsert' as const, configuration: route(id, port) });
const documents = (...ids: string[]): string => JSON.stringify({ routes: ids.map((id) => route(id)) });

function uriOf({ pipeline }: Replica, id: string): unknown {
  return (pipeline.get(key(id))?.configuration as { uri?: string } | undefined)?.uri;
}

/** Waits until every replica serves the same as the first, and that is what `check` says. */
async function converged(replicas: readonly Replica[], check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(
    async () => {
      await check();
      expect(new Set(replicas.map(({ pipeline }) => pipeline.fingerprint().hash)).size).toBe(1);
      expect(new Set(replicas.map(({ store }) => store.place.sequence)).size).toBe(1);
    },
    { timeout: 60_000, interval: 20 },
  );
}

async function leaderOf(replicas: readonly Replica[]): Promise<Replica> {
  return vi.waitFor(
    () => {
      const found = replicas.find(({ store }) => store.leads);
      if (!found) throw new Error('nobody leads');
      return found;
    },
    { timeout: 60_000, interval: 20 },
  );
}

describe('several replicas on one store in the cluster', () => {
  it('serve what is written through one of them, with one version and one sequence of events', async () => {
    const namespace = await cluster.namespace('store');
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b'), await replica(namespace, 'c')];
    const [a, b, c] = all as [Replica, Replica, Replica];
    await leaderOf(all);
    await b.pipeline.write([upsert('one')], OPTIONS);
    await converged(all, () => expect(uriOf(a, 'one')).toBe('http://127.0.0.1:1'));
    await c.pipeline.write([upsert('one', 2), upsert('two')], OPTIONS);
    await a.pipeline.write([{ ...key('two'), op: 'delete' }], OPTIONS);
    await converged(all, () => {
      expect(uriOf(b, 'one')).toBe('http://127.0.0.1:2');
      expect(uriOf(b, 'two')).toBeUndefined();
    });
    const versions = all.map(({ pipeline }) => pipeline.get(key('one'))?.version);
    expect(new Set(versions).size).toBe(1);
    const told = all.map(({ events }) => events.map(({ type, facts }) => `${facts.sequence} ${type}`));
    expect(told[0]).toEqual([
      '1 configuration_update',
      '2 configuration_update',
      '3 configuration_update',
      '4 configuration_delete',
    ]);
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
  });

  it('put in force what one of them was only taking note of when it came to lead', async () => {
    const namespace = await cluster.namespace('store');
    const leader = await replica(namespace, 'a');
    await leaderOf([leader]);
    const source = new InMemorySource();
    source.write({ 'late.json': documents('late') });
    const disk = new BusyDisk(folder());
    const starting = replica(namespace, 'b', { source, disk });
    await disk.asked;
    await leader.vanish();
    const follower = await starting;
    await vi.waitFor(() => expect(uriOf(follower, 'late')).toBeDefined(), { timeout: 60_000, interval: 20 });
  });

  it('let one of two conditional writers win, and lose nothing of unconditional ones', async () => {
    const namespace = await cluster.namespace('store');
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b')];
    const [a, b] = all as [Replica, Replica];
    await leaderOf(all);
    const first = await Promise.allSettled(
      all.map(({ pipeline }, index) => pipeline.write([{ ...upsert('x', index + 1), ifNoneMatch: true }], OPTIONS)),
    );
    expect(first.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = first.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refused.reason).toBeInstanceOf(ConfigurationPreconditionError);

    const ports = Array.from({ length: 20 }, (_, index) => 100 + index);
    await Promise.all(ports.map((port) => (port % 2 ? a : b).pipeline.write([upsert(`y${port % 5}`, port)], OPTIONS)));
    await converged(all, () => expect(uriOf(a, 'y1')).toBeDefined());
    for (const each of [0, 1, 2, 3, 4]) {
      const kept = await vi.waitFor(
        async () => {
          const versions = await a.store.versions(key(`y${each}`));
          expect(versions).toHaveLength(4);
          return versions;
        },
        { timeout: 60_000 },
      );
      const made = kept.map(({ configuration }) => (configuration as { uri: string }).uri).sort();
      expect(made).toEqual(ports.filter((port) => port % 5 === each).map((port) => `http://127.0.0.1:${port}`));
    }
  });

  it('take what the sources say from the one that leads, and go on with another when it is gone', async () => {
    const namespace = await cluster.namespace('store');
    const place = new InMemorySource();
    place.write({ 'a.yaml': documents('one', 'two') });
    const sources = [place, new InMemorySource(), new InMemorySource()];
    for (const each of sources.slice(1)) each.write({ 'a.yaml': documents('one', 'two') });
    const all: Replica[] = [];
    for (const [index, source] of sources.entries()) all.push(await replica(namespace, `r${index}`, { source }));
    const leader = await leaderOf(all);
    await converged(all, () => expect(uriOf(leader, 'two')).toBeDefined());
    expect((await leader.store.versions(key('one'))).length).toBe(1);

    // Those that do not lead hear it first, and wait.
    for (const each of all) if (each !== leader) await each.source.change({ 'a.yaml': documents('two', 'three') });
    expect(all.map((each) => uriOf(each, 'one'))).not.toContain(undefined);
    await leader.source.change({ 'a.yaml': documents('two', 'three') });
    await converged(all, () => {
      expect(uriOf(leader, 'one')).toBeUndefined();
      expect(uriOf(leader, 'three')).toBeDefined();
    });

    const others = all.filter((each) => each !== leader);
    await leader.vanish();
    for (const each of others) await each.source.change({ 'a.yaml': documents('two', 'four') });
    const next = await leaderOf(others);
    expect(next).not.toBe(leader);
    await converged(others, () => {
      expect(uriOf(next, 'three')).toBeUndefined();
      expect(uriOf(next, 'four')).toBeDefined();
    });
    expect((await next.store.versions(key('four'))).map(({ operation, source }) => [operation, source])).toEqual([
      ['create', 'file'],
    ]);
  });

  it('ask a source again that could not be asked when another took the lead', async () => {
    const namespace = await cluster.namespace('store');
    const a = await replica(namespace, 'a');
    await leaderOf([a]);
    const source = new FlickeringSource();
    source.write({ 'a.yaml': documents('one') });
    const b = await replica(namespace, 'b', { source });
    source.failuresLeft = 2;
    await a.vanish();
    await leaderOf([b]);
    await converged([b], () => expect(uriOf(b, 'one')).toBeDefined());
  });

  it('bring a new replica up to what runs, also when the journal no longer goes back so far', async () => {
    const namespace = await cluster.namespace('store');
    const a = await replica(namespace, 'a');
    await leaderOf([a]);
    const padding = 'x'.repeat(2_000);
    for (let index = 0; index < 80; index++) {
      const text = `${padding}${Math.random()}`.repeat(3);
      const configuration = { ...route(`r${index}`), metadata: { text } };
      await a.pipeline.write([{ ...key(`r${index}`), op: 'upsert', configuration }], OPTIONS);
    }
    await a.pipeline.write([{ ...key('r0'), op: 'delete' }], OPTIONS);
    const b = await replica(namespace, 'b');
    // Before it serves anything, it has all.
    expect(b.pipeline.fingerprint().hash).toBe(a.pipeline.fingerprint().hash);
    expect(await b.pipeline.list('route')).toHaveLength(79);
    await b.pipeline.write([upsert('r1', 9)], OPTIONS);
    await converged([a, b], () => expect(uriOf(a, 'r1')).toBe('http://127.0.0.1:9'));
    expect((await b.store.versions(key('r0'))).map(({ operation }) => operation)).toEqual(['delete', 'create']);
  });

  it('write the history as an operator expects it', async () => {
    const namespace = await cluster.namespace('store');
    const a = await replica(namespace, 'a');
    await leaderOf([a]);
    await a.pipeline.write([upsert('user-service')], OPTIONS);
    await a.pipeline.write([upsert('user-service', 2)], OPTIONS);
    const name = 'tigateway-config-history-route-user-service';
    await vi.waitFor(
      async () => {
        const yaml = await cluster.kubectl(['-n', namespace, 'get', 'configmap', name, '-o', 'yaml']);
        expect(yaml).toContain('127.0.0.1:2');
      },
      { timeout: 60_000 },
    );
    const labels = ['-l', 'component=config-history', '-o', 'name'];
    expect(await cluster.kubectl(['-n', namespace, 'get', 'configmap', ...labels])).toBe(`configmap/${name}\n`);
    const { data } = await cluster.must<{ data: Record<string, string> }>(
      'GET',
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    );
    const newest = a.pipeline.get(key('user-service'))?.version ?? '';
    expect(JSON.parse(data['metadata'] ?? '')).toMatchObject({ latestVersion: newest });
    expect(Object.keys(data)).toHaveLength(3);
    expect(JSON.parse(data[newest] ?? '')).toMatchObject({ configuration: { id: 'user-service' }, actor: 'test' });
  });

  it('lose nothing of a commit of 3,000 configurations', async () => {
    const namespace = await cluster.namespace('store');
    const source = new InMemorySource();
    const ids = Array.from({ length: 3_000 }, (_, index) => `route-${index}`);
    source.write({ 'all.yaml': documents(...ids) });
    const a = await replica(namespace, 'a', { source });
    const b = await replica(namespace, 'b');
    await converged([a, b], async () => expect(await b.pipeline.list('route')).toHaveLength(3_000));
    await vi.waitFor(
      async () => {
        const listed = await cluster.kubectl([
          '-n',
          namespace,
          'get',
          'cm',
          '-l',
          'component=config-history',
          '-o',
          'name',
        ]);
        expect(listed.trim().split('\n')).toHaveLength(3_000);
      },
      { timeout: 110_000, interval: 500 },
    );
  });

  it('begin the journal anew where somebody has deleted everything, with what runs', async () => {
    const namespace = await cluster.namespace('store');
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b')];
    const [a, b] = all as [Replica, Replica];
    await leaderOf(all);
    await a.pipeline.write([upsert('one')], OPTIONS);
    await converged(all, () => expect(uriOf(b, 'one')).toBeDefined());
    await cluster.kubectl(['-n', namespace, 'delete', 'configmap', '--all']);
    await vi.waitFor(() => b.pipeline.write([upsert('two')], OPTIONS), { timeout: 60_000, interval: 100 });
    await converged(all, () => {
      expect(uriOf(a, 'one')).toBeDefined();
      expect(uriOf(a, 'two')).toBeDefined();
    });
    const c = await replica(namespace, 'c');
    await converged([...all, c], () => expect(uriOf(c, 'one')).toBeDefined());
  });

  it('refuse a configuration that no ConfigMap holds, and stay as they were', async () => {
    const namespace = await cluster.namespace('store');
    const a = await replica(namespace, 'a');
    await leaderOf([a]);
    const noise = randomBytes(1_000_000).toString('base64');
    const configuration = { ...route('large'), metadata: { noise } };
    const written = a.pipeline.write([{ ...key('large'), op: 'upsert', configuration }], OPTIONS);
    await expect(written).rejects.toThrow(ConfigurationValidationError);
    expect(uriOf(a, 'large')).toBeUndefined();
    await a.pipeline.write([upsert('small')], OPTIONS);
    expect(uriOf(a, 'small')).toBeDefined();
  });
});

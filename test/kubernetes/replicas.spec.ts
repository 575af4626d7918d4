import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Receiver } from '../builders/receiver.js';
import { Upstream } from '../e2e/upstream.js';
import { ClusterAccess } from './cluster-access.js';
import { leaderAmong, Replica } from './replica.js';

const cluster = ClusterAccess.shared();
afterAll(() => cluster.close());

async function replica(namespace: string, identity: string, settings = {}): Promise<Replica> {
  const made = await Replica.prepared(cluster, namespace, identity, { settings });
  onTestFinished(() => made.gateway.dispose());
  await made.gateway.start();
  return made;
}

describe('a gateway of several processes', () => {
  it('serves on all what is written through one, and a waiting write answers once it does', async () => {
    const namespace = await cluster.namespace('replicas');
    const upstream = await Upstream.saying('hello');
    onTestFinished(() => upstream.stop());
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b'), await replica(namespace, 'c')];
    const [a, b, c] = all as [Replica, Replica, Replica];
    await leaderAmong(all);
    const route = (id: string) => ({ id, uri: upstream.url, predicates: [`Path=/${id}`] });

    expect((await b.call('PUT', '/api/configuration/routes/one', route('one'))).status).toBe(200);
    expect(await b.serves('/one')).toBe(200);
    await vi.waitFor(async () => expect([await a.serves('/one'), await c.serves('/one')]).toEqual([200, 200]), {
      timeout: 60_000,
      interval: 5,
    });

    for (let index = 0; index < 10; index++) {
      const id = `w${index}`;
      const written = await (all[index % 3] as Replica).call(
        'PUT',
        `/api/configuration/routes/${id}?wait=applied`,
        route(id),
      );
      expect(written.status).toBe(200);
      for (const each of all) expect(await each.serves(`/${id}`)).toBe(200);
    }

    const { replicas, hash } = await a.status();
    expect(replicas.map(({ identity }) => identity)).toEqual(['a', 'b', 'c']);
    expect(replicas.filter(({ isLeader }) => isLeader)).toHaveLength(1);
    expect(new Set(replicas.map((each) => each.hash))).toEqual(new Set([hash]));
    expect(new Set(replicas.map(({ state }) => state))).toEqual(new Set(['current']));
  });

  it('names who does not serve a write in time, and forgets a process that is gone', async () => {
    const namespace = await cluster.namespace('replicas');
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b')];
    const [a, b] = all as [Replica, Replica];
    await leaderAmong(all);
    await vi.waitFor(async () => expect((await a.status()).replicas).toHaveLength(2), { timeout: 60_000 });
    const route = { id: 'x', uri: 'no://op', predicates: ['Path=/x'] };
    process.kill(b.gateway.pid, 'SIGSTOP');
    const written = await a.call('PUT', '/api/configuration/routes/x?wait=applied&timeout=300ms', route);
    expect([written.status, written.headers.get('x-configuration-lagging')]).toEqual([202, 'b']);
    expect((await a.status()).replicas.find(({ identity }) => identity === 'b')?.state).toBe('lagging');
    process.kill(b.gateway.pid, 'SIGCONT');
    await vi.waitFor(async () => expect((await b.status()).hash).toBe((await a.status()).hash), { timeout: 60_000 });
    await b.gateway.stop('SIGKILL');
    await vi.waitFor(
      async () => expect((await a.status()).replicas.find(({ identity }) => identity === 'b')?.state).toBe('lost'),
      { timeout: 60_000, interval: 100 },
    );
    expect((await a.call('DELETE', '/api/configuration/routes/x?wait=applied')).status).toBe(200);
  });

  it('refuses the second of two writers of one version, whichever replica they ask', async () => {
    const namespace = await cluster.namespace('replicas');
    const all = [await replica(namespace, 'a'), await replica(namespace, 'b')];
    const [a, b] = all as [Replica, Replica];
    await leaderAmong(all);
    const route = (uri: string) => ({ id: 'x', uri, predicates: ['Path=/x'] });
    const made = await a.call('PUT', '/api/configuration/routes/x?wait=applied', route('http://a.test'));
    const ifMatch = { 'if-match': made.headers.get('etag') ?? '' };
    const answers = await Promise.all([
      a.call('PUT', '/api/configuration/routes/x', route('http://b.test'), ifMatch),
      b.call('PUT', '/api/configuration/routes/x', route('http://c.test'), ifMatch),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    await vi.waitFor(async () => expect((await b.status()).hash).toBe((await a.status()).hash), { timeout: 60_000 });
    const versions = (await b.call('GET', '/api/configuration/history/route/x')).body as readonly unknown[];
    expect(versions).toHaveLength(2);
  });

  it('tells each change once, also when the one that tells is killed', async () => {
    const namespace = await cluster.namespace('replicas');
    const receiver = await Receiver.started();
    onTestFinished(() => receiver.stop());
    const notification = { webhook: { enabled: true, url: receiver.url(), 'allow-insecure': true } };
    const all: Replica[] = [];
    for (const name of ['a', 'b', 'c']) all.push(await replica(namespace, name, { notification }));
    const leader = await leaderAmong(all);
    const others = all.filter((each) => each !== leader);
    const [writer] = others as [Replica];
    const write = (id: string) =>
      writer.call('PUT', `/api/configuration/routes/${id}`, { id, uri: 'no://op', predicates: [`Path=/${id}`] });
    const told = (): string[] => receiver.all.map(({ body }) => (JSON.parse(body) as { configId: string }).configId);
    await write('one');
    await write('two');
    await vi.waitFor(() => expect(told()).toEqual(['one', 'two']), { timeout: 60_000 });
    // How far it has come is written down for the others within a second.
    await vi.waitFor(
      async () => {
        const name = 'tigateway-config-deliveries';
        const { data } = await cluster.must<{ data: { progress: string } }>(
          'GET',
          `/api/v1/namespaces/${namespace}/configmaps/${name}`,
        );
        expect((JSON.parse(data.progress) as { through: number }[])[0]?.through).toBe(2);
      },
      { timeout: 60_000 },
    );
    await leader.gateway.stop('SIGKILL');
    await write('three');
    await vi.waitFor(() => expect(told()).toEqual(['one', 'two', 'three']), { timeout: 60_000, interval: 50 });
  });

  const ROLLING = {
    'update-policy': {
      update: { strategy: 'rolling', 'batch-size': 1, interval: '1500ms' },
      rollback: { 'min-requests': 5, 'rollback-threshold': 0.2 },
    },
  };

  it('roll an update from the one that leads to the others, one after the other', async () => {
    const namespace = await cluster.namespace('replicas');
    const all: Replica[] = [];
    for (const name of ['a', 'b', 'c']) all.push(await replica(namespace, name, ROLLING));
    const leader = await leaderAmong(all);
    await vi.waitFor(async () => expect((await leader.status()).replicas).toHaveLength(3), { timeout: 60_000 });
    const others = all.filter((each) => each !== leader);
    const servesSince = async (each: Replica): Promise<number> => {
      while ((await each.serves('/x')) !== 200) await delay(10);
      return performance.now();
    };
    const times = Promise.all([leader, ...others].map(servesSince));
    const written = await (others[0] as Replica).call('PUT', '/api/configuration/routes/x', {
      id: 'x',
      uri: 'no://op',
      predicates: ['Path=/x'],
    });
    expect(written.status).toBe(202);
    const [first, ...later] = (await times) as [number, ...number[]];
    const [second, third] = later.sort((one, other) => one - other) as [number, number];
    // Each step was waited for; how exactly that is seen from outside depends on the machine.
    expect(second - first).toBeGreaterThan(300);
    expect(third - second).toBeGreaterThan(300);
    await vi.waitFor(
      async () => expect((await (all[0] as Replica).call('GET', '/api/configuration/pending')).body).toEqual([]),
      { timeout: 60_000 },
    );
  });

  it('let a bad update reach nobody but the one that leads', async () => {
    const namespace = await cluster.namespace('replicas');
    const good = await Upstream.saying('good');
    const bad = await Upstream.started((_, response) => response.writeHead(500).end('bad'));
    onTestFinished(async () => void (await Promise.all([good.stop(), bad.stop()])));
    const all: Replica[] = [];
    for (const name of ['a', 'b', 'c']) all.push(await replica(namespace, name, ROLLING));
    const leader = await leaderAmong(all);
    await vi.waitFor(async () => expect((await leader.status()).replicas).toHaveLength(3), { timeout: 60_000 });
    const route = (uri: string) => ({ id: 'x', uri, predicates: ['Path=/x'] });
    const put = (uri: string) => leader.call('PUT', '/api/configuration/routes/x', route(uri));
    await put(good.url);
    await vi.waitFor(
      async () => {
        const pending = (await leader.call('GET', '/api/configuration/pending')).body;
        expect([...(await Promise.all(all.map((each) => each.serves('/x')))), pending]).toEqual([200, 200, 200, []]);
      },
      { timeout: 60_000, interval: 50 },
    );
    const failed = all.map(() => 0);
    let isOver = false;
    const traffic = Promise.all(
      all.map(async (each, index) => {
        while (!isOver) if ((await each.serves('/x')) !== 200) failed[index] = (failed[index] ?? 0) + 1;
      }),
    );
    await put(bad.url);
    await vi.waitFor(
      async () => {
        const { body } = await leader.call('GET', '/actuator/configuration/status');
        expect((body as { rollbacks: unknown[] }).rollbacks).toHaveLength(1);
      },
      { timeout: 60_000, interval: 50 },
    );
    await vi.waitFor(async () => expect(await leader.serves('/x')).toBe(200), { timeout: 60_000 });
    isOver = true;
    await traffic;
    expect(failed[all.indexOf(leader)]).toBeGreaterThan(0);
    expect(failed.filter((_, index) => all[index] !== leader)).toEqual([0, 0]);
    const hashes = async () => new Set(await Promise.all(all.map(async (each) => (await each.status()).hash)));
    await vi.waitFor(async () => expect((await hashes()).size).toBe(1), { timeout: 60_000 });
  });

  it('go on with a rolling update whose leader is killed, from its beginning', async () => {
    const namespace = await cluster.namespace('replicas');
    const all: Replica[] = [];
    for (const name of ['a', 'b', 'c']) all.push(await replica(namespace, name, ROLLING));
    const leader = await leaderAmong(all);
    await vi.waitFor(async () => expect((await leader.status()).replicas).toHaveLength(3), { timeout: 60_000 });
    const others = all.filter((each) => each !== leader);
    await leader.call('PUT', '/api/configuration/routes/x', {
      id: 'x',
      uri: 'no://op',
      predicates: ['Path=/x'],
    });
    expect(await leader.serves('/x')).toBe(200);
    await leader.gateway.stop('SIGKILL');
    expect(await Promise.all(others.map((each) => each.serves('/x')))).toEqual([404, 404]);
    await vi.waitFor(
      async () => {
        const pending = (await (others[0] as Replica).call('GET', '/api/configuration/pending')).body;
        expect([...(await Promise.all(others.map((each) => each.serves('/x')))), pending]).toEqual([200, 200, []]);
      },
      { timeout: 60_000, interval: 50 },
    );
  });

  it('take a bad change back everywhere, whichever of them has the traffic that it hurts', async () => {
    const namespace = await cluster.namespace('replicas');
    const good = await Upstream.saying('good');
    const bad = await Upstream.started((_, response) => response.writeHead(500).end('bad'));
    onTestFinished(async () => void (await Promise.all([good.stop(), bad.stop()])));
    const policy = { 'update-policy': { rollback: { 'min-requests': 5, 'rollback-threshold': 0.2 } } };
    const all = [await replica(namespace, 'a', policy), await replica(namespace, 'b', policy)];
    const leader = await leaderAmong(all);
    const [first, second] = [leader, all.find((each) => each !== leader) as Replica];
    const put = (uri: string) =>
      first.call('PUT', '/api/configuration/routes/x?wait=applied', { id: 'x', uri, predicates: ['Path=/x'] });
    await put(good.url);
    for (let n = 0; n < 20; n++) expect(await second.serves('/x')).toBe(200);
    await put(bad.url);
    // Nobody asks the one that leads.
    await vi.waitFor(async () => expect(await second.serves('/x')).toBe(200), { timeout: 60_000, interval: 10 });
    await vi.waitFor(async () => expect(await first.serves('/x')).toBe(200), { timeout: 5_000, interval: 10 });
    const history = (await first.call('GET', '/api/configuration/history/route/x')).body as { operation: string }[];
    expect(history.map(({ operation }) => operation)).toEqual(['rollback', 'update', 'create']);
  });
});

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Upstream } from '../e2e/upstream.js';
import { Cluster } from './cluster.js';
import type { PolicyRule } from './cluster-access.js';
import { ConstantTraffic } from './constant-traffic.js';
import { installCustomResources, resourcePath } from './custom-resource.js';
import { type Called, leaderAmong, Replica, type ReplicaOptions } from './replica.js';
import { TcpProxy } from './tcp-proxy.js';

/** So long that whoever leads does so through a restart of the API server. */
const LONG_LEASE = { duration: '60s', 'renew-interval': '1s', 'retry-interval': '500ms' };
const CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
];

let cluster: Cluster;
let upstream: Upstream;
let namespace: string;
let traffic: Map<Replica, ConstantTraffic>;

beforeAll(async () => {
  cluster = await Cluster.start();
  upstream = await Upstream.saying('hello');
});
afterAll(async () => {
  await upstream.stop();
  await cluster.stop();
});

beforeEach(async () => {
  namespace = await cluster.namespace('weather');
  traffic = new Map();
});

// Whatever happens, traffic never fails.
afterEach(async () => {
  for (const [{ identity }, each] of traffic) {
    await each.stop();
    expect([identity, each.failures]).toEqual([identity, []]);
    expect(each.count).toBeGreaterThan(10);
  }
});

/** Reaches the API server by way of a proxy of its own. */
interface Weathered extends Replica {
  readonly proxy: TcpProxy;
}

async function prepared(identity: string, options: ReplicaOptions = {}): Promise<Weathered> {
  const proxy = await TcpProxy.before(cluster.url);
  onTestFinished(() => proxy.close());
  const token = { token: cluster.facts.adminToken };
  const kubeconfig = options.kubeconfig ?? cluster.kubeconfigFor(token, namespace, proxy.url);
  const replica = await Replica.prepared(cluster, namespace, identity, { ...options, kubeconfig });
  onTestFinished(() => replica.gateway.dispose());
  return Object.assign(replica, { proxy });
}

/** Two of them, or as many as have names; traffic runs through each. */
async function replicas(names = ['a', 'b'], options: ReplicaOptions = {}): Promise<Weathered[]> {
  const all: Weathered[] = [];
  for (const name of names) {
    const replica = await prepared(name, options);
    await replica.gateway.start();
    all.push(replica);
  }
  await leaderAmong(all);
  expect((await put(all[0] as Replica, 'constant', '?wait=applied&timeout=20s')).status).toBe(200);
  for (const replica of all) traffic.set(replica, ConstantTraffic.to(replica.gateway.url, '/constant'));
  return all;
}

async function kill(replica: Replica): Promise<void> {
  const running = traffic.get(replica);
  await running?.stop();
  expect(running?.failures ?? []).toEqual([]);
  traffic.delete(replica);
  await replica.gateway.stop('SIGKILL');
}

const route = (id: string): object => ({ id, uri: upstream.url, predicates: [`Path=/${id}`] });
const put = (replica: Replica, id: string, query = ''): Promise<Called> =>
  replica.call('PUT', `/api/configuration/routes/${id}${query}`, route(id));
const remove = (replica: Replica, id: string): Promise<Called> =>
  replica.call('DELETE', `/api/configuration/routes/${id}`);

async function until(check: () => Promise<void>, timeout = 60_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 50 });
}

/** A write that is tried until it is taken. */
async function written(replica: Replica, id: string): Promise<void> {
  await until(async () => expect((await put(replica, id)).status).toBe(200));
}

/** Writes one after the other until one is refused. @returns what was refused */
async function refusedBy(replica: Replica): Promise<string> {
  let id = '';
  let index = 0;
  await until(async () => {
    id = `late${index++}`;
    expect((await put(replica, id)).status).toBe(503);
  });
  return id;
}

/** What each of these paths is answered by. */
const answers = (replica: Replica, ids: readonly string[]): Promise<number[]> =>
  Promise.all(ids.map((id) => replica.serves(`/${id}`)));

/** All serve the same, which answers to `there` and does not to `gone`. */
async function converged(
  all: readonly Replica[],
  there: readonly string[],
  gone: readonly string[] = [],
): Promise<void> {
  await until(async () => {
    for (const replica of all) {
      const expected = [...there.map(() => 200), ...gone.map(() => 404)];
      expect([replica.identity, await answers(replica, [...there, ...gone])]).toEqual([replica.identity, expected]);
    }
    const states = await Promise.all(all.map((replica) => replica.status()));
    expect(new Set(states.map(({ hash }) => hash)).size).toBe(1);
    expect(new Set(states.map(({ store }) => store.sequence)).size).toBe(1);
    expect(states.map(({ store }) => store.reason)).toEqual(all.map(() => undefined));
  });
}

async function historyIn(id: string): Promise<number> {
  const name = `tigateway-config-history-route-${id}`;
  const { body } = await cluster.request<{ data?: object }>(
    'GET',
    `/api/v1/namespaces/${namespace}/configmaps/${name}`,
  );
  return Object.keys(body.data ?? {}).filter((key) => key !== 'metadata').length;
}

/** The store's health, status and metric. */
async function storeSays(replica: Replica): Promise<{ health: string; warning: unknown; reason: unknown; up: string }> {
  const health = (await replica.call('GET', '/actuator/health')).body as {
    status: string;
    components: { store: { details: { warning?: string } } };
  };
  const metrics = String((await replica.call('GET', '/actuator/prometheus')).body);
  return {
    health: health.status,
    warning: health.components.store.details.warning,
    reason: (await replica.status()).store.reason,
    up: /^tigateway_store_up\{?\}? (\d)$/m.exec(metrics)?.[1] ?? 'none',
  };
}

const CALM = { health: 'UP', warning: undefined, reason: undefined, up: '1' };

function troubled(reason: RegExp) {
  const text = expect.stringMatching(reason) as unknown;
  return { health: 'UP', warning: text, reason: text, up: '0' };
}

describe('replicas on an API server that', () => {
  it('is stopped and comes back: writes are refused meanwhile, and each that was taken is there once', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    const taken: string[] = [];
    const refused: string[] = [];
    let isAway = false;
    let isOver = false;
    const writer = async (): Promise<void> => {
      for (let index = 0; !isOver; index++) {
        const id = `w${index}`;
        const began = isAway;
        const { status, body } = await put(index % 2 ? a : b, id);
        if (status === 200) taken.push(id);
        else if (began && isAway) refused.push(id);
        if (status !== 200) expect([status, body]).toEqual([503, expect.objectContaining({ status: 503 })]);
      }
    };
    const writing = writer();
    await until(async () => expect(taken.length).toBeGreaterThan(20));
    await cluster.stopApiServer();
    isAway = true;
    const takenBefore = taken.length;
    const { hash } = await a.status();
    await until(async () => expect(refused.length).toBeGreaterThan(0));
    for (const each of all) await until(async () => expect(await storeSays(each)).toEqual(troubled(/./)));
    expect(taken.length).toBeLessThanOrEqual(takenBefore + 1);
    expect((await a.status()).hash).toBe(hash);
    isAway = false;
    await cluster.startApiServer();
    await until(async () => expect(taken.length).toBeGreaterThan(takenBefore + 20));
    isOver = true;
    await writing;
    await converged(all, taken, refused);
    for (const each of all) expect(await storeSays(each)).toEqual(CALM);
    await until(async () => {
      for (const id of taken) expect([id, await historyIn(id)]).toEqual([id, 1]);
    });
  });

  it('has forgotten where a replica had been', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    await written(a, 'goes');
    await converged(all, ['goes']);
    a.proxy.refuse();
    await written(b, 'comes');
    await remove(b, 'goes');
    await cluster.compactEtcd();
    await cluster.restartApiServer();
    a.proxy.restore();
    await converged(all, ['comes'], ['goes']);
    await written(a, 'after');
    await converged(all, ['after']);
  });

  it('falls silent on every connection that is open', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    a.proxy.silence();
    await written(b, 'heard');
    await until(async () => expect(await a.serves('/heard')).toBe(200), 20_000);
    a.proxy.silence();
    await written(a, 'said');
    await converged(all, ['heard', 'said']);
  });

  it('stands still for a while', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    cluster.freezeApiServer();
    const waiting = [put(a, 'one'), put(b, 'two')];
    await until(async () => expect((await storeSays(a)).up).toBe('0'));
    cluster.thawApiServer();
    // Whether they were taken is not known to whoever is told that they were not.
    await Promise.all(waiting);
    await written(a, 'one');
    await written(b, 'two');
    await converged(all, ['one', 'two']);
    for (const id of ['one', 'two']) {
      const versions = (await a.call('GET', `/api/configuration/history/route/${id}`)).body as { version: string }[];
      expect(new Set(versions.map(({ version }) => version)).size).toBe(versions.length);
      expect((await b.call('GET', `/api/configuration/history/route/${id}`)).body).toEqual(versions);
    }
  });

  it('is away when a replica restarts: it serves what it had, says so, and catches up', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    await written(a, 'before');
    await converged(all, ['before']);
    await kill(b);
    await written(a, 'missed');
    await cluster.stopApiServer();
    await b.gateway.start();
    traffic.set(b, ConstantTraffic.to(b.gateway.url, '/constant'));
    expect(await answers(b, ['before', 'missed'])).toEqual([200, 404]);
    expect(await storeSays(b)).toEqual(troubled(/./));
    expect((await put(b, 'refused')).status).toBe(503);
    expect(await answers(b, ['before', 'refused'])).toEqual([200, 404]);
    await cluster.startApiServer();
    await converged(all, ['before', 'missed'], ['refused']);
    expect(await storeSays(b)).toEqual(CALM);
  });

  it('is away when a source changes: the change goes in when it is back', async () => {
    const document = (id: string): string => JSON.stringify({ routes: [route(id)] });
    const settings = { sources: { file: { enabled: true } } };
    const all = await replicas(['a', 'b'], { settings, lease: LONG_LEASE, routes: { 'all.json': document('old') } });
    await converged(all, ['old']);
    await cluster.stopApiServer();
    for (const { gateway } of all) gateway.writeRoutes('all.json', document('new'));
    for (const each of all) await until(async () => expect((await storeSays(each)).up).toBe('0'));
    for (const each of all) expect(await answers(each, ['old', 'new'])).toEqual([200, 404]);
    await cluster.startApiServer();
    await converged(all, ['new'], ['old']);
    await until(async () => expect([await historyIn('new'), await historyIn('old')]).toEqual([1, 2]));
  });

  it('is slow, or does not answer at all, when a replica with an empty disk comes: it is ready with all or not at all', async () => {
    const all = await replicas(['a']);
    const [a] = all as [Weathered];
    for (const id of ['one', 'two', 'three']) await written(a, id);
    const b = await prepared('b');
    b.proxy.cutOff();
    const ready = b.gateway.start();
    const readiness = () => b.call('GET', '/actuator/health/readiness').then(({ status }) => status);
    await until(async () => expect(await readiness()).toBe(503));
    await until(async () => expect((await storeSays(b)).up).toBe('0'));
    // As long as it takes for whoever waits for nothing to go on without it.
    await expect(vi.waitFor(async () => expect(await readiness()).toBe(200), { timeout: 8_000 })).rejects.toThrow();
    b.proxy.delay(400);
    b.proxy.restore();
    await ready;
    expect(await answers(b, ['one', 'two', 'three'])).toEqual([200, 200, 200]);
    traffic.set(b, ConstantTraffic.to(b.gateway.url, '/constant'));
    await written(b, 'four');
    await converged([a, b], ['four']);
  });

  it('is set back to an older state: all take it, and what is written then stays', async () => {
    const all = await replicas(['a', 'b', 'c'], { lease: LONG_LEASE });
    const [a, b, c] = all as [Weathered, Weathered, Weathered];
    await written(a, 'kept');
    await until(async () => expect(await historyIn('kept')).toBe(1));
    const snapshot = await cluster.snapshotEtcd();
    for (const id of ['lost1', 'lost2', 'lost3']) await written(b, id);
    await converged(all, ['kept', 'lost1', 'lost2', 'lost3']);
    // One of them hears of it only when the others have gone on as far as they had been, and further.
    c.proxy.refuse();
    await cluster.restoreEtcd(snapshot);
    await converged([a, b], ['kept'], ['lost1', 'lost2', 'lost3']);
    for (const id of ['new1', 'new2', 'new3', 'new4']) await written(b, id);
    c.proxy.restore();
    await converged(all, ['kept', 'new1', 'new2', 'new3', 'new4'], ['lost1', 'lost2', 'lost3']);
    await written(c, 'new5');
    await converged(all, ['new5']);
    // The one that leads has led all the time, and writes down what is new, under numbers that it has met before.
    await until(async () => {
      for (const id of ['new1', 'new2', 'new3', 'new4', 'new5']) expect([id, await historyIn(id)]).toEqual([id, 1]);
    });
    const d = await prepared('d');
    await d.gateway.start();
    await converged([...all, d], ['kept', 'new1', 'new5'], ['lost1']);
  });

  it('is set back while a replica is away, and has gone on as far when that one returns', async () => {
    const all = await replicas();
    const [a, b] = all as [Weathered, Weathered];
    const snapshot = await cluster.snapshotEtcd();
    await written(a, 'lost');
    await converged(all, ['lost']);
    await kill(b);
    await cluster.restoreEtcd(snapshot);
    await converged([a], [], ['lost']);
    await written(a, 'new');
    await b.gateway.start();
    await converged(all, ['new'], ['lost']);
  });

  it('takes the rights away and gives them back', async () => {
    await cluster.serviceAccount(namespace, 'gateway', CLUSTER_RULES);
    const token = await cluster.tokenOf(namespace, 'gateway');
    const proxy = await TcpProxy.before(cluster.url);
    onTestFinished(() => proxy.close());
    const all = await replicas(['a', 'b'], { kubeconfig: cluster.kubeconfigFor({ token }, namespace, proxy.url) });
    const [a, b] = all as [Weathered, Weathered];
    await cluster.allow(namespace, 'gateway', []);
    const refused = await refusedBy(a);
    // Watches that are open outlive the right to open them.
    proxy.reset();
    for (const each of all) await until(async () => expect(await storeSays(each)).toEqual(troubled(/forbidden/)));
    await cluster.allow(namespace, 'gateway', CLUSTER_RULES);
    await written(b, 'taken');
    await converged(all, ['taken'], [refused]);
  });

  it('takes another token from one moment to the next', async () => {
    await cluster.serviceAccount(namespace, 'gateway', CLUSTER_RULES);
    const path = `/api/v1/namespaces/${namespace}`;
    const tokenFile = join(cluster.facts.folder, `token-${randomBytes(4).toString('hex')}`);
    /** One that ends with the Secret that it is bound to. */
    const rotate = async (secret: string): Promise<void> => {
      await cluster.must('POST', `${path}/secrets`, { metadata: { name: secret } });
      const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret };
      const { status } = await cluster.must<{ status: { token: string } }>(
        'POST',
        `${path}/serviceaccounts/gateway/token`,
        { spec: { boundObjectRef } },
      );
      writeFileSync(tokenFile, status.token);
    };
    await rotate('first');
    const all = await replicas(['a', 'b'], { kubeconfig: cluster.kubeconfigFor({ tokenFile }, namespace) });
    const [a, b] = all as [Weathered, Weathered];
    await rotate('second');
    await cluster.must('DELETE', `${path}/secrets/first`);
    // The API server itself remembers for ten seconds that a token was good.
    const untilMs = performance.now() + 13_000;
    for (let index = 0; performance.now() < untilMs; index++) {
      const replica = index % 2 ? a : b;
      const written = index % 4 < 2 ? await put(replica, `w${index % 2}`) : await remove(replica, `w${index % 2}`);
      expect(written.status).toBeLessThan(300);
    }
    // Withdrawn before there is another.
    await cluster.must('DELETE', `${path}/secrets/second`);
    const refused = await refusedBy(a);
    await rotate('third');
    await written(a, 'taken');
    await converged(all, ['taken'], [refused]);
  });
});

describe('a replica that', () => {
  const document = (...ids: string[]): string => JSON.stringify({ routes: ids.map((id) => route(id)) });

  it('is cut off while others go on takes what they made, and brings nothing of its own', async () => {
    const settings = { sources: { file: { enabled: true } } };
    const all = await replicas(['a', 'b'], { settings, routes: { 'all.json': document('file1') } });
    const leader = (await leaderAmong(all)) as Weathered;
    const other = all.find((each) => each !== leader) as Weathered;
    await converged(all, ['file1']);
    leader.proxy.cutOff();
    // What it hears by itself meanwhile is older than what the others hear.
    leader.gateway.writeRoutes('all.json', document('file1', 'notion'));
    const refused = put(leader, 'refused');
    expect(await leaderAmong([other])).toBe(other);
    other.gateway.writeRoutes('all.json', document('file2'));
    await written(other, 'meanwhile');
    await converged([other], ['file2', 'meanwhile'], ['file1', 'notion']);
    expect((await refused).status).toBe(503);
    await until(async () => expect(await storeSays(leader)).toEqual(troubled(/./)));
    expect(await answers(leader, ['file1', 'notion', 'file2', 'refused'])).toEqual([200, 404, 404, 404]);
    leader.proxy.restore();
    await converged(all, ['file2', 'meanwhile'], ['file1', 'notion', 'refused']);
    await written(leader, 'after');
    await converged(all, ['after', 'file2'], ['notion']);
  });

  it('leads, stands still and wakes up finds that others have decided', async () => {
    const settings = { sources: { file: { enabled: true } } };
    const all = await replicas(['a', 'b'], { settings, routes: { 'all.json': document('file1') } });
    const leader = await leaderAmong(all);
    const other = all.find((each) => each !== leader) as Weathered;
    await converged(all, ['file1']);
    const resting = traffic.get(leader);
    await resting?.stop();
    traffic.delete(leader);
    leader.gateway.writeRoutes('all.json', document('file1', 'notion'));
    process.kill(leader.gateway.pid, 'SIGSTOP');
    expect(await leaderAmong([other])).toBe(other);
    other.gateway.writeRoutes('all.json', document('file2'));
    await converged([other], ['file2'], ['file1', 'notion']);
    process.kill(leader.gateway.pid, 'SIGCONT');
    await converged(all, ['file2'], ['file1', 'notion']);
  });

  it('leads and is killed between the journal and the history leaves the rest to the next', async () => {
    await cluster.serviceAccount(namespace, 'gateway', CLUSTER_RULES);
    const token = await cluster.tokenOf(namespace, 'gateway');
    const all = await replicas(['a', 'b'], { kubeconfig: cluster.kubeconfigFor({ token }, namespace) });
    const leader = await leaderAmong(all);
    const other = all.find((each) => each !== leader) as Weathered;
    await until(async () => expect(await historyIn('constant')).toBe(1));
    // The journal can be written, and no history be made.
    await cluster.allow(namespace, 'gateway', [
      CLUSTER_RULES[0] as PolicyRule,
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'update', 'patch', 'delete'] },
    ]);
    await until(async () => {
      const { status } = await cluster
        .request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          spec: {
            user: `system:serviceaccount:${namespace}:gateway`,
            resourceAttributes: { namespace, verb: 'create', resource: 'configmaps' },
          },
        })
        .then(({ body }) => body as { status: { allowed: boolean } });
      expect(status.allowed).toBe(false);
    });
    for (const id of ['one', 'two']) await written(leader, id);
    await kill(leader);
    expect([await historyIn('one'), await historyIn('two')]).toEqual([0, 0]);
    await cluster.allow(namespace, 'gateway', CLUSTER_RULES);
    await until(async () => expect([await historyIn('one'), await historyIn('two')]).toEqual([1, 1]));
    expect(await answers(other, ['one', 'two'])).toEqual([200, 200]);
  });

  it('is killed with another in a burst of writes has kept all that it had acknowledged', async () => {
    const all = await replicas(['a', 'b', 'c']);
    const [a, b, c] = all as [Weathered, Weathered, Weathered];
    const taken: string[] = [];
    let isOver = false;
    const burst = async (replica: Replica, writer: string): Promise<void> => {
      for (let index = 0; !isOver; index++) {
        const id = `${writer}-${index}`;
        const answer = await put(replica, id).catch(() => undefined);
        if (!answer) return;
        expect([id, answer.status]).toEqual([id, 200]);
        taken.push(id);
      }
    };
    const writing = all.flatMap((replica) => ['x', 'y', 'z'].map((name) => burst(replica, replica.identity + name)));
    await until(async () => expect(taken.length).toBeGreaterThan(60));
    for (const each of [a, b]) await traffic.get(each)?.stop();
    for (const each of [a, b]) traffic.delete(each);
    for (const each of [a, b]) process.kill(each.gateway.pid, 'SIGKILL');
    const before = taken.length;
    await until(async () => expect(taken.length).toBeGreaterThan(before + 20));
    isOver = true;
    await Promise.all(writing);
    await converged([c], taken);
    for (const each of [a, b]) await each.gateway.stop();
    await Promise.all([a, b].map((each) => each.gateway.start()));
    await converged(all, taken);
    await until(async () => {
      for (const id of taken) expect([id, await historyIn(id)]).toEqual([id, 1]);
    });
  });
});

describe('5,000 custom resources', () => {
  it('are listed anew by two replicas, and changes among them are found', { timeout: 400_000 }, async () => {
    await installCustomResources(cluster);
    const settings = { sources: { file: { enabled: false }, crd: { enabled: true, namespaces: [namespace] } } };
    const all = await replicas(['a', 'b'], { settings });
    const resource = (name: string): object => ({
      apiVersion: 'tigateway.cn/v1',
      kind: 'TiGatewayRoute',
      metadata: { name },
      spec: { route: route(name) },
    });
    const path = resourcePath(namespace, 'TiGatewayRoute');
    const names = Array.from({ length: 5_000 }, (_, index) => `r${index}`);
    const left = [...names];
    const create = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        await cluster.must('POST', path, resource(name));
      }
    };
    await Promise.all(Array.from({ length: 16 }, create));
    const documents = async (replica: Replica): Promise<number> => {
      const { sources } = (await replica.call('GET', '/actuator/configuration/status')).body as {
        sources: { name: string; documents: number }[];
      };
      return sources.find(({ name }) => name === 'crd')?.documents ?? 0;
    };
    for (const each of all) await until(async () => expect(await documents(each)).toBe(5_000), 120_000);
    await converged(all, ['r0', 'r2500', 'r4999']);
    for (const each of all) each.proxy.refuse();
    await cluster.must('DELETE', `${path}/r0`);
    await cluster.must('PATCH', `${path}/r1`, { spec: { route: { predicates: ['Path=/moved'] } } });
    await cluster.must('POST', path, resource('r5000'));
    await cluster.compactEtcd();
    await cluster.restartApiServer();
    for (const each of all) each.proxy.restore();
    await converged(all, ['r2', 'moved', 'r5000', 'r4999'], ['r0', 'r1']);
    for (const each of all) expect(await documents(each)).toBe(5_000);
  });
});

import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi, ConfigurationEvents, type SourceStatus } from '../e2e/admin-api.js';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { Upstream } from '../e2e/upstream.js';
import { ClusterAccess } from './cluster-access.js';

const LABELS = { app: 'tigateway', component: 'config' };

interface ConfigMapParts {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string | null>>;
}

const cluster = ClusterAccess.shared();
let namespace: string;
let kubeconfig: string;
let gateway: GatewayProcess;
let admin: AdminApi;
let events: ConfigurationEvents;
let upstream: Upstream;

beforeAll(async () => {
  namespace = await cluster.namespace();
  kubeconfig = cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace);
  upstream = await Upstream.saying('hello');
  await create('first', { data: { 'routes.yaml': routes('there-at-the-start') } });
  await create('of-others', { data: { 'routes.yaml': routes('of-others') }, labels: { app: 'other' } });
  gateway = await GatewayProcess.started({
    tigateway: {
      kubernetes: { kubeconfig, namespace },
      sources: { configmap: { enabled: true, namespace } },
    },
    environment: { SECRET_VALUE: 'from-the-environment', MODE: 'scheduled' },
  });
  admin = new AdminApi(gateway);
  events = await ConfigurationEvents.of(gateway);
});

afterAll(async () => {
  events.close();
  await gateway.dispose();
  await upstream.stop();
  await cluster.close();
});

function routes(...ids: string[]): string {
  return ids
    .map((id) => `- { id: ${id}, uri: "${upstream.url}", predicates: [Path=/${id}] }`)
    .join('\n')
    .replace(/^/, 'routes:\n');
}

function path(name = ''): string {
  return `/api/v1/namespaces/${namespace}/configmaps/${name}`;
}

async function create(name: string, { labels = LABELS, ...rest }: ConfigMapParts): Promise<void> {
  await cluster.must('POST', path(), { metadata: { name, labels }, ...rest });
}

/** `null` takes a key or label away. */
async function patch(name: string, { labels, ...rest }: { data?: object; labels?: object }): Promise<void> {
  await cluster.must('PATCH', path(name), { ...(labels && { metadata: { labels } }), ...rest });
}

async function remove(name: string): Promise<void> {
  await cluster.must('DELETE', path(name));
}

function updated(configId: string): Promise<unknown> {
  return events.next((event) => event.type === 'configuration_update' && event['configId'] === configId);
}

function deleted(configId: string): Promise<unknown> {
  return events.next((event) => event.type === 'configuration_delete' && event['configId'] === configId);
}

async function answers(id: string): Promise<number> {
  return (await fetch(`${gateway.url}/${id}`)).status;
}

async function source(): Promise<SourceStatus> {
  return (await admin.status()).sources.find(({ name }) => name === 'configmap') as SourceStatus;
}

describe('ConfigMaps', () => {
  it('are read by their labels alone before the gateway is ready', async () => {
    expect(await answers('there-at-the-start')).toBe(200);
    expect(await answers('of-others')).toBe(404);
    expect(await source()).toMatchObject({ state: 'up', documents: 1, rejected: [] });
  });

  it('bring documents by their keys, and lose them with them', async () => {
    const spring = JSON.stringify({
      spring: { cloud: { gateway: { routes: [{ id: 'key-b', uri: upstream.url, predicates: ['Path=/key-b'] }] } } },
    });
    await create('keys', {
      data: { 'a.yml': routes('key-a'), 'b.json': spring, 'notes.txt': 'routes: [' },
      binaryData: { 'c.yaml': Buffer.from(routes('key-c')).toString('base64') },
    });
    await updated('key-b');
    expect(await Promise.all(['key-a', 'key-b', 'key-c'].map(answers))).toEqual([200, 200, 404]);
    expect((await source()).documents).toBe(3);

    await patch('keys', { data: { 'a.yml': routes('key-a2') } });
    await deleted('key-a');
    expect(await Promise.all(['key-a', 'key-a2', 'key-b'].map(answers))).toEqual([404, 200, 200]);

    await patch('keys', { data: { 'b.json': null } });
    await deleted('key-b');
    expect(await Promise.all(['key-a2', 'key-b'].map(answers))).toEqual([200, 404]);

    await remove('keys');
    await deleted('key-a2');
    expect((await source()).documents).toBe(1);
  });

  it('are gone when a label is taken away, and back with it', async () => {
    await create('labelled', { data: { 'a.yaml': routes('labelled') } });
    await updated('labelled');
    await patch('labelled', { labels: { component: null } });
    await deleted('labelled');
    expect(await answers('labelled')).toBe(404);
    await patch('labelled', { labels: { component: 'config' } });
    await updated('labelled');
    expect(await answers('labelled')).toBe(200);
    await remove('labelled');
    await deleted('labelled');
  });

  it('keep the last good form of a key that is refused, say where it is wrong, and harm no other key', async () => {
    await create('mixed', { data: { 'a.yaml': routes('mixed-a') } });
    await updated('mixed-a');
    await patch('mixed', {
      data: {
        'a.yaml': `${routes('mixed-a')}\n- { id: broken, uri: "${upstream.url}", filters: [Unknown] }`,
        'b.yaml': routes('mixed-b'),
      },
    });
    const event = await events.next(({ type }) => type === 'configuration_rejected');
    const document = `configmap/${namespace}/mixed/a.yaml`;
    expect(event).toMatchObject({ source: 'configmap', position: { document, line: 3 } });
    expect(await Promise.all(['mixed-a', 'broken'].map(answers))).toEqual([200, 404]);
    expect((await source()).rejected).toMatchObject([
      { document, servesLastGood: true, problems: [{ code: 'unknown-filter', position: { document, line: 3 } }] },
    ]);
    await expect.poll(() => answers('mixed-b')).toBe(200);
    await remove('mixed');
    await deleted('mixed-a');
    expect((await source()).rejected).toEqual([]);
  });

  it('name nothing of the environment in routes, whatever they are called', async () => {
    const text = `routes: [{ id: curious, uri: "${upstream.url}", predicates: [Path=/curious], filters: ["SetResponseHeader=X-Value, \${SECRET_VALUE:none}"] }]`;
    for (const name of ['curious', 'tigateway-config-notification']) {
      await create(name, { data: { 'a.yaml': text } });
      await updated('curious');
      expect((await fetch(`${gateway.url}/curious`)).headers.get('x-value')).toBe('${SECRET_VALUE:none}');
      await remove(name);
      await deleted('curious');
    }
  });

  it('hold the update policy, which the environment of the process has a part in without showing it', async () => {
    const policy = 'configuration:\n  update: { strategy: "${MODE}", schedule: "0 3 1 1 *" }';
    await create('tigateway-config-update-policy', { data: { 'update-policy.yml': policy } });
    expect(await updated('update-policy')).toMatchObject({ configuration: { update: { strategy: '${MODE}' } } });
    const body = { id: 'waits', uri: upstream.url, predicates: ['Path=/waits'] };
    const write = await admin.send('POST', '/api/configuration/routes', body);
    expect(write.status).toBe(202);
    await remove('tigateway-config-update-policy');
    await deleted('update-policy');
    expect((await admin.send('POST', '/api/configuration/routes', body)).status).toBe(200);
  });

  it('are read again when it is asked for', async () => {
    const report = (await (await admin.write('POST', '/api/configuration/refresh')).json()) as { sources: object[] };
    expect(report.sources).toContainEqual({ name: 'configmap', documents: 1, accepted: 1, rejected: 0 });
  });

  it('are served as they were last while they cannot be read, over a restart too', async () => {
    const account = 'reader';
    await cluster.serviceAccount(namespace, account, []);
    copyFileSync(cluster.kubeconfigFor({ token: await cluster.tokenOf(namespace, account) }, namespace), kubeconfig);
    events.close();
    await gateway.stop();
    await gateway.start();
    expect(await answers('there-at-the-start')).toBe(200);
    expect(await source()).toMatchObject({
      state: 'stale',
      documents: 1,
      reason: expect.stringMatching(/^cannot read ConfigMaps in .*forbidden/) as string,
    });

    await patch('first', { data: { 'more.yaml': routes('more') } });
    events = await ConfigurationEvents.of(gateway);
    await cluster.allow(namespace, account, [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }]);
    await updated('more');
    expect(await answers('more')).toBe(200);
    await expect.poll(source).toMatchObject({ state: 'up', documents: 2 });
  });
});

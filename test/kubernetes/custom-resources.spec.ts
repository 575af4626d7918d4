import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AdminApi, ConfigurationEvents, type SourceStatus } from '../e2e/admin-api.js';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { Upstream } from '../e2e/upstream.js';
import { Cluster } from './cluster.js';
import {
  type Condition,
  conditionOf,
  createResource,
  type CustomResource,
  installCustomResources,
  type Kind,
  resourcePath,
} from './custom-resource.js';

let cluster: Cluster;

beforeAll(async () => {
  // An own one: what is written to it is counted.
  cluster = await Cluster.start();
  await installCustomResources(cluster);
});

afterAll(() => cluster.stop());

/** A few at a time. */
async function eachOf(names: readonly string[], act: (name: string) => Promise<void>): Promise<void> {
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) await act(name);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

describe('the schema of custom resources', () => {
  let namespace: string;

  beforeAll(async () => {
    namespace = await cluster.namespace();
  });

  const ROUTE = { id: 'a', uri: 'http://a.test' };

  async function answer(kind: Kind, spec: unknown): Promise<{ status: number; text: string; spec: unknown }> {
    const path = `${resourcePath(namespace, kind)}?dryRun=All&fieldValidation=Strict`;
    const object = { apiVersion: 'tigateway.cn/v1', kind, metadata: { name: 'x' }, spec };
    const { status, body } = await cluster.request('POST', path, object);
    return { status, text: JSON.stringify(body), spec: (body as { spec?: unknown }).spec };
  }

  it.each<[string, Kind, unknown, unknown]>([
    ['a route', 'TiGatewayRoute', { route: ROUTE }, { enabled: true, route: { ...ROUTE, order: 0 } }],
    [
      'components as texts and as objects, with arguments of any shape',
      'TiGatewayRoute',
      {
        route: {
          ...ROUTE,
          predicates: ['Path=/a', { name: 'Method', args: { methods: ['GET'], x: { y: 1 } } }],
          metadata: { a: { b: [1] } },
        },
      },
      {
        route: {
          predicates: ['Path=/a', { name: 'Method', args: { methods: ['GET'], x: { y: 1 } } }],
          metadata: { a: { b: [1] } },
        },
      },
    ],
    [
      'a filter',
      'TiGatewayFilter',
      { filter: { id: 'f', name: 'SetStatus', args: { status: 418 }, routes: ['a-*'] }, enabled: false },
      { enabled: false, filter: { id: 'f', name: 'SetStatus', args: { status: 418 }, routes: ['a-*'] } },
    ],
    [
      'a setting that is a list',
      'TiGatewayConfig',
      { configId: 'default-filters', configuration: ['StripPrefix=1'], gateway: 'blue' },
      { configId: 'default-filters', configuration: ['StripPrefix=1'], gateway: 'blue' },
    ],
    ['an id of 253 characters', 'TiGatewayRoute', { route: { ...ROUTE, id: 'ü'.repeat(253) } }, {}],
  ])('takes %s, with what is left out', async (_, kind, spec, expected) => {
    const { status, spec: taken, text } = await answer(kind, spec);
    expect([status, text]).toEqual([201, expect.anything()]);
    expect(taken).toMatchObject(expected as object);
  });

  it.each<[string, Kind, unknown, string]>([
    ['no route', 'TiGatewayRoute', { enabled: true }, 'spec.route: Required'],
    ['no id', 'TiGatewayRoute', { route: { uri: 'http://a' } }, 'spec.route.id: Required'],
    ['no uri', 'TiGatewayRoute', { route: { id: 'a' } }, 'spec.route.uri: Required'],
    ['a uri without a scheme', 'TiGatewayRoute', { route: { id: 'a', uri: 'users.test' } }, 'needs a scheme'],
    ['an id with a slash', 'TiGatewayRoute', { route: { ...ROUTE, id: 'a/b' } }, 'should match'],
    ['an id with a line end', 'TiGatewayRoute', { route: { ...ROUTE, id: 'a\nb' } }, 'should match'],
    ['an id of 254 characters', 'TiGatewayRoute', { route: { ...ROUTE, id: 'a'.repeat(254) } }, 'Too long'],
    [
      'an id that no configuration has',
      'TiGatewayFilter',
      { filter: { id: '__proto__', name: 'SetStatus' } },
      'not allowed',
    ],
    [
      'an unknown key',
      'TiGatewayRoute',
      { route: { ...ROUTE, predicate: [] } },
      'unknown field \\"spec.route.predicate\\"',
    ],
    [
      'a component without a name',
      'TiGatewayRoute',
      { route: { ...ROUTE, filters: [{ args: {} }] } },
      'filters[0].name: Required',
    ],
    ['an order that is no number', 'TiGatewayRoute', { route: { ...ROUTE, order: 'first' } }, 'spec.route.order'],
    ['a filter without its kind', 'TiGatewayFilter', { filter: { id: 'f' } }, 'spec.filter.name: Required'],
    ['a setting without content', 'TiGatewayConfig', { configId: 'cors' }, 'spec.configuration: Required'],
    ['a setting of no id', 'TiGatewayConfig', { configId: '..', configuration: {} }, 'not allowed'],
  ])('refuses %s', async (_, kind, spec, message) => {
    const { status, text } = await answer(kind, spec);
    expect([400, 422]).toContain(status);
    expect(text).toContain(message);
  });
});

describe('custom resources', () => {
  let namespace: string;
  let other: string;
  let gateway: GatewayProcess;
  let admin: AdminApi;
  let events: ConfigurationEvents;
  let upstream: Upstream;

  beforeAll(async () => {
    [namespace, other] = [await cluster.namespace(), await cluster.namespace()];
    upstream = await Upstream.started((request, response) => response.end(`hello ${request.url}`));
    gateway = await GatewayProcess.started({
      tigateway: settings('first'),
      environment: { SECRET_VALUE: 'from-the-environment' },
    });
    admin = new AdminApi(gateway);
    events = await ConfigurationEvents.of(gateway);
  });

  afterAll(async () => {
    events.close();
    await gateway.dispose();
    await upstream.stop();
  });

  function settings(identity: string): Record<string, unknown> {
    return {
      kubernetes: {
        kubeconfig: cluster.kubeconfig,
        namespace,
        gateway: 'blue',
        identity,
        lease: { duration: '2s', 'renew-interval': '500ms', 'retry-interval': '200ms' },
      },
      sources: { crd: { enabled: true, namespaces: [namespace, other] } },
    };
  }

  function route(id: string, more: object = {}): Record<string, unknown> {
    return { id, uri: upstream.url, predicates: [`Path=/${id}`], ...more };
  }

  async function create(name: string, spec: object, kind: Kind = 'TiGatewayRoute', where = namespace): Promise<void> {
    await createResource(cluster, where, kind, name, spec);
  }

  async function patch(name: string, spec: object, kind: Kind = 'TiGatewayRoute'): Promise<void> {
    await cluster.must('PATCH', resourcePath(namespace, kind, name), { spec });
  }

  async function remove(name: string, kind: Kind = 'TiGatewayRoute', where = namespace): Promise<void> {
    await cluster.must('DELETE', resourcePath(where, kind, name));
  }

  function get(name: string, kind: Kind = 'TiGatewayRoute', where = namespace): Promise<CustomResource> {
    return cluster.must<CustomResource>('GET', resourcePath(where, kind, name));
  }

  /** The conditions once they are about the resource as it is: `Accepted=True/Accepted Programmed=False/Shadowed`. */
  async function verdict(name: string, kind?: Kind, where?: string): Promise<string> {
    const { metadata, status } = await get(name, kind, where);
    return (status?.conditions ?? [])
      .map(({ type, status: is, reason, observedGeneration }) => {
        return observedGeneration === metadata.generation ? `${type}=${is}/${reason}` : `${type}=old`;
      })
      .join(' ');
  }

  async function condition(name: string, wanted: string): Promise<Condition> {
    return (await get(name)).status?.conditions.find(({ type }) => type === wanted) as Condition;
  }

  async function settles(name: string, expected: string, kind?: Kind, where?: string): Promise<void> {
    await expect.poll(() => verdict(name, kind, where)).toBe(expected);
  }

  const IN_FORCE = 'Accepted=True/Accepted Programmed=True/Programmed';

  /** How many routes of the namespace have said of their present generation that it is in force. */
  async function programmed(): Promise<number> {
    const { items } = await cluster.must<{ items: CustomResource[] }>('GET', resourcePath(namespace, 'TiGatewayRoute'));
    return items.filter((item) => conditionOf(item, 'Programmed')?.status === 'True').length;
  }

  /** As the API server itself counts them. */
  async function statusWrites(): Promise<number> {
    const metrics = await cluster.must<string>('GET', '/metrics');
    return metrics
      .split('\n')
      .filter((line) => /^apiserver_request_total\{.*resource="tigatewayroutes".*subresource="status"/.test(line))
      .filter((line) => /verb="APPLY"/.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async function answers(path: string): Promise<number> {
    return (await fetch(gateway.url + path)).status;
  }

  async function source(): Promise<SourceStatus> {
    return (await admin.status()).sources.find(({ name }) => name === 'crd') as SourceStatus;
  }

  function told(type: string, configId: string): Promise<unknown> {
    return events.next((event) => event.type === type && event['configId'] === configId);
  }

  it('are routes, filters and settings of the gateway, and go with their resources', async () => {
    await create('users', { route: route('users') });
    await create(
      'header',
      { filter: { id: 'header', name: 'AddResponseHeader', args: { name: 'X-A', value: '${SECRET_VALUE}' } } },
      'TiGatewayFilter',
    );
    await create(
      'everywhere',
      { configId: 'default-filters', configuration: ['AddResponseHeader=X-B, b'] },
      'TiGatewayConfig',
    );
    await settles('users', IN_FORCE);
    await settles('header', IN_FORCE, 'TiGatewayFilter');
    await settles('everywhere', IN_FORCE, 'TiGatewayConfig');
    const response = await fetch(`${gateway.url}/users`);
    expect([response.status, response.headers.get('x-a'), response.headers.get('x-b')]).toEqual([
      200,
      '${SECRET_VALUE}',
      'b',
    ]);
    expect(await source()).toMatchObject({ state: 'up', documents: 3, rejected: [] });

    await remove('header', 'TiGatewayFilter');
    await remove('everywhere', 'TiGatewayConfig');
    await remove('users');
    await told('configuration_delete', 'users');
    expect(await answers('/users')).toBe(404);
    expect((await source()).documents).toBe(0);
  });

  it('show an operator what became of them', async () => {
    await create('shown', { route: route('shown') });
    await settles('shown', IN_FORCE);
    const table = await cluster.kubectl(['get', 'tgr', 'shown', '--namespace', namespace]);
    const [head, row] = table
      .trim()
      .split('\n')
      .map((line) => line.split(/\s{2,}/));
    expect(head).toEqual(['NAME', 'ID', 'URI', 'ACCEPTED', 'PROGRAMMED', 'REASON', 'AGE']);
    expect(row?.slice(0, 6)).toEqual(['shown', 'shown', upstream.url, 'True', 'True', 'Programmed']);
    await cluster.kubectl([
      'wait',
      'tgr/shown',
      '--namespace',
      namespace,
      '--for=condition=Programmed',
      '--timeout=5s',
    ]);
    await remove('shown');
  });

  it('are in force on the generation that their status names, and not before', async () => {
    await create('changing', { route: route('changing') });
    await settles('changing', IN_FORCE);
    const before = await condition('changing', 'Programmed');
    await patch('changing', { route: { predicates: ['Path=/changed'] } });
    await settles('changing', IN_FORCE);
    expect(await answers('/changed')).toBe(200);
    const after = await condition('changing', 'Programmed');
    expect(after.observedGeneration).toBe(2);
    expect(after.lastTransitionTime).toBe(before.lastTransitionTime);
    await remove('changing');
  });

  it('that are refused say where and why, keep their last good form, and harm no other', async () => {
    await create('bad', { route: route('bad') });
    await settles('bad', IN_FORCE);
    await patch('bad', { route: { filters: ['StripPrefix=1', 'Unknown=1'], predicates: ['Path=/other'] } });
    await create('beside', { route: route('beside') });
    await settles('beside', IN_FORCE);
    await settles('bad', 'Accepted=False/Invalid Programmed=False/NotAccepted');
    expect((await condition('bad', 'Accepted')).message).toMatch(/^\/spec\/route\/filters\/1: .*Unknown/);
    expect((await condition('bad', 'Programmed')).message).toBe('an earlier form of it is in force as route "bad"');
    expect(await Promise.all(['/bad', '/other', '/beside'].map(answers))).toEqual([200, 404, 200]);
    const document = `TiGatewayRoute/${namespace}/bad`;
    expect((await source()).rejected).toMatchObject([
      { document, servesLastGood: true, problems: [{ pointer: '/spec/route/filters/1', position: { document } }] },
    ]);
    await patch('bad', { route: { filters: ['StripPrefix=1'] } });
    await settles('bad', IN_FORCE);
    await remove('bad');
    await remove('beside');
  });

  it('that never were sound have nothing in force', async () => {
    const deep = JSON.parse('['.repeat(70) + ']'.repeat(70)) as unknown;
    await create('deep', { route: route('deep', { metadata: { deep } }) });
    await settles('deep', 'Accepted=False/Invalid Programmed=False/NotAccepted');
    expect((await condition('deep', 'Accepted')).message).toContain('at most 64 deep');
    expect((await condition('deep', 'Programmed')).message).toBe('nothing of it is in force');
    await remove('deep');
  });

  it('of one id: the one that is later by namespace and name waits, and comes in when the other goes', async () => {
    await create('one', { route: route('twice') });
    await settles('one', IN_FORCE);
    await create('two', { route: route('twice', { predicates: ['Path=/two'] }) });
    await settles('two', 'Accepted=False/Conflict Programmed=False/NotAccepted');
    expect((await condition('two', 'Accepted')).message).toContain(`TiGatewayRoute/${namespace}/one and`);
    expect((await condition('two', 'Programmed')).message).toContain(`(TiGatewayRoute/${namespace}/one)`);
    await remove('one');
    await settles('two', IN_FORCE);
    expect(await answers('/two')).toBe(200);
    await remove('two');
  });

  it('are shadowed by what the API makes, which their status names, and are back when that goes', async () => {
    await create('shadowed', { route: route('shadowed') });
    await settles('shadowed', IN_FORCE);
    await admin.write('PUT', '/api/configuration/routes/shadowed', route('shadowed', { predicates: ['Path=/by-api'] }));
    await settles('shadowed', 'Accepted=True/Accepted Programmed=False/Shadowed');
    expect((await condition('shadowed', 'Programmed')).message).toBe(
      'route "shadowed" is in force from the source "api" (route:shadowed), which wins',
    );
    await admin.write('DELETE', '/api/configuration/routes/shadowed');
    await settles('shadowed', IN_FORCE);

    // The very same content from the API: nothing changes but where it comes from.
    const same = (await get('shadowed')).spec['route'] as object;
    await admin.write('PUT', '/api/configuration/routes/shadowed', same);
    await settles('shadowed', 'Accepted=True/Accepted Programmed=False/Shadowed');
    await admin.write('DELETE', '/api/configuration/routes/shadowed');
    await settles('shadowed', IN_FORCE);
    await remove('shadowed');
  });

  it('that a rollback holds out say so, until they change', async () => {
    await create('held', { route: route('held') });
    await settles('held', IN_FORCE);
    await patch('held', { route: { predicates: ['Path=/worse'] } });
    await settles('held', IN_FORCE);
    const [, first] = await admin.history('route', 'held');
    await admin.send('POST', `/api/configuration/rollback?configType=route&configId=held&version=${first?.version}`);
    await settles('held', 'Accepted=True/Accepted Programmed=False/RolledBack');
    expect((await condition('held', 'Programmed')).message).toContain('until what is written here changes');
    await patch('held', { route: { predicates: ['Path=/better'] } });
    await settles('held', IN_FORCE);
    await remove('held');
  });

  it('are switched off by enabled, and keep their id', async () => {
    await create('off', { route: route('off'), enabled: false });
    await settles('off', 'Accepted=True/Accepted Programmed=True/Disabled');
    expect(await answers('/off')).toBe(404);
    await patch('off', { enabled: true });
    await settles('off', IN_FORCE);
    expect(await answers('/off')).toBe(200);
    await remove('off');
  });

  it('of another gateway are nobody’s here, and are left when they are given away', async () => {
    await create('ours', { route: route('ours'), gateway: 'blue' });
    await create('theirs', { route: route('theirs'), gateway: 'green' });
    await settles('ours', IN_FORCE);
    expect(await Promise.all(['/ours', '/theirs'].map(answers))).toEqual([200, 404]);
    expect((await get('theirs')).status).toBeUndefined();
    await patch('ours', { gateway: 'green' });
    await told('configuration_delete', 'ours');
    expect(await answers('/ours')).toBe(404);
    await remove('ours');
    await remove('theirs');
  });

  it('are watched in every namespace that is named, and in no other', async () => {
    const third = await cluster.namespace();
    await create('foreign', { route: route('foreign') }, 'TiGatewayRoute', third);
    await create('second', { route: route('second') }, 'TiGatewayRoute', other);
    await settles('second', IN_FORCE, 'TiGatewayRoute', other);
    expect(await Promise.all(['/second', '/foreign'].map(answers))).toEqual([200, 404]);
    await remove('second', 'TiGatewayRoute', other);
  });

  it('made anew under their name get a status of their own', async () => {
    for (let round = 0; round < 3; round++) {
      await create('again', { route: route('again') });
      await settles('again', IN_FORCE);
      await remove('again');
    }
  });

  it('are written by one replica of two, once each, and by the other when that is gone', async () => {
    const second = await GatewayProcess.started({ tigateway: settings('second') });
    onTestFinished(() => second.dispose());
    const names = Array.from({ length: 300 }, (_, index) => `many-${index}`);
    const before = await statusWrites();
    await eachOf(names, (name) => create(name, { route: route(name) }));
    await expect.poll(() => programmed()).toBe(names.length);
    await expect.poll(statusWrites).toBe(before + names.length);

    await gateway.stop('SIGKILL');
    await patch('many-7', { route: { order: 1 } });
    await settles('many-7', IN_FORCE);
    await expect.poll(statusWrites).toBe(before + names.length + 1);
    await gateway.start();
    events.close();
    events = await ConfigurationEvents.of(gateway);
    await eachOf(names, (name) => remove(name));
    await expect.poll(async () => (await source()).documents).toBe(0);
  });

  it('work without the right to write their status, which is said once and made up for later', async () => {
    const own = await cluster.namespace();
    const read = [
      { apiGroups: ['tigateway.cn'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] },
    ];
    await cluster.serviceAccount(own, 'gateway', read);
    const kubeconfig = cluster.kubeconfigFor({ token: await cluster.tokenOf(own, 'gateway') }, own);
    const poor = await GatewayProcess.started({
      tigateway: { kubernetes: { kubeconfig, namespace: own }, sources: { crd: { enabled: true, namespaces: [own] } } },
    });
    onTestFinished(() => poor.dispose());
    for (const name of ['one', 'two']) await create(name, { route: route(name) }, 'TiGatewayRoute', own);
    for (const name of ['one', 'two'])
      await expect.poll(async () => (await fetch(`${poor.url}/${name}`)).status).toBe(200);
    await expect.poll(() => poor.output).toMatch(/a status could not be written: .*forbidden/);

    const write = { apiGroups: ['tigateway.cn'], resources: ['tigatewayroutes/status'], verbs: ['patch'] };
    await cluster.allow(own, 'gateway', [...read, write]);
    for (const name of ['one', 'two']) await settles(name, IN_FORCE, 'TiGatewayRoute', own);
    expect(poor.output.match(/a status could not be written/g)).toHaveLength(1);
  });

  it('keep the conditions of others, and their own are written once', async () => {
    await create('quiet', { route: route('quiet') });
    await settles('quiet', IN_FORCE);
    const own = (await get('quiet')).status?.conditions ?? [];
    const theirs = { ...own[0], type: 'Seen', lastTransitionTime: '2026-01-01T00:00:00Z' };
    await cluster.must('PATCH', `${resourcePath(namespace, 'TiGatewayRoute', 'quiet')}/status`, {
      status: { conditions: [...own, theirs] },
    });
    const { resourceVersion } = (await get('quiet')).metadata;
    await create('loud', { route: route('loud') });
    await settles('loud', IN_FORCE);
    await admin.write('POST', '/api/configuration/refresh');
    expect((await get('quiet')).metadata.resourceVersion).toBe(resourceVersion);
    await patch('quiet', { route: { order: 7 } });
    await expect.poll(() => condition('quiet', 'Programmed')).toMatchObject({ observedGeneration: 2, status: 'True' });
    expect(await condition('quiet', 'Seen')).toMatchObject({ observedGeneration: 1 });
    await remove('quiet');
    await remove('loud');
  });
});

import { HealthIndicators, type HealthStatus } from '@tigateway/observability';
import { type Change, hashOf } from '@tigateway/model';
import { emptySnapshot, RouteManager, SnapshotCompiler } from '@tigateway/routing';
import { Counter, Gauge, Histogram, register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';

let admin: AdminApplication;

beforeEach(async () => {
  admin = await adminApplication();
  await admin.app.init();
  await admin.app.getHttpAdapter().getInstance().ready();
});

afterEach(() => admin.app.close());

function call(method: 'GET' | 'POST' | 'DELETE', url: string, body?: string, type = 'application/json') {
  return admin.app.inject({
    method,
    url,
    headers: { host: 'localhost:8090', ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { payload: body }),
  });
}

describe('/actuator', () => {
  it('links to what answers', async () => {
    const { _links: links } = (await call('GET', '/actuator')).json<{
      _links: Record<string, { href: string; templated: boolean }>;
    }>();
    expect(links.self).toEqual({ href: 'http://localhost:8090/actuator', templated: false });
    expect(links['metrics-requiredMetricName']).toEqual({
      href: 'http://localhost:8090/actuator/metrics/{name}',
      templated: true,
    });
    for (const { href, templated } of Object.values(links)) {
      if (templated || href.endsWith('/validate')) continue;
      expect([href, (await call('GET', new URL(href).pathname)).statusCode]).not.toContain(404);
    }
  });
});

describe('/actuator/health', () => {
  let database: HealthStatus;

  beforeEach(() => {
    database = 'UP';
    const indicators = admin.app.get(HealthIndicators);
    indicators.register({
      name: 'database',
      groups: ['readiness'],
      health: () => ({ status: database, details: { size: 1 } }),
    });
  });

  it('is 503 unless everything that counts is up', async () => {
    expect(await call('GET', '/actuator/health/database')).toMatchObject({ statusCode: 200 });
    database = 'DOWN';
    for (const path of ['/actuator/health', '/actuator/health/readiness', '/actuator/health/database']) {
      const response = await call('GET', path);
      expect(response.statusCode).toBe(503);
      expect(response.headers['content-type']).toMatch(/^application\/json/);
      expect(response.json()).toMatchObject({ status: 'DOWN' });
    }
    const liveness = await call('GET', '/actuator/health/liveness');
    expect(liveness.statusCode).toBe(200);
    expect(liveness.json()).toMatchObject({ status: 'UP', components: { livenessState: { status: 'UP' } } });
  });

  it('shows components, and their groups by name', async () => {
    expect((await call('GET', '/actuator/health')).json()).toMatchObject({
      components: { database: { status: 'UP', details: { size: 1 } } },
      groups: ['liveness', 'readiness'],
    });
  });

  it.each(['nothing', 'constructor'])('is 404 for a component named %s', async (name) => {
    expect((await call('GET', `/actuator/health/${name}`)).statusCode).toBe(404);
  });
});

describe('/actuator/info', () => {
  it('says what was built and what runs it, not the process id', async () => {
    expect((await call('GET', '/actuator/info')).json()).toEqual({
      build: { name: 'tigateway', version: '0.0.0' },
      runtime: { node: 'v20', platform: 'linux', arch: 'x64', startedAt: '2026-01-01T00:00:00.000Z' },
    });
  });
});

describe('/actuator/metrics', () => {
  const names = ['spec_updates_total', 'spec_size_bytes', 'spec_unmeasured_bytes', 'spec_duration_seconds'];

  beforeEach(() => {
    const updates = new Counter({ name: 'spec_updates_total', help: 'Updates', labelNames: ['type', 'success'] });
    updates.inc({ type: 'route', success: 'true' }, 3);
    updates.inc({ type: 'route', success: 'false' });
    updates.inc({ type: 'filter', success: 'true' }, 5);
    new Gauge({ name: 'spec_size_bytes', help: 'Size' }).set(7);
    new Gauge({ name: 'spec_unmeasured_bytes', help: 'Nothing yet' }).set(NaN);
    const duration = new Histogram({
      name: 'spec_duration_seconds',
      help: 'Time',
      labelNames: ['route'],
      buckets: [1],
    });
    duration.observe({ route: 'a' }, 0.5);
    duration.observe({ route: 'b' }, 2);
  });

  afterEach(() => names.forEach((name) => register.removeSingleMetric(name)));

  it('are named with dots', async () => {
    const listed = (await call('GET', '/actuator/metrics')).json<{ names: string[] }>().names;
    expect(listed).toEqual(
      expect.arrayContaining(['spec.updates.total', 'spec.size.bytes', 'tigateway.configuration.updates.total']),
    );
    expect(listed).toEqual([...listed].sort());
  });

  it.each([
    [
      'spec.updates.total',
      null,
      [{ statistic: 'COUNT', value: 9 }],
      [
        { tag: 'type', values: ['filter', 'route'] },
        { tag: 'success', values: ['false', 'true'] },
      ],
    ],
    [
      'spec_updates_total?tag=type:route',
      null,
      [{ statistic: 'COUNT', value: 4 }],
      [{ tag: 'success', values: ['false', 'true'] }],
    ],
    ['spec.updates.total?tag=type:route&tag=success:true', null, [{ statistic: 'COUNT', value: 3 }], []],
    ['spec.size.bytes', 'bytes', [{ statistic: 'VALUE', value: 7 }], []],
    ['spec.unmeasured.bytes', 'bytes', [], []],
    [
      'spec.duration.seconds',
      'seconds',
      [
        { statistic: 'COUNT', value: 2 },
        { statistic: 'TOTAL_TIME', value: 2.5 },
      ],
      [{ tag: 'route', values: ['a', 'b'] }],
    ],
    [
      'spec.duration.seconds?tag=route:b',
      'seconds',
      [
        { statistic: 'COUNT', value: 1 },
        { statistic: 'TOTAL_TIME', value: 2 },
      ],
      [],
    ],
  ])('%s', async (path, baseUnit, measurements, availableTags) => {
    expect((await call('GET', `/actuator/metrics/${path}`)).json()).toMatchObject({
      baseUnit,
      measurements,
      availableTags,
    });
  });

  it.each([
    ['spec.nothing', 404],
    ['spec.updates.total?tag=type:global', 404],
    ['spec.updates.total?tag=type', 400],
    ['spec.updates.total?tags=type:route', 400],
  ])('%s is %i', async (path, status) => {
    expect((await call('GET', `/actuator/metrics/${path}`)).statusCode).toBe(status);
  });
});

describe('/actuator/configuration', () => {
  it('shows the status of the pipeline', async () => {
    admin.configuration.define('route', 'a', { id: 'a', uri: 'http://a' });
    expect((await call('GET', '/actuator/configuration/status')).json()).toEqual(
      JSON.parse(JSON.stringify({ ...(await admin.configuration.status()), notifications: [], replicas: [] })),
    );
  });

  it.each([
    ['application/json', '{"routes": []}', 'json'],
    ['application/yaml', 'routes: []', 'yaml'],
    ['text/x-yaml; charset=utf-8', 'routes: []', 'yaml'],
  ])('validates a document of the type %s as it was written', async (type, text, format) => {
    expect((await call('POST', '/actuator/configuration/validate', text, type)).json()).toEqual({
      valid: true,
      errors: [],
      warnings: [],
    });
    expect(admin.configuration.validated).toEqual([{ text, format }]);
  });

  it('validates what runs where nothing is sent', async () => {
    for (const body of [undefined, ' \n']) {
      const report = (await call('POST', '/actuator/configuration/validate', body)).json<{ warnings: unknown }>();
      expect(report.warnings).toMatchObject([{ code: 'running' }]);
    }
    expect(admin.configuration.validated).toEqual([]);
  });

  it('takes no other type', async () => {
    expect((await call('POST', '/actuator/configuration/validate', '<a/>', 'text/xml')).statusCode).toBe(415);
  });
});

describe('/actuator/gateway', () => {
  async function serve(
    ...definitions: { id: string; configType?: 'route' | 'global'; [key: string]: unknown }[]
  ): Promise<void> {
    const changes = definitions.map(({ configType = 'route', ...given }, index): Change => {
      const { id, ...settings } = given;
      const definition = configType === 'route' ? given : settings;
      const configuration = definition as unknown as Record<string, string>;
      const position = { source: 'file', document: 'a.yaml', line: 1, column: 1 };
      const next = {
        configuration,
        hash: hashOf(configuration),
        source: 'file',
        position,
        rank: [0, 'a.yaml', index] as const,
      };
      return { op: 'upsert', configType, configId: id, next };
    });
    admin.app.get(RouteManager).swap(await admin.app.get(SnapshotCompiler).compile(emptySnapshot(), { changes }));
  }

  it('shows the routes that take traffic as Spring does', async () => {
    await serve(
      {
        id: 'b',
        uri: 'http://127.0.0.1',
        order: 2,
        predicates: ['Path=/b/**', 'Method=GET', 'Host=**.b.org'],
        metadata: { token: 'x', a: 1 },
      },
      { id: 'a', uri: 'https://[::1]', predicates: ['Path=/a'], filters: ['StripPrefix=1', 'StripPrefix=1'] },
      { id: 'off', uri: 'http://c', predicates: ['Path=/c'], enabled: false },
    );
    const routes = (await call('GET', '/actuator/gateway/routes')).json<Record<string, unknown>[]>();
    expect(routes.map(({ route_id: id }) => id)).toEqual(['a', 'b']);
    const [a, b] = routes;
    expect(a).toMatchObject({
      uri: 'https://[::1]:443',
      order: 0,
      predicate: 'Paths: [/a], match trailing slash: true',
    });
    expect(a!.filters).toHaveLength(2);
    expect(a).not.toHaveProperty('metadata');
    expect(b).toMatchObject({ uri: 'http://127.0.0.1:80', order: 2, filters: [], metadata: { token: '***', a: 1 } });
    expect(b!.predicate).toBe('((Paths: [/b/**], match trailing slash: true && Methods: [GET]) && Hosts: [**.b.org])');
    expect((await call('GET', '/actuator/gateway/routes/b')).json()).toEqual(b);
    const combined = (await call('GET', '/actuator/gateway/routes/a/combinedfilters')).json<Record<string, number>>();
    expect(Object.values(combined)).toEqual([1, 2]);
  });

  it('lists the endpoints, and those of each route, as Spring does', async () => {
    await serve();
    expect((await call('GET', '/actuator/gateway')).json()).toEqual([]);
    await serve({ id: 'a b', uri: 'http://a', predicates: ['Path=/a'] });
    expect((await call('GET', '/actuator/gateway')).json()).toEqual([
      ...['/', '/globalfilters', '/routefilters', '/routepredicates', '/routedefinitions'].map((path) => ({
        href: `/actuator/gateway${path}`,
        methods: ['GET'],
      })),
      { href: '/actuator/gateway/refresh', methods: ['POST'] },
      { href: '/actuator/gateway/routes', methods: ['POST', 'GET'] },
      { href: '/actuator/gateway/routes/a%20b', methods: ['POST', 'DELETE', 'GET'] },
      { href: '/actuator/gateway/routes/a%20b/combinedfilters', methods: ['GET'] },
    ]);
  });

  it('shows the definitions alone where it is asked to', async () => {
    const definition = { id: 'a', uri: 'http://a', predicates: ['Path=/a'], metadata: { token: 'x' } };
    await serve({ ...definition, order: 3 }, { configType: 'global', id: 'actuator', verbose: { enabled: false } });
    const written = {
      id: 'a',
      predicates: [{ name: 'Path', args: { _genkey_0: '/a' } }],
      filters: [],
      uri: 'http://a',
      metadata: { token: '***' },
      order: 3,
      enabled: true,
    };
    expect((await call('GET', '/actuator/gateway/routes')).json()).toEqual([
      { route_id: 'a', order: 3, route_definition: written },
    ]);
    expect((await call('GET', '/actuator/gateway/routes/a')).json()).toEqual(written);
  });

  it.each(['/routes/nothing', '/routes/off/combinedfilters'])('is 404 for GET %s', async (path) => {
    expect((await call('GET', `/actuator/gateway${path}`)).statusCode).toBe(404);
  });

  it('shows what a route may name', async () => {
    expect((await call('GET', '/actuator/gateway/routepredicates')).json()).toMatchObject({ Path: null });
    expect((await call('GET', '/actuator/gateway/routefilters')).json()).toMatchObject({ StripPrefix: null });
  });

  it('shows the filters that join every route', async () => {
    admin.configuration.define('filter', 'all', { id: 'all', name: 'AddResponseHeader', order: 3 });
    admin.configuration.define('filter', 'some', { id: 'some', name: 'AddResponseHeader', routes: ['a'] });
    admin.configuration.define('filter', 'off', { id: 'off', name: 'AddResponseHeader', enabled: false });
    expect((await call('GET', '/actuator/gateway/globalfilters')).json()).toEqual({ 'AddResponseHeader@all': 3 });
  });

  it('writes definitions out, and takes them back', async () => {
    admin.configuration.define('route', 'a', {
      id: 'a',
      uri: 'http://a',
      predicates: ['Path=/a, /b,', { name: 'Method', args: { methods: 'GET' } }],
      filters: ['PreserveHostHeader', 'AddRequestHeader=X, a=b'],
    });
    const [written] = (await call('GET', '/actuator/gateway/routedefinitions')).json<object[]>();
    expect(written).toEqual({
      id: 'a',
      predicates: [
        { name: 'Path', args: { _genkey_0: '/a', _genkey_1: '/b' } },
        { name: 'Method', args: { methods: 'GET' } },
      ],
      filters: [
        { name: 'PreserveHostHeader', args: {} },
        { name: 'AddRequestHeader', args: { _genkey_0: 'X', _genkey_1: 'a=b' } },
      ],
      uri: 'http://a',
      metadata: {},
      order: 0,
      enabled: true,
    });
    expect((await call('POST', '/actuator/gateway/routes/a', JSON.stringify(written))).statusCode).toBe(201);
    expect((await call('POST', '/actuator/gateway/routes', JSON.stringify([written]))).statusCode).toBe(200);
  });

  it('creates and deletes routes at once; the path’s id wins', async () => {
    const created = await call('POST', '/actuator/gateway/routes/a%20b', '{"id":"other","uri":"http://a"}');
    expect(created).toMatchObject({ statusCode: 201, body: '' });
    expect(created.headers.location).toBe('/routes/a%20b');
    expect(admin.configuration.get({ configType: 'route', configId: 'a b' })?.configuration).toEqual({
      id: 'a b',
      uri: 'http://a',
    });
    expect(await call('DELETE', '/actuator/gateway/routes/a%20b')).toMatchObject({ statusCode: 200, body: '' });
    expect((await call('DELETE', '/actuator/gateway/routes/a%20b')).statusCode).toBe(404);
  });

  it.each([
    ['/routes/a', '{}', '/uri'],
    ['/routes/a', '[]', ''],
    ['/routes', '{}', ''],
    ['/routes', '[{"id":"a","uri":"http://a"},{"uri":"http://b"}]', '/1/id'],
    ['/routes', '[{"id":"a","uri":"http://a"},{"id":"b"}]', '/1/uri'],
  ])('refuses POST %s with %s', async (path, body, pointer) => {
    const response = await call('POST', `/actuator/gateway${path}`, body);
    expect(response.statusCode).toBe(400);
    expect(response.headers.location).toBeUndefined();
    expect(response.json()).toMatchObject({ errors: [{ pointer }] });
    expect(await admin.configuration.list('route')).toEqual([]);
  });

  it('has nothing to delete of what another source defines', async () => {
    admin.configuration.define('route', 'a', { id: 'a', uri: 'http://a' });
    const answer = await call('DELETE', '/actuator/gateway/routes/a');
    expect(answer.statusCode).toBe(404);
    expect(answer.json<{ detail: string }>().detail).toContain('is defined by the source "file"');
  });

  it.each(['', '?metadata=group:a&metadata=b:c'])('reads the sources again on refresh%s', async (query) => {
    expect(await call('POST', `/actuator/gateway/refresh${query}`)).toMatchObject({ statusCode: 200, body: '' });
    expect(admin.configuration.refreshes).toEqual([undefined]);
  });
});

import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';

const API = '/api/configuration';
const ROUTE = { id: 'a', uri: 'http://127.0.0.1:9001', predicates: ['Path=/a/**'] };

let admin: AdminApplication;

beforeEach(async () => {
  admin = await adminApplication();
  await admin.app.init();
  await admin.app.getHttpAdapter().getInstance().ready();
});

afterEach(() => admin.app.close());

type Headers = Record<string, string>;

function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD', path: string, body?: unknown, headers: Headers = {}) {
  return admin.app.inject({
    method,
    url: path.startsWith('/actuator') ? path : API + path,
    headers: { host: 'localhost:8090', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

function expectProblem(response: LightMyRequestResponse, status: number, kind: string): Record<string, unknown> {
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = response.json<Record<string, unknown>>();
  expect(problem).toMatchObject({ type: `urn:tigateway:problem:${kind}`, status });
  expect(typeof problem.title).toBe('string');
  expect(typeof problem.detail).toBe('string');
  return problem;
}

describe.each([
  ['routes', 'route', ROUTE, { ...ROUTE, uri: 'http://127.0.0.1:9002' }],
  [
    'filters',
    'filter',
    { id: 'a', name: 'StripPrefix', args: { parts: 1 } },
    { id: 'a', name: 'StripPrefix', args: { parts: 2 } },
  ],
])('/%s', (plural, configType, first, second) => {
  it('creates, reads, replaces, lists and deletes', async () => {
    const created = await call('POST', `/${plural}`, first);
    expect(created.statusCode).toBe(200);
    expect(created.json()).toEqual(first);
    expect(created.headers.etag).toBe('"v1000"');

    const read = await call('GET', `/${plural}/a`);
    expect(read.json()).toEqual(first);
    expect(read.headers).toMatchObject({ etag: '"v1000"', 'x-configuration-source': 'api' });

    const replaced = await call('PUT', `/${plural}/a`, second);
    expect(replaced.statusCode).toBe(200);
    expect(replaced.json()).toEqual(second);
    expect(replaced.headers.etag).toBe('"v1001"');
    expect((await call('GET', `/${plural}`)).json()).toEqual([second]);

    const deleted = await call('DELETE', `/${plural}/a`);
    expect(deleted).toMatchObject({ statusCode: 200, body: '' });
    expect(deleted.headers.etag).toBe('"v1002"');
    const problem = expectProblem(await call('GET', `/${plural}/a`), 404, 'configuration-not-found');
    expect(problem.instance).toBe(`${API}/${plural}/a`);
    expectProblem(await call('DELETE', `/${plural}/a`), 404, 'configuration-not-found');
    expect((await call('GET', `/${plural}`)).json()).toEqual([]);
  });

  it('takes the id from the path where the body has none, and refuses another', async () => {
    const { id: _, ...withoutId } = first;
    expect((await call('PUT', `/${plural}/b`, withoutId)).json()).toEqual({ id: 'b', ...withoutId });
    expect(expectProblem(await call('PUT', `/${plural}/b`, first), 400, 'invalid-configuration').errors).toEqual([
      { pointer: '/id', code: 'id-mismatch', message: 'the body says "a", the path says "b"' },
    ]);
  });

  it.each([
    ['a body that is no object', '[]', '', 'wrong-type'],
    ['no id', '{"uri":"http://a"}', '/id', 'required'],
    ['an id that is no text', '{"id":7}', '/id', 'wrong-type'],
    ['an empty id', '{"id":""}', '/id', 'invalid-id'],
    ['an id with a slash', '{"id":"a/b"}', '/id', 'invalid-id'],
    ['an id with a control character', '{"id":"a\\u0007"}', '/id', 'invalid-id'],
    ['a reserved id', '{"id":"__proto__"}', '/id', 'invalid-id'],
    ['an id that is too long', `{"id":"${'x'.repeat(254)}"}`, '/id', 'invalid-id'],
  ])('refuses %s', async (_, body, pointer, code) => {
    const problem = expectProblem(await call('POST', `/${plural}`, body), 400, 'invalid-configuration');
    expect(problem.errors).toMatchObject([{ pointer, code }]);
    expect(admin.configuration.written).toEqual([]);
  });

  it.each([
    ['%2E%2E%2Fa', 'invalid-id'],
    ['a%2Fb', 'invalid-id'],
    ['a%00', 'invalid-id'],
    ['__proto__', 'invalid-id'],
    ['x'.repeat(254), 'invalid-id'],
  ])('refuses the path id %s', async (id, code) => {
    expect(expectProblem(await call('GET', `/${plural}/${id}`), 400, 'invalid-configuration').errors).toMatchObject([
      { pointer: '', code },
    ]);
  });

  it('decodes the path id, however long its escapes', async () => {
    const id = '日本 語%'.repeat(50).slice(0, 250);
    const path = `/${plural}/${encodeURIComponent(id)}`;
    expect((await call('PUT', path, { ...first, id })).statusCode).toBe(200);
    expect((await call('GET', path)).json()).toMatchObject({ id });
  });

  it('says which source keeps a write out of force', async () => {
    admin.configuration.shadowedBy.set(`${configType}:a`, 'file');
    expect((await call('POST', `/${plural}`, first)).headers['x-configuration-shadowed-by']).toBe('file');
  });

  it('cannot delete what only a file defines, and says where it stands', async () => {
    admin.configuration.define(configType as 'route', 'a', first);
    const problem = expectProblem(await call('DELETE', `/${plural}/a`), 409, 'configuration-conflict');
    expect(problem).toMatchObject({ source: 'file', position: { document: 'routes.yaml', line: 3, column: 5 } });
    expect(problem.detail).toContain('routes.yaml:3:5');
  });

  it('answers 304 to whoever has the version in force', async () => {
    await call('POST', `/${plural}`, first);
    for (const etag of ['"v1000"', 'W/"v1000"', '"x", "v1000"', '*']) {
      expect(await call('GET', `/${plural}/a`, undefined, { 'if-none-match': etag })).toMatchObject({
        statusCode: 304,
        body: '',
      });
    }
    expect((await call('GET', `/${plural}/a`, undefined, { 'if-none-match': '"v1"' })).statusCode).toBe(200);
  });

  it('answers HEAD', async () => {
    await call('POST', `/${plural}`, first);
    expect(await call('HEAD', `/${plural}/a`)).toMatchObject({ statusCode: 200, body: '' });
  });
});

describe('/global', () => {
  it.each([
    ['an object', { allowed: ['*'] }],
    ['an array', [1, 2]],
    ['a text', 'plain "text"'],
    ['a number', 7],
    ['false', false],
  ])('keeps %s as it is', async (_, configuration) => {
    const saved = await call('POST', '/global?configId=mine', JSON.stringify(configuration));
    expect(saved.statusCode).toBe(200);
    expect(saved.headers['content-type']).toMatch(/^application\/json/);
    expect(saved.headers.etag).toBe('"v1000"');
    expect(saved.json()).toEqual(configuration);
    const read = await call('GET', '/global/mine');
    expect(read.headers).toMatchObject({ etag: '"v1000"', 'x-configuration-source': 'api' });
    expect(read.json()).toEqual(configuration);
    expect((await call('GET', '/global')).json()).toEqual({ mine: configuration });
    expect(await call('DELETE', '/global/mine')).toMatchObject({ statusCode: 200, body: '' });
    expectProblem(await call('GET', '/global/mine'), 404, 'configuration-not-found');
  });

  it('masks secrets in every answer', async () => {
    const webhook = { webhook: { url: 'https://x', secret: 'canary' }, slack: { 'webhook-url': 'canary' } };
    const answers = [
      await call('POST', '/global?configId=notification', webhook),
      await call('GET', '/global/notification'),
      await call('GET', '/global'),
      await call('GET', '/history/global/notification'),
      await call('GET', '/history/global/notification/v1000'),
      await call('POST', '/rollback?configType=global&configId=notification&version=v1000'),
      await call('POST', '/batch', {
        changes: [{ op: 'upsert', configType: 'global', configId: 'notification', configuration: webhook }],
      }),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('***');
      expect(answer.body).not.toContain('canary');
    }
  });

  it.each([
    ['/global', '{}', 'configId'],
    ['/global?configId=', '{}', 'id of 1 to 253'],
    ['/global?configId=a&configId=b', '{}', 'expected a text'],
    ['/global?configId=a', 'null', 'null is no configuration'],
  ])('refuses POST %s with %s', async (path, body, message) => {
    const problem = expectProblem(await call('POST', path, body), 400, 'invalid-configuration');
    expect(JSON.stringify(problem.errors)).toContain(message);
  });
});

describe('a write', () => {
  it.each([
    ['"v1000"', 200],
    ['*', 200],
    ['"v1", "v1000"', 200],
    ['"v999"', 412],
    ['W/"v1000"', 412],
  ])('with If-Match %s gets %i', async (ifMatch, status) => {
    await call('POST', '/routes', ROUTE);
    const response = await call('PUT', '/routes/a', ROUTE, { 'if-match': ifMatch });
    if (status === 200) expect(response.statusCode).toBe(200);
    else expect(expectProblem(response, 412, 'precondition-failed')).toMatchObject({ currentVersion: 'v1000' });
  });

  it('with If-Match needs something to match', async () => {
    expectProblem(await call('PUT', '/routes/a', ROUTE, { 'if-match': '*' }), 412, 'precondition-failed');
    expectProblem(await call('DELETE', '/routes/a', undefined, { 'if-match': '"v1"' }), 412, 'precondition-failed');
  });

  it('with If-None-Match: * creates only', async () => {
    expect((await call('PUT', '/routes/a', ROUTE, { 'if-none-match': '*' })).statusCode).toBe(200);
    expectProblem(await call('PUT', '/routes/a', ROUTE, { 'if-none-match': '*' }), 412, 'precondition-failed');
  });

  it.each<Headers>([{ 'if-match': 'v1000' }, { 'if-match': '"v1000' }, { 'if-none-match': '"v1000"' }])(
    'refuses %j rather than ignoring it',
    async (headers) => {
      expectProblem(await call('PUT', '/routes/a', ROUTE, headers), 400, 'malformed-request');
      expect(admin.configuration.written).toEqual([]);
    },
  );

  it('keeps who asked and why', async () => {
    const reason = Buffer.from('Überlast, Ticket 4').toString('latin1');
    await call('POST', '/routes', ROUTE, { 'x-change-reason': reason });
    await call('POST', '/routes', ROUTE, { authorization: 'Bearer x' });
    expect(admin.configuration.written.map(({ options }) => options)).toEqual([
      { actor: 'anonymous@127.0.0.1', reason: 'Überlast, Ticket 4' },
      { actor: 'admin@127.0.0.1' },
    ]);
    expectProblem(
      await call('POST', '/routes', ROUTE, { 'x-change-reason': 'x'.repeat(1_025) }),
      400,
      'malformed-request',
    );
  });

  it('that the policy delays gets 202 and what it waits for', async () => {
    const pending = {
      id: 'p1',
      strategy: 'scheduled' as const,
      source: 'api',
      actor: 'admin',
      acceptedAt: '2026-01-01T00:00:00Z',
      dueAt: '2026-01-01T03:00:00Z',
      changes: [{ configType: 'route' as const, configId: 'a', op: 'upsert' as const }],
    };
    admin.configuration.waiting = pending;
    for (const response of [
      await call('POST', '/routes', ROUTE),
      await call('POST', '/global?configId=a', {}),
      await call('POST', '/batch', { changes: [] }),
      await call('POST', '/actuator/gateway/routes/a', ROUTE),
    ]) {
      expect(response.statusCode).toBe(202);
      expect(response.json()).toEqual({ pending });
    }
  });

  it('that waits can be seen and cancelled', async () => {
    const changes = [{ configType: 'route' as const, configId: 'a', op: 'upsert' as const }];
    const acceptedAt = '2026-01-01T00:00:00Z';
    const waiting = { id: 'p1', strategy: 'scheduled' as const, source: 'api', actor: 'admin', acceptedAt, changes };
    admin.configuration.accepted = [waiting];
    expect((await call('GET', '/pending')).json()).toEqual([waiting]);
    expect((await call('GET', '/pending/p1')).json()).toEqual(waiting);
    expect((await call('DELETE', '/pending/p1')).json()).toEqual(waiting);
    expectProblem(await call('GET', '/pending/p1'), 404, 'pending-not-found');
    expectProblem(await call('DELETE', '/pending/p1'), 404, 'pending-not-found');
  });

  it('shows warnings in a header', async () => {
    admin.configuration.warnings = [{ pointer: '', code: 'x', message: 'the filter “a” names it' }];
    expect((await call('POST', '/routes', ROUTE)).headers['x-configuration-warning']).toEqual([
      'the filter ?a? names it',
    ]);
  });

  it('gets 405 where the API source is switched off', async () => {
    admin.configuration.apiEnabled = false;
    const response = await call('POST', '/routes', ROUTE);
    expectProblem(response, 405, 'source-disabled');
    expect(response.headers.allow).toBe('GET, HEAD');
  });

  it('gets 503 where the store is out of reach', async () => {
    admin.configuration.storeReachable = false;
    expectProblem(await call('POST', '/routes', ROUTE), 503, 'store-unavailable');
  });

  it('shows what the front door finds wrong', async () => {
    const problem = expectProblem(await call('POST', '/routes', { id: 'a' }), 400, 'invalid-configuration');
    expect(problem.errors).toEqual([{ pointer: '/uri', code: 'required', message: '"uri" is required' }]);
  });

  it('refuses query parameters that it does not know', async () => {
    const problem = expectProblem(await call('POST', '/routes?dryrum=true', ROUTE), 400, 'invalid-configuration');
    expect(JSON.stringify(problem.errors)).toContain('dryrum');
    expectProblem(await call('POST', '/routes?dryRun=perhaps', ROUTE), 400, 'invalid-configuration');
    expect(admin.configuration.written).toEqual([]);
  });
});

describe('a dry run', () => {
  it.each([
    ['POST', '/routes?dryRun=true', ROUTE, 'upsert'],
    ['PUT', '/routes/a?dryRun=true', ROUTE, 'upsert'],
    [
      'POST',
      '/batch?dryRun=true',
      { changes: [{ op: 'upsert', configType: 'route', configId: 'a', configuration: ROUTE }] },
      'upsert',
    ],
  ] as const)('of %s %s says what would change', async (method, path, body, op) => {
    const response = await call(method, path, body);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      valid: true,
      errors: [],
      warnings: [],
      changes: [{ configType: 'route', configId: 'a', op }],
      impact: { sampled: 0, changed: [] },
    });
    expect(response.headers.etag).toBeUndefined();
    expect(admin.configuration.written).toEqual([]);
  });

  it.each([
    ['POST', '/routes?dryRun=true', { uri: 'http://a' }, '/id'],
    ['POST', '/routes?dryRun=true', { id: 'a' }, '/uri'],
    ['PUT', '/routes/b?dryRun=true', ROUTE, '/id'],
    ['POST', '/global?configId=a&dryRun=true', null, ''],
    [
      'POST',
      '/batch?dryRun=true',
      { changes: [{ op: 'upsert', configType: 'route', configId: 'a' }] },
      '/changes/0/configuration',
    ],
  ] as const)('of an invalid %s %s is an answer', async (method, path, body, pointer) => {
    const response = await call(method, path, body);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ valid: false, errors: [{ pointer }], changes: [] });
  });

  it('of an unknown id or version is 404, of another version 412', async () => {
    expectProblem(await call('DELETE', '/routes/a?dryRun=true'), 404, 'configuration-not-found');
    expectProblem(
      await call('POST', '/rollback?configType=route&configId=a&version=v1&dryRun=true'),
      404,
      'configuration-not-found',
    );
    expectProblem(
      await call('PUT', '/routes/a?dryRun=true', ROUTE, { 'if-match': '"v1"' }),
      412,
      'precondition-failed',
    );
  });
});

describe('/batch', () => {
  it('makes all its versions in one step', async () => {
    await call('POST', '/routes', ROUTE);
    const changes = [
      { op: 'delete', configType: 'route', configId: 'a', ifMatch: 'v1000' },
      { op: 'upsert', configType: 'filter', configId: 'f', configuration: { name: 'StripPrefix' } },
      { op: 'upsert', configType: 'global', configId: 'g', configuration: [1] },
    ];
    admin.configuration.shadowedBy.set('filter:f', 'crd');
    const response = await call('POST', '/batch', { changes });
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toBe('"v1003"');
    expect(response.json()).toMatchObject({
      versions: [
        { configType: 'route', configId: 'a', operation: 'delete', configuration: null },
        { configType: 'filter', configId: 'f', configuration: { id: 'f', name: 'StripPrefix' }, shadowedBy: 'crd' },
        { configType: 'global', configId: 'g', configuration: [1] },
      ],
      warnings: [],
    });
    expect(admin.configuration.written.at(-1)?.requests).toMatchObject([
      { ifMatch: 'v1000', pointer: '/changes/0' },
      { pointer: '/changes/1/configuration' },
      { pointer: '/changes/2/configuration' },
    ]);
  });

  it('answers thousands of changes as it answers one', async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => `many-${index}`);
    const changes = ids.map((configId) => ({
      op: 'upsert',
      configType: 'route',
      configId,
      configuration: { uri: 'http://a.test' },
    }));
    admin.configuration.shadowedBy.set('route:many-7', 'crd');
    const response = await call('POST', '/batch', { changes });
    expect(response.headers).toMatchObject({ 'content-type': expect.stringMatching(/^application\/json/) as string });
    const { versions, ...others } = response.json<{ versions: { configId: string; shadowedBy?: string }[] }>();
    expect(versions.map(({ configId }) => configId)).toEqual(ids);
    expect(versions.filter(({ shadowedBy }) => shadowedBy === 'crd')).toEqual([versions[7]]);
    expect(others).toEqual({ warnings: [] });
  });

  it('points into itself for what the front door finds', async () => {
    const changes = [{ op: 'upsert', configType: 'route', configId: 'a', configuration: { id: 'a' } }];
    expect(expectProblem(await call('POST', '/batch', { changes }), 400, 'invalid-configuration').errors).toMatchObject(
      [{ pointer: '/changes/0/configuration/uri' }],
    );
  });

  it.each([
    ['no changes', {}, '/changes'],
    ['changes that are no array', { changes: {} }, '/changes'],
    ['an unknown key', { changes: [], dryRun: true }, '/dryRun'],
    ['an unknown operation', { changes: [{ op: 'replace', configType: 'route', configId: 'a' }] }, '/changes/0/op'],
    ['an unknown type', { changes: [{ op: 'delete', configType: 'routes', configId: 'a' }] }, '/changes/0/configType'],
    ['no type', { changes: [{ op: 'delete', configId: 'a' }] }, '/changes/0/configType'],
    [
      'an id with a slash',
      { changes: [{ op: 'delete', configType: 'route', configId: 'a/b' }] },
      '/changes/0/configId',
    ],
    [
      'a deletion with content',
      { changes: [{ op: 'delete', configType: 'global', configId: 'a', configuration: {} }] },
      '/changes/0/configuration',
    ],
    [
      'another id in the definition',
      { changes: [{ op: 'upsert', configType: 'route', configId: 'a', configuration: { id: 'b' } }] },
      '/changes/0/configuration/id',
    ],
    [
      'a definition that is none',
      { changes: [{ op: 'upsert', configType: 'filter', configId: 'a', configuration: 'x' }] },
      '/changes/0/configuration',
    ],
  ])('refuses %s', async (_, body, pointer) => {
    expect(expectProblem(await call('POST', '/batch', body), 400, 'invalid-configuration').errors).toMatchObject([
      { pointer },
    ]);
    expect(admin.configuration.written).toEqual([]);
  });

  it('names every problem, the id that stands in it twice too', async () => {
    const one = { op: 'upsert', configType: 'route', configId: 'a', configuration: ROUTE };
    const changes = [one, one, { op: 'upsert', configType: 'route', configId: '..' }];
    expect(expectProblem(await call('POST', '/batch', { changes }), 400, 'invalid-configuration').errors).toMatchObject(
      [
        { pointer: '/changes/1/configId', code: 'duplicate-id' },
        { pointer: '/changes/2/configId', code: 'invalid-id' },
        { pointer: '/changes/2/configuration', code: 'required' },
      ],
    );
  });

  it('refuses preconditions that would bind no change', async () => {
    expectProblem(await call('POST', '/batch', { changes: [] }, { 'if-match': '"v1"' }), 400, 'malformed-request');
  });
});

describe('/refresh', () => {
  it('tells what every source said', async () => {
    const response = await call('POST', '/refresh');
    expect(response).toMatchObject({ statusCode: 200 });
    expect(response.json()).toMatchObject({ sources: [{ name: 'file', accepted: 1 }], changed: 0 });
    await call('POST', '/refresh?confirm=file');
    expect(admin.configuration.refreshes).toEqual([undefined, 'file']);
  });

  it('refuses to confirm what does not exist', async () => {
    expectProblem(await call('POST', '/refresh?confirm=files'), 400, 'invalid-configuration');
    expect(admin.configuration.refreshes).toEqual([]);
  });
});

describe('/rollback and /history', () => {
  beforeEach(async () => {
    await call('POST', '/routes', ROUTE, { 'x-change-reason': 'first' });
    await call('PUT', '/routes/a', { ...ROUTE, uri: 'http://b' });
  });

  it('brings a version back', async () => {
    const response = await call('POST', '/rollback?configType=route&configId=a&version=v1000');
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toBe('"v1002"');
    expect(response.json()).toMatchObject({ operation: 'rollback', rollbackOf: 'v1000', configuration: ROUTE });
    expect((await call('GET', '/routes/a')).json()).toEqual(ROUTE);
  });

  it.each([
    ['configType=route&configId=a&version=v1', 404, 'configuration-not-found'],
    ['configType=route&configId=b&version=v1000', 404, 'configuration-not-found'],
    ['configType=route&configId=a', 400, 'invalid-configuration'],
    ['configType=routes&configId=a&version=v1000', 400, 'invalid-configuration'],
    ['configType=route&configId=a%2Fb&version=v1000', 400, 'invalid-configuration'],
  ])('refuses ?%s with %i', async (query, status, kind) => {
    expectProblem(await call('POST', `/rollback?${query}`), status, kind);
  });

  it('honours If-Match, and a dry run', async () => {
    const path = '/rollback?configType=route&configId=a&version=v1000';
    expectProblem(await call('POST', path, undefined, { 'if-match': '"v1000"' }), 412, 'precondition-failed');
    expect((await call('POST', `${path}&dryRun=true`)).json()).toMatchObject({
      valid: true,
      changes: [{ configId: 'a' }],
    });
    expect((await call('POST', path, undefined, { 'if-match': '"v1001"' })).statusCode).toBe(200);
  });

  it('lists versions, newest first, and shows one and the difference of two', async () => {
    const versions = (await call('GET', '/history/route/a')).json<object[]>();
    expect(versions).toMatchObject([
      { version: 'v1001', operation: 'update', source: 'api' },
      { version: 'v1000', operation: 'create', reason: 'first', configuration: ROUTE },
    ]);
    expect((await call('GET', '/history/route/a/v1000')).json()).toEqual(versions[1]);
    expect((await call('GET', '/history/route/a/diff?from=v1001&to=v1000')).json()).toMatchObject([{ op: 'replace' }]);
    expect((await call('GET', '/history/route/never')).json()).toEqual([]);
  });

  it.each([
    ['/history/route/a/v1', 404],
    ['/history/route/a/diff?from=v1&to=v1000', 404],
    ['/history/route/a/diff?from=v1000', 400],
    ['/history/routes/a', 400],
    ['/history/route/a%2Fb', 400],
  ])('refuses GET %s with %i', async (path, status) => {
    expect((await call('GET', path)).statusCode).toBe(status);
  });
});

describe('/export', () => {
  beforeEach(async () => {
    for (let index = 0; index < 1_200; index++) {
      admin.configuration.define('route', `r${index}`, {
        ...ROUTE,
        id: `r${index}`,
        metadata: { note: 'true', long: 'y '.repeat(60) },
      });
    }
    admin.configuration.define('global', 'cors', { 'allowed-origins': ['*'] });
    await call('POST', '/filters', { id: 'f', name: 'StripPrefix' });
  });

  it('is YAML by default, with a remark on secrets', async () => {
    const response = await call('GET', '/export');
    expect(response.headers['content-type']).toMatch(/^application\/yaml/);
    expect(response.body).toMatch(/^# .*masked/);
    expect(response.headers['x-configuration-secrets']).toBe('masked');
    expect(parse(response.body)).toEqual(await admin.configuration.export());
  });

  it('is JSON on request, and only one source’s', async () => {
    const response = await call('GET', '/export?format=json&source=file');
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.json()).toEqual(await admin.configuration.export('file'));
    expect((await call('GET', '/export?format=json&source=api')).json()).toEqual(
      await admin.configuration.export('api'),
    );
  });

  it.each(['/export?format=xml', '/export?source=files', '/export?formats=json'])('refuses GET %s', async (path) => {
    expectProblem(await call('GET', path), 400, 'invalid-configuration');
  });

  it('lists as many routes as there are', async () => {
    const listed = (await call('GET', '/routes')).json<unknown[]>();
    expect(listed).toEqual((await admin.configuration.list('route')).map(({ configuration }) => configuration));
  });
});

describe('a body', () => {
  it.each([
    ['{"id": }', 400, 'malformed-body', 'line 1, column 8'],
    ['', 400, 'malformed-body', 'a JSON body is required'],
    ['{"id":"a","__proto__":{}}', 400, 'malformed-body', '/__proto__'],
    ['{"id":"a","id":"b"}', 400, 'malformed-body', '/id'],
    [`${'['.repeat(1_000)}${']'.repeat(1_000)}`, 400, 'malformed-body', '64 levels'],
    [`{"id":"a","uri":"${'x'.repeat(1_048_576)}"}`, 413, 'payload-too-large', ''],
  ])('of %.30s gets %i', async (body, status, kind, detail) => {
    const problem = expectProblem(await call('POST', '/routes', body), status, kind);
    expect(problem.detail).toContain(detail);
  });

  it('of exactly 1 MiB is read', async () => {
    const frame = JSON.stringify({ ...ROUTE, metadata: { big: '' } });
    const body = frame.replace('"big":""', `"big":"${'x'.repeat(1_048_576 - frame.length)}"`);
    expect(Buffer.byteLength(body)).toBe(1_048_576);
    expect((await call('POST', '/routes', body)).statusCode).toBe(200);
  });

  it.each([
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['application/yaml', undefined],
    ['application/json; charset=latin1', undefined],
    ['application/json', 'gzip'],
  ])('of the type %s, encoding %s gets 415', async (type, encoding) => {
    const headers = { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) };
    expectProblem(await call('POST', '/routes', JSON.stringify(ROUTE), headers), 415, 'unsupported-media-type');
  });

  it('without a type gets 415', async () => {
    const response = await admin.app.inject({
      method: 'POST',
      url: `${API}/routes`,
      headers: { host: 'localhost' },
      payload: Buffer.from('{}'),
    });
    expectProblem(response, 415, 'unsupported-media-type');
  });

  it('that is no UTF-8 gets 400; a byte order mark is no error', async () => {
    const send = (payload: Buffer) =>
      admin.app.inject({
        method: 'POST',
        url: `${API}/routes`,
        headers: { host: 'localhost', 'content-type': 'application/json; charset="UTF-8"' },
        payload,
      });
    expectProblem(await send(Buffer.from([0x22, 0xff, 0x22])), 400, 'malformed-body');
    const withMark = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(ROUTE))]);
    expect((await send(withMark)).statusCode).toBe(200);
  });
});

describe('what does not exist', () => {
  it.each([
    ['GET', '/nothing', 404, 'not-found'],
    ['GET', '/routes/%zz', 400, 'malformed-request'],
    ['GET', `/routes/${'x'.repeat(4_000)}`, 414, 'uri-too-long'],
  ] as const)('gets for %s %.20s the status %i', async (method, path, status, kind) => {
    expectProblem(await call(method, path), status, kind);
  });

  it.each([
    ['PUT', '/batch', 'POST'],
    ['POST', '/routes/a', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/export?format=json', 'GET, HEAD'],
  ] as const)('gets for %s %s the methods that there are', async (method, path, allow) => {
    const response = await call(method, path);
    expectProblem(response, 405, 'method-not-allowed');
    expect(response.headers.allow).toBe(allow);
  });
});

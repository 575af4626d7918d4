import { type SpecData, Validator } from '@seriousme/openapi-schema-validator';
import { once } from 'node:events';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AdminApi, ConfigurationEvents, type Version } from './admin-api.js';
import { DescribedApi } from './described-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

const API = '/api/configuration';

let gateway: GatewayProcess;
let api: AdminApi;
let upstream: Upstream;
let described: DescribedApi;

beforeAll(async () => {
  upstream = await Upstream.saying('here');
  gateway = await GatewayProcess.started({
    tigateway: { 'log-level': 'error' },
    routes: { 'file.yaml': `routes:\n  - ${JSON.stringify(route('from-file'))}\n` },
  });
  api = new AdminApi(gateway);
  described = await DescribedApi.of(gateway);
});

afterAll(async () => {
  await gateway.dispose();
  await upstream.stop();
});

function route(id: string, order = 0) {
  return { id, uri: upstream.url, order, predicates: [`Path=/${id}`] };
}

const call: DescribedApi['call'] = (...args) => described.call(...args);

async function answerOf(id: string): Promise<number> {
  return (await fetch(`${gateway.url}/${id}`)).status;
}

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    const result = await new Validator().validate(await api.json<SpecData>('/actuator/openapi'));
    expect(result).toMatchObject({ valid: true });
  });
});

describe.each([
  ['routes', 'route', () => route('made'), () => route('made', 1)],
  [
    'filters',
    'filter',
    () => ({ id: 'made', name: 'AddResponseHeader', args: { name: 'X-A', value: '1' } }),
    () => ({ id: 'made', name: 'AddResponseHeader', args: { name: 'X-A', value: '2' } }),
  ],
] as const)('%s', (plural, configType, makeFirst, makeSecond) => {
  it('are created, read, replaced, listed, deleted and rolled back', async () => {
    const [first, second] = [makeFirst(), makeSecond()];
    const path = `${API}/${plural}/made`;
    expect(await call('GET', path)).toMatchObject({ status: 404 });
    const created = await call('POST', `${API}/${plural}`, first, { 'X-Change-Reason': 'because' });
    expect(created).toMatchObject({ status: 200, body: first });
    const etag = created.headers.get('etag') as string;
    expect(etag).toMatch(/^"v\d+"$/);

    const read = await call('GET', path);
    expect([read.status, read.body]).toEqual([200, first]);
    expect([read.headers.get('etag'), read.headers.get('x-configuration-source')]).toEqual([etag, 'api']);
    expect((await call('GET', path, undefined, { 'If-None-Match': etag })).status).toBe(304);

    const again = await call('PUT', path, first);
    expect([again.status, again.headers.get('etag')]).toEqual([200, etag]);
    const replaced = await call('PUT', path, second);
    expect(replaced).toMatchObject({ status: 200, body: second });
    expect(await call('PUT', `${API}/${plural}/other`, second)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/id', code: 'id-mismatch' }] },
    });
    expect((await call('GET', `${API}/${plural}`)).body).toContainEqual(second);

    const deleted = await call('DELETE', path);
    expect([deleted.status, deleted.body]).toEqual([200, '']);
    expect(await call('DELETE', path)).toMatchObject({ status: 404 });

    const history = (await call('GET', `${API}/history/${configType}/made`)).body as Version[];
    expect(history).toMatchObject([
      { operation: 'delete', configuration: null },
      { operation: 'update', configuration: second },
      { operation: 'create', configuration: first, reason: 'because', source: 'api', actor: 'anonymous@127.0.0.1' },
    ]);
    const [, older, oldest] = history as [Version, Version, Version];
    expect(etag).toBe(`"${oldest.version}"`);
    expect(await call('GET', `${API}/history/${configType}/made/${older.version}`)).toMatchObject({
      status: 200,
      body: older,
    });
    expect(await call('GET', `${API}/history/${configType}/made/v1`)).toMatchObject({ status: 404 });
    expect(await call('GET', `${API}/history/${configType}/unknown`)).toMatchObject({ status: 200, body: [] });
    const diff = `${API}/history/${configType}/made/diff`;
    const patch = await call('GET', `${diff}?from=${oldest.version}&to=${older.version}`);
    expect([patch.status, (patch.body as object[]).length]).toEqual([200, 1]);
    expect(await call('GET', `${diff}?from=v1&to=${older.version}`)).toMatchObject({ status: 404 });

    const back = `${API}/rollback?configType=${configType}&configId=made&version=${oldest.version}`;
    expect(await call('POST', back)).toMatchObject({
      status: 200,
      body: { operation: 'rollback', rollbackOf: oldest.version, configuration: first },
    });
    expect((await call('GET', path)).body).toEqual(first);
    expect(await call('POST', back.replace(oldest.version, 'v1'))).toMatchObject({ status: 404 });
    await call('DELETE', path);
  });
});

describe('global configurations', () => {
  it('are any JSON, with their secrets masked', async () => {
    const mine = { any: ['thing', 1, null, { deep: true }] };
    expect(await call('POST', `${API}/global?configId=mine`, mine)).toMatchObject({ status: 200, body: mine });
    expect(await call('GET', `${API}/global/mine`)).toMatchObject({ status: 200, body: mine });
    expect((await call('GET', `${API}/global`)).body).toMatchObject({ mine });
    expect((await call('DELETE', `${API}/global/mine`)).status).toBe(200);
    expect((await call('GET', `${API}/global/mine`)).status).toBe(404);
    expect((await call('DELETE', `${API}/global/mine`)).status).toBe(404);
    expect((await call('POST', `${API}/global`, {})).status).toBe(400);

    const notification = { webhook: { enabled: false, url: 'https://example.org/', secret: 'canary' } };
    const answers = [
      await call('POST', `${API}/global?configId=notification`, notification),
      await call('GET', `${API}/global/notification`),
      await call('GET', `${API}/history/global/notification`),
      await call('GET', `${API}/export?format=json`),
    ];
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain('canary');
    const masked = answers[1]?.body;
    expect(masked).toMatchObject({ webhook: { secret: '***' } });
    const unchanged = await call('POST', `${API}/global?configId=notification`, masked);
    expect(unchanged.headers.get('etag')).toBe(answers[0]?.headers.get('etag'));
    await call('DELETE', `${API}/global/notification`);
  });
});

describe('a write', () => {
  it('takes preconditions', async () => {
    const path = `${API}/routes/guarded`;
    const created = await call('PUT', path, route('guarded'), { 'If-None-Match': '*' });
    const etag = created.headers.get('etag') as string;
    expect((await call('PUT', path, route('guarded', 1), { 'If-None-Match': '*' })).status).toBe(412);
    expect((await call('PUT', path, route('guarded', 1), { 'If-Match': '"v1"' })).body).toMatchObject({
      currentVersion: etag.replaceAll('"', ''),
    });
    expect((await call('PUT', path, route('guarded', 1), { 'If-Match': etag })).status).toBe(200);
    expect((await call('DELETE', path, undefined, { 'If-Match': etag })).status).toBe(412);
    expect((await call('DELETE', path, undefined, { 'If-Match': '*' })).status).toBe(200);
    expect((await call('PUT', path, route('guarded'), { 'If-Match': '*' })).status).toBe(412);
  });

  it('of two at once that saw the same version: one wins, and none is lost', async () => {
    const path = `${API}/routes/counter`;
    await call('PUT', path, route('counter', 0));
    const increments = 25;
    const writer = async (): Promise<number> => {
      let refused = 0;
      for (let done = 0; done < increments;) {
        const { body, headers } = await call('GET', path);
        const next = route('counter', (body as { order: number }).order + 1);
        const { status } = await call('PUT', path, next, { 'If-Match': headers.get('etag') as string });
        if (status === 200) done++;
        else refused++;
        expect([200, 412]).toContain(status);
      }
      return refused;
    };
    const refused = await Promise.all([writer(), writer()]);
    expect((await call('GET', path)).body).toMatchObject({ order: 2 * increments });
    expect(refused[0] + refused[1]).toBeGreaterThan(0);
    await call('DELETE', path);
  });

  it('can be tried without effect', async () => {
    const before = await api.status();
    expect(await call('POST', `${API}/routes?dryRun=true`, route('tried'))).toMatchObject({
      status: 200,
      body: { valid: true, errors: [], changes: [{ op: 'upsert', configType: 'route', configId: 'tried' }] },
    });
    expect((await call('DELETE', `${API}/routes/tried?dryRun=true`)).status).toBe(404);
    expect((await call('POST', `${API}/routes?dryRum=true`, route('tried'))).status).toBe(400);
    const after = await api.status();
    expect([after.revision, after.hash, await answerOf('tried')]).toEqual([before.revision, before.hash, 404]);
  });

  it('cannot delete what a file defines, shadows it, and gives it back', async () => {
    expect(await call('DELETE', `${API}/routes/from-file`)).toMatchObject({
      status: 409,
      body: { source: 'file', position: { document: 'routes/file.yaml', line: 2, column: 5 } },
    });
    await call('PUT', `${API}/routes/from-file`, route('from-file', 5));
    const { headers } = await call('GET', `${API}/routes/from-file`);
    expect(headers.get('x-configuration-source')).toBe('api');
    const status = await call('GET', '/actuator/configuration/status');
    expect(status.body).toMatchObject({
      configurations: { route: { shadowed: [{ id: 'from-file', source: 'file', by: 'api' }] } },
    });
    expect((await call('GET', `${API}/conflicts`)).body).toMatchObject([{ configId: 'from-file' }]);
    await call('DELETE', `${API}/routes/from-file`);
    expect((await call('GET', `${API}/routes/from-file`)).headers.get('x-configuration-source')).toBe('file');
  });

  it('of several is all or nothing', async () => {
    const upsert = (id: string, configuration: unknown = route(id)) => {
      return { op: 'upsert', configType: 'route', configId: id, configuration };
    };
    const done = await call('POST', `${API}/batch`, { changes: [upsert('b1'), upsert('b2')] });
    expect(done).toMatchObject({
      status: 200,
      body: { versions: [{ configId: 'b1' }, { configId: 'b2' }], warnings: [] },
    });
    expect([await answerOf('b1'), await answerOf('b2')]).toEqual([200, 200]);
    const remove = (id: string) => ({ op: 'delete', configType: 'route', configId: id });
    for (const [changes, status] of [
      [[remove('b1'), upsert('b3', { uri: 'nowhere' })], 400],
      [[remove('b1'), remove('unknown')], 404],
      [[remove('b1'), remove('from-file')], 409],
      [[remove('b1'), { ...upsert('b2', route('b2', 3)), ifMatch: 'v1' }], 412],
    ] as const) {
      expect((await call('POST', `${API}/batch`, { changes })).status).toBe(status);
      expect(await answerOf('b1')).toBe(200);
    }
    expect((await call('POST', `${API}/batch?dryRun=true`, { changes: [remove('b1')] })).body).toMatchObject({
      valid: true,
    });
    expect((await call('POST', `${API}/batch`, { changes: [remove('b1'), remove('b2')] })).status).toBe(200);
    expect([await answerOf('b1'), await answerOf('b2')]).toEqual([404, 404]);
  });
});

describe('everything', () => {
  it('is read again on request', async () => {
    expect(await call('POST', `${API}/refresh`)).toMatchObject({
      status: 200,
      body: { sources: [{ name: 'api' }, { name: 'file', documents: 1, accepted: 1, rejected: 0 }], changed: 0 },
    });
    expect((await call('POST', `${API}/refresh?confrim=file`)).status).toBe(400);
  });

  it('is exported, as YAML and JSON, of all sources or one', async () => {
    await call('PUT', `${API}/routes/exported`, route('exported'));
    const json = (await call('GET', `${API}/export?format=json`)).body as { routes: { id: string }[] };
    expect(json.routes.map(({ id }) => id).sort()).toEqual(['exported', 'from-file']);
    expect(parse((await call('GET', `${API}/export`)).body as string)).toEqual(json);
    const ofFile = (await call('GET', `${API}/export?format=json&source=file`)).body as typeof json;
    expect(ofFile.routes).toEqual([route('from-file')]);
    expect((await call('GET', `${API}/export?format=xml`)).status).toBe(400);
    await call('DELETE', `${API}/routes/exported`);
  });
});

describe('the server', () => {
  it('says what a path takes, and that there is none', async () => {
    const wrong = await api.send('PATCH', `${API}/routes`);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')]);
    const unknown = await api.get('/api/configuration/rutes');
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([
      404,
      expect.stringContaining('problem+json'),
    ]);
  });

  it('answers no foreign page', async () => {
    const foreign = { Origin: `http://127.0.0.1:${gateway.port}` };
    const response = await fetch(`${gateway.adminUrl}${API}/routes`, { headers: foreign });
    expect(response.status).toBe(403);
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.managementPort}/ws/configuration`, {
      origin: foreign.Origin,
    });
    const [, refused] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(refused.statusCode).toBe(403);
  });

  it('asks for the token where one is set', async () => {
    const guarded = await GatewayProcess.started({
      tigateway: { 'log-level': 'error' },
      environment: { TIGATEWAY_ADMIN_TOKEN: 'canary' },
    });
    try {
      const get = (path: string, authorization?: string): Promise<Response> =>
        fetch(guarded.adminUrl + path, authorization === undefined ? {} : { headers: { authorization } });
      for (const path of ['/actuator/health', '/actuator/health/liveness', '/actuator/prometheus', '/actuator/info'])
        expect((await get(path)).status).toBe(200);
      for (const path of [`${API}/routes`, '/actuator', '/actuator/metrics', '/actuator/configuration/status']) {
        const refused = await get(path, 'Bearer wrong');
        expect([path, refused.status, refused.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
        expect((await get(path, 'bearer canary')).status).toBe(200);
      }
      const open = (protocols: string[]): WebSocket =>
        new WebSocket(`ws://127.0.0.1:${guarded.managementPort}/ws/configuration`, protocols);
      await once(open(['tigateway.v1']), 'unexpected-response');
      const socket = open(['tigateway.v1', 'bearer.canary']);
      await once(socket, 'open');
      expect(socket.protocol).toBe('tigateway.v1');
      socket.close();
      expect(guarded.output).not.toContain('canary');
    } finally {
      await guarded.dispose();
    }
  });
});

describe('the WebSocket', () => {
  it('tells subscribers what they asked for, replays what they missed, and answers what it does not know', async () => {
    const all = await ConfigurationEvents.of(gateway);
    const some = await ConfigurationEvents.of(gateway);
    some.send({ type: 'subscribe', configType: 'route', configId: 'heard' });
    await some.next(({ type }) => type === 'subscribed');
    await call('PUT', `${API}/routes/unheard`, route('unheard'));
    await call('PUT', `${API}/routes/heard`, route('heard'));
    await call('DELETE', `${API}/routes/unheard`);
    await call('DELETE', `${API}/routes/heard`);
    const history = (await call('GET', `${API}/history/route/heard`)).body as Version[];
    await call('POST', `${API}/rollback?configType=route&configId=heard&version=${history[1]?.version}`);

    const isEvent = ({ type }: { type: string }): boolean => type.startsWith('configuration_');
    const first = await some.next(isEvent);
    expect(first).toMatchObject({
      type: 'configuration_update',
      configType: 'route',
      configId: 'heard',
      configuration: route('heard'),
      version: history[1]?.version,
      source: 'api',
      timestamp: expect.any(Number) as number,
    });
    expect(await some.next(isEvent)).toMatchObject({
      type: 'configuration_delete',
      configId: 'heard',
      configuration: null,
    });
    expect(await some.next(isEvent)).toMatchObject({
      type: 'configuration_rollback',
      rollbackOf: history[1]?.version,
      trigger: 'manual',
    });
    const sequences: unknown[] = [];
    for (let n = 0; n < 5; n++) sequences.push((await all.next(isEvent))['sequence']);
    const start = first['sequence'] as number;
    expect(sequences).toEqual([start - 1, start, start + 1, start + 2, start + 3]);

    const late = await ConfigurationEvents.of(gateway);
    late.send({ type: 'subscribe', since: start });
    for (const sequence of [start + 1, start + 2, start + 3]) {
      expect(await late.next(isEvent)).toMatchObject({ sequence });
    }
    late.send({ type: 'subscribe', since: 1e9 });
    await late.next(({ type }) => type === 'resync_required');
    late.send({ type: 'unsubscribe' });
    await late.next(({ type }) => type === 'unsubscribed');
    for (const wrong of [
      '{',
      '[]',
      '{"type":"dance"}',
      '{"type":"subscribe","configType":"x"}',
      '{"type":"ping","x":1}',
    ]) {
      late.send(wrong);
      expect(await late.next(({ type }) => type === 'error')).toMatchObject({ message: expect.any(String) as string });
    }
    late.send({ type: 'ping' });
    await late.next(({ type }) => type === 'pong');
    for (const events of [all, some, late]) events.close();
    await call('DELETE', `${API}/routes/heard`);
  });
});

describe('the calls of this file', () => {
  /** A stream, and what needs a notification that could not be delivered or a change that waits: they have specs of their own. */
  const elsewhere = [
    `GET ${API}/events`,
    `POST ${API}/notifications/{id}/redeliver`,
    `GET ${API}/pending/{id}`,
    `DELETE ${API}/pending/{id}`,
  ];

  it('were all others of those under /api/configuration', async () => {
    for (const list of ['notifications', 'pending']) expect((await call('GET', `${API}/${list}`)).status).toBe(200);
    expect(described.uncalled(API).filter((each) => !elsewhere.includes(each))).toEqual([]);
  });
});

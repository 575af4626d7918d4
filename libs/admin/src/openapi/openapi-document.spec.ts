import { type SpecData, Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';
import type { Operation } from './openapi-types.js';
import { OPENAPI_DOCUMENT } from './openapi-document.js';

const served = new Set<string>();
let admin: AdminApplication;

beforeAll(async () => {
  admin = await adminApplication();
  seedNotifications(admin.deliveries);
  admin.app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, path }: { method: string | string[]; path: string }) => {
      for (const each of [method].flat()) {
        if (each !== 'HEAD' && each !== 'OPTIONS') served.add(`${each} ${path.replace(/:(\w+)/g, '{$1}')}`);
      }
    });
  await admin.app.init();
  await admin.app.getHttpAdapter().getInstance().ready();
});

afterAll(() => admin.app.close());

const operations: [string, Operation][] = Object.entries(OPENAPI_DOCUMENT.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]): [string, Operation] => [
    `${method.toUpperCase()} ${path}`,
    operation,
  ]),
);

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(OPENAPI_DOCUMENT)) as SpecData);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it('describes every call that is served, and no other', () => {
    expect(operations.map(([call]) => call).sort()).toEqual([...served].sort());
  });

  it('names each operation once, and each variable of a path', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [call, { parameters = [] }] of operations) {
      const variables = [...call.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.flatMap((each) => ('name' in each && each.in === 'path' ? [each.name] : []));
      expect([call, declared.sort()]).toEqual([call, variables.sort()]);
    }
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(OPENAPI_DOCUMENT);
    for (const [, pointer] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      const found = pointer!
        .split('/')
        .slice(1)
        .reduce<unknown>((at, token) => (at as Record<string, unknown> | undefined)?.[token], OPENAPI_DOCUMENT);
      expect([pointer, typeof found]).toEqual([pointer, 'object']);
    }
  });

  it('is served', async () => {
    const response = await admin.app.inject({ url: '/actuator/openapi', headers: { host: 'localhost' } });
    expect(response.json()).toEqual(JSON.parse(JSON.stringify(OPENAPI_DOCUMENT)));
  });
});

function seedNotifications({ channels, letters }: AdminApplication['deliveries']): void {
  const failure = { at: '2026-01-01T00:00:00.000Z', error: 'it answered 500' };
  const counts = { queued: 2, inFlight: 1, waitingForRetry: 1, dead: 1, delivered: 3, failed: 4, lost: 0 };
  channels.push({ name: 'webhook', state: 'failing', ...counts, oldest: failure.at, lastFailure: failure });
  const letter = { sequence: 7, isDigest: false, attempts: 3, failedAt: failure.at, error: failure.error };
  const events = [{ type: 'configuration_update', sequence: 7, configType: 'route', configId: 'a' } as const];
  letters.push({ ...letter, id: 'letter', channel: 'webhook', eventCount: 1, events, isUnderWay: false });
  letters.push({ ...letter, id: 'orphan', channel: 'slack', eventCount: 1, events, isUnderWay: false });
}

/** Answers as they come, held against the schemas that the document gives for them. */
describe('an answer is as described:', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'http://api.test/openapi', components: OPENAPI_DOCUMENT.components });

  async function check(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, template: string, body?: unknown) {
    const response = await admin.app.inject({
      method,
      url: path,
      headers: { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    const operation = OPENAPI_DOCUMENT.paths[template]?.[method.toLowerCase() as 'get'];
    let described = operation?.responses[String(response.statusCode)];
    expect([path, response.statusCode, described]).not.toContain(undefined);
    if (described && '$ref' in described)
      described = OPENAPI_DOCUMENT.components.responses[described.$ref.split('/').at(-1)!]!;
    const type = String(response.headers['content-type'] ?? '').split(';')[0]!;
    if (response.body === '') return;
    const schema = (described as { content?: Record<string, { schema: object }> }).content?.[type]?.schema;
    expect([path, type, schema]).not.toContain(undefined);
    if (type === 'text/plain') return;
    const local = JSON.parse(
      JSON.stringify(schema).replaceAll('"#/components', '"http://api.test/openapi#/components'),
    ) as object;
    const validate = ajv.compile(local);
    validate(response.json());
    expect([path, response.body, validate.errors]).toEqual([path, response.body, null]);
  }

  const API = '/api/configuration';
  const route = { id: 'a', uri: 'http://127.0.0.1:9001', predicates: ['Path=/a'], metadata: { a: 1 } };

  beforeAll(() => {
    const position = { source: 'file', document: 'a.yaml', line: 1, column: 3 };
    const contender = (source: string) => ({ source, position, hash: 'sha256-x' });
    admin.configuration.conflicting = [
      {
        configType: 'route',
        configId: 'a',
        rule: 'precedence',
        winner: contender('api'),
        losers: [contender('file')],
      },
    ];
    const changes = [{ op: 'upsert', configType: 'route', configId: 'a' }] as const;
    const acceptedAt = '2026-01-01T00:00:00.000Z';
    const batch = { applied: 1, total: 2 };
    admin.configuration.accepted = [
      { id: 'p1', strategy: 'rolling', source: 'api', actor: 'admin', acceptedAt, batch, changes },
    ];
  });

  it.each([
    ['POST', `${API}/routes`, `${API}/routes`, route],
    ['POST', `${API}/routes`, `${API}/routes`, { id: '/' }],
    ['POST', `${API}/routes?dryRun=true`, `${API}/routes`, { id: '/' }],
    ['PUT', `${API}/routes/a`, `${API}/routes/{id}`, route],
    ['GET', `${API}/routes`, `${API}/routes`],
    ['GET', `${API}/routes/a`, `${API}/routes/{id}`],
    ['GET', `${API}/routes/b`, `${API}/routes/{id}`],
    ['DELETE', `${API}/routes/b`, `${API}/routes/{id}`],
    ['POST', `${API}/filters`, `${API}/filters`, { id: 'f', name: 'StripPrefix' }],
    ['GET', `${API}/filters/f`, `${API}/filters/{id}`],
    ['POST', `${API}/global?configId=g`, `${API}/global`, [1]],
    ['GET', `${API}/global`, `${API}/global`],
    ['GET', `${API}/global/g`, `${API}/global/{configId}`],
    [
      'POST',
      `${API}/batch`,
      `${API}/batch`,
      { changes: [{ op: 'upsert', configType: 'route', configId: 'b', configuration: route }] },
    ],
    [
      'POST',
      `${API}/batch`,
      `${API}/batch`,
      { changes: [{ op: 'upsert', configType: 'route', configId: 'a', configuration: route }] },
    ],
    [
      'POST',
      `${API}/batch?dryRun=true`,
      `${API}/batch`,
      { changes: [{ op: 'delete', configType: 'route', configId: 'a' }] },
    ],
    ['POST', `${API}/refresh`, `${API}/refresh`],
    ['POST', `${API}/rollback?configType=route&configId=a&version=v1000`, `${API}/rollback`],
    ['GET', `${API}/history/route/a`, `${API}/history/{configType}/{configId}`],
    ['GET', `${API}/history/route/a/v1000`, `${API}/history/{configType}/{configId}/{version}`],
    ['GET', `${API}/history/route/a/diff?from=v1000&to=v1000`, `${API}/history/{configType}/{configId}/diff`],
    ['GET', `${API}/conflicts`, `${API}/conflicts`],
    ['GET', `${API}/pending`, `${API}/pending`],
    ['GET', `${API}/pending/p1`, `${API}/pending/{id}`],
    ['GET', `${API}/pending/p2`, `${API}/pending/{id}`],
    ['DELETE', `${API}/pending/p1`, `${API}/pending/{id}`],
    ['DELETE', `${API}/pending/p1`, `${API}/pending/{id}`],
    ['GET', `${API}/notifications`, `${API}/notifications`],
    ['GET', `${API}/notifications?limit=0`, `${API}/notifications`],
    ['POST', `${API}/notifications/letter/redeliver`, `${API}/notifications/{id}/redeliver`],
    ['POST', `${API}/notifications/orphan/redeliver`, `${API}/notifications/{id}/redeliver`],
    ['POST', `${API}/notifications/none/redeliver`, `${API}/notifications/{id}/redeliver`],
    ['GET', `${API}/export?format=json`, `${API}/export`],
    ['GET', '/actuator', '/actuator'],
    ['GET', '/actuator/health', '/actuator/health'],
    ['GET', '/actuator/health/liveness', '/actuator/health/{component}'],
    ['GET', '/actuator/health/nothing', '/actuator/health/{component}'],
    ['GET', '/actuator/info', '/actuator/info'],
    ['GET', '/actuator/prometheus', '/actuator/prometheus'],
    ['GET', '/actuator/metrics', '/actuator/metrics'],
    ['GET', '/actuator/metrics/process.cpu.seconds.total', '/actuator/metrics/{name}'],
    ['GET', '/actuator/configuration/status', '/actuator/configuration/status'],
    ['POST', '/actuator/configuration/validate', '/actuator/configuration/validate'],
    ['GET', '/actuator/gateway', '/actuator/gateway'],
    ['GET', '/actuator/gateway/routes', '/actuator/gateway/routes'],
    ['GET', '/actuator/gateway/routes/a', '/actuator/gateway/routes/{id}'],
    ['GET', '/actuator/gateway/routedefinitions', '/actuator/gateway/routedefinitions'],
    ['GET', '/actuator/gateway/globalfilters', '/actuator/gateway/globalfilters'],
    ['GET', '/actuator/gateway/routefilters', '/actuator/gateway/routefilters'],
    ['GET', '/actuator/gateway/routepredicates', '/actuator/gateway/routepredicates'],
    ['POST', '/actuator/gateway/refresh', '/actuator/gateway/refresh'],
    ['POST', '/actuator/gateway/routes/c', '/actuator/gateway/routes/{id}', { uri: 'http://c' }],
    ['DELETE', '/actuator/gateway/routes/c', '/actuator/gateway/routes/{id}'],
  ] as const)('%s %s', (method, path, template, body?: unknown) => check(method, path, template, body));
});

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi, type Finding, type Problem } from './admin-api.js';
import { GatewayProcess } from './gateway-process.js';

const ROUTES = '/api/configuration/routes';

let gateway: GatewayProcess;
let api: AdminApi;

beforeAll(async () => {
  gateway = await GatewayProcess.started({
    tigateway: ({ port }: GatewayProcess) => ({
      'log-level': 'error',
      services: { self: [`http://localhost:${port}`] },
    }),
    routes: { 'good.json': JSON.stringify({ routes: [sound('good')] }) },
  });
  api = new AdminApi(gateway);
  await api.write('POST', ROUTES, sound('kept'));
});

afterAll(() => gateway.dispose());

function sound(id: string): Record<string, unknown> {
  return { id, uri: 'http://127.0.0.1:1', predicates: [`Path=/${id}`] };
}

/** What is wrong in a route, and where. */
const WRONG_ROUTES: readonly (readonly [string, () => Record<string, unknown>, string])[] = [
  ['an unknown key', () => ({ filterz: [] }), '/filterz'],
  ['an unknown predicate', () => ({ predicates: ['Paht=/x'] }), '/predicates/0'],
  ['an unknown filter', () => ({ filters: ['StripPrefix=1', { name: 'StripPrefixes' }] }), '/filters/1/name'],
  ['an argument of the wrong type', () => ({ filters: ['StripPrefix=one'] }), '/filters/0'],
  [
    'a named argument of the wrong type',
    () => ({ filters: [{ name: 'StripPrefix', args: { parts: 'one' } }] }),
    '/filters/0/args/parts',
  ],
  ['an unknown argument', () => ({ filters: [{ name: 'StripPrefix', args: { part: 1 } }] }), '/filters/0/args/part'],
  ['a surplus argument', () => ({ filters: ['AddRequestHeader=A, b, c'] }), '/filters/0'],
  ['a missing argument', () => ({ filters: ['AddRequestHeader=A'] }), '/filters/0'],
  ['a regular expression that is none', () => ({ predicates: ['Header=X-A, (a'] }), '/predicates/0'],
  ['a path pattern that is none', () => ({ predicates: ['Path=/a/{b'] }), '/predicates/0'],
  ['a date that is none', () => ({ predicates: ['After=tomorrow'] }), '/predicates/0'],
  [
    'dates in the wrong order',
    () => ({ predicates: ['Between=2031-01-01T00:00:00Z, 2030-01-01T00:00:00Z'] }),
    '/predicates/0',
  ],
  ['a CIDR that is none', () => ({ predicates: ['RemoteAddr=10.0.0.0/33'] }), '/predicates/0'],
  ['a status that is none', () => ({ filters: ['SetStatus=fine'] }), '/filters/0'],
  ['a URI without a scheme', () => ({ uri: 'localhost' }), '/uri'],
  ['a URI with a space', () => ({ uri: 'http://a b' }), '/uri'],
  ['a scheme that nobody answers', () => ({ uri: 'ftp://127.0.0.1' }), '/uri'],
  ['no URI', () => ({ uri: undefined }), '/uri'],
  ['an order that is no number', () => ({ order: 'first' }), '/order'],
  ['a weight below zero', () => ({ predicates: ['Weight=group, -1'] }), '/predicates/0'],
  ['an unknown variable', () => ({ filters: ['SetPath=/{missing}'] }), '/filters/0'],
  ['a timeout that is none', () => ({ metadata: { 'response-timeout': 'soon' } }), '/metadata/response-timeout'],
  ['an id with a slash', () => ({ id: 'a/b' }), '/id'],
  ['an id with a control character', () => ({ id: 'a\u0007b' }), '/id'],
  ['an id with a meaning of its own', () => ({ id: 'constructor' }), '/id'],
  ['an id that is too long', () => ({ id: 'x'.repeat(254) }), '/id'],
  ['the gateway’s own port', () => ({ uri: `http://127.0.0.1:${gateway.port}` }), '/uri'],
  ['the gateway’s own admin port', () => ({ uri: `http://localhost:${gateway.managementPort}` }), '/uri'],
];

/** Ten levels of ten references: 10^10 nodes. */
const EXPLODING_ALIASES = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`),
].join('\n');

function nested(depth: number): string {
  return '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
}

/** @returns what the answer says, once it is clear that nothing has changed */
async function refusal(call: () => Promise<Response>, status: number): Promise<Problem> {
  const before = await api.status();
  const response = await call();
  const problem = (await response.json()) as Problem;
  expect([response.status, JSON.stringify(problem)]).toEqual([status, expect.any(String)]);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem).toMatchObject({ status, type: expect.stringMatching(/^urn:tigateway:problem:/) as string });
  const after = await api.status();
  expect([after.revision, after.hash]).toEqual([before.revision, before.hash]);
  return problem;
}

describe('the API refuses, with a pointer,', () => {
  it.each(WRONG_ROUTES)('%s', async (_, wrong, pointer) => {
    const route = { ...sound('wrong'), ...wrong() };
    const { errors } = await refusal(() => api.send('POST', ROUTES, route), 400);
    expect(errors?.map((error) => error.pointer)).toEqual([pointer]);
    const dryRun = await api.send('POST', `${ROUTES}?dryRun=true`, route);
    expect(await dryRun.json()).toMatchObject({ valid: false, errors: [{ pointer }] });
  });

  it('every problem at once, in a batch too', async () => {
    const wrong = { ...sound('wrong'), predicates: ['Paht=/x'], filters: ['StripPrefix=x'], extra: 1 };
    const changes = [
      { op: 'upsert', configType: 'route', configId: 'fine', configuration: sound('fine') },
      { op: 'upsert', configType: 'route', configId: 'wrong', configuration: wrong },
      { op: 'upsert', configType: 'global', configId: 'cors', configuration: { enabled: 'perhaps' } },
    ];
    const { errors } = await refusal(() => api.send('POST', '/api/configuration/batch', { changes }), 400);
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/changes/1/configuration/extra',
      '/changes/1/configuration/filters/0',
      '/changes/1/configuration/predicates/0',
      '/changes/2/configuration/enabled',
    ]);
    expect((await api.get(`${ROUTES}/fine`)).status).toBe(404);
  });

  it('one id twice in a batch', async () => {
    const change = { op: 'upsert', configType: 'route', configId: 'twice', configuration: sound('twice') };
    const { errors } = await refusal(
      () => api.send('POST', '/api/configuration/batch', { changes: [change, change] }),
      400,
    );
    expect(errors).toMatchObject([{ pointer: '/changes/1/configId', code: 'duplicate-id' }]);
  });

  it.each<[string, string, string, string]>([
    ['no id', '{"uri":"http://127.0.0.1:1"}', '/id', 'required'],
    ['JSON that ends early', '{"id": "a",', '', 'malformed-json'],
    ['a key twice', '{"id":"a","id":"b","uri":"http://a"}', '/id', 'duplicate-key'],
    [
      'a __proto__ key',
      '{"id":"a","uri":"http://a","metadata":{"__proto__":{"x":1}}}',
      '/metadata/__proto__',
      'refused-key',
    ],
    ['1,000 levels', nested(1_000), '/a'.repeat(64), 'too-deep'],
  ])('a body with %s', async (_, body, pointer, code) => {
    const { errors } = await refusal(() => api.send('POST', ROUTES, body), 400);
    expect(errors).toMatchObject([{ pointer, code }]);
    await refusal(() => api.send('POST', '/api/configuration/global?configId=', body), 400);
  });

  it('a body that is too large, not JSON, or not UTF-8', async () => {
    const large = JSON.stringify({ ...sound('large'), metadata: { filler: 'x'.repeat(1024 * 1024) } });
    await refusal(() => api.send('POST', ROUTES, large), 413);
    await refusal(() => api.send('POST', ROUTES, 'id: a', 'application/yaml'), 415);
    await refusal(() => api.send('POST', ROUTES, 'id=a', 'application/x-www-form-urlencoded'), 415);
    await refusal(
      () =>
        fetch(gateway.adminUrl + ROUTES, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: new Uint8Array([0x22, 0xff, 0x22]),
        }),
      400,
    );
  });

  it('a body without end, soon after one mebibyte of it', async () => {
    const socket = connect(gateway.managementPort, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    // A client that goes on sending meets a closed connection.
    socket.on('error', () => undefined);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `POST ${ROUTES} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    let sent = 0;
    while (answer === '' && !socket.destroyed) {
      sent += chunk.length;
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), ended]).catch(() => undefined);
    }
    socket.destroy();
    await ended;
    // The answer may be lost with the connection.
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('the gateway’s own ports', () => {
  it.each<[string, () => { uri?: string; filters?: string[] }]>([
    [
      'a filter’s URI',
      () => ({ uri: 'no://op', filters: [`SetRequestUri=http://127.0.0.1:${gateway.managementPort}/`] }),
    ],
    [
      'a name that leads home',
      () => ({ uri: 'no://op', filters: [`SetRequestUri=http://localhost:${gateway.port}/`] }),
    ],
    ['a header of the request', () => ({ uri: 'no://op', filters: ['RequestHeaderToRequestUri=X-Target'] })],
    ['an instance of a service', () => ({ uri: 'lb://self' })],
  ])('are not reached by %s', async (_, parts) => {
    await api.write('PUT', `${ROUTES}/home`, { ...sound('home'), ...parts() });
    const target = `${gateway.adminUrl}/actuator/info`;
    const response = await fetch(`${gateway.url}/home`, { headers: { 'X-Target': target } });
    expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('Bad Gateway')]);
    await api.write('DELETE', `${ROUTES}/home`);
  });
});

describe('a document is validated without harm:', () => {
  it.each<[string, string, string]>([
    ['aliases that explode', EXPLODING_ALIASES, 'application/yaml'],
    ['1,000 levels of YAML', nested(1_000), 'application/yaml'],
    ['1,000 levels of JSON', nested(1_000), 'application/json'],
    [
      'a __proto__ key',
      'routes:\n  - { id: a, uri: "http://a", metadata: { __proto__: { x: 1 } } }',
      'application/yaml',
    ],
    ['a tab as indent', 'routes:\n\t- id: a', 'application/yaml'],
  ])('%s', async (_, document, type) => {
    const response = await api.send('POST', '/actuator/configuration/validate', document, type);
    const report = (await response.json()) as { valid: boolean; errors: Finding[] };
    expect([response.status, report.valid]).toEqual([200, false]);
    expect(report.errors[0]?.position?.line).toBeGreaterThan(0);
  });
});

describe('the file source refuses, with file, line and column,', () => {
  const texts: readonly (readonly [file: string, text: string, line: number, code: RegExp])[] = [
    ['malformed.json', '{\n  "routes": [\n', 3, /json-syntax/],
    ['malformed.yaml', 'routes:\n  - id: "a\n', 3, /yaml-syntax/],
    ['tab.yaml', 'routes:\n\t- id: a\n', 2, /yaml-syntax/],
    ['unknown-key.yaml', '# nothing\nroutez: []\n', 2, /unknown/],
    ['deep.json', nested(1_000), 1, /deep/],
    ['deep.yaml', `routes:\n  - ${nested(1_000)}\n`, 2, /deep|yaml-syntax/],
    ['aliases.yaml', EXPLODING_ALIASES, 6, /alias-limit/],
    ['proto.json', '{\n"routes": [],\n"globals": {"x": {"__proto__": {}}}}', 3, /key/],
    ['proto.yaml', 'globals:\n  x:\n    __proto__: {}\n', 3, /key/],
    ['twice.yaml', 'globals:\n  x: 1\n  x: 2\n', 3, /.*/],
    [
      'two-of-one-id.yaml',
      `routes:\n${['one', 'one'].map((id) => `  - ${JSON.stringify(sound(id))}\n`).join('')}`,
      3,
      /duplicate-id/,
    ],
    ['z-good-again.yaml', `routes:\n  - ${JSON.stringify(sound('good'))}\n`, 2, /duplicate-id/],
  ];

  it('all of these', async () => {
    const before = await api.status();
    const documents = WRONG_ROUTES.map(([, wrong], index) => {
      const route = JSON.stringify({ ...sound(`file-${index}`), ...wrong() });
      return [
        `wrong-${index}.yaml`,
        `routes:\n  - ${JSON.stringify(sound(`beside-${index}`))}\n  - ${route}\n`,
      ] as const;
    });
    for (const [name, text] of [...documents, ...texts]) gateway.writeRoutes(name, text);
    const written = ['good.json', ...documents.map(([name]) => name), ...texts.map(([name]) => name)];
    const { rejected } = await api.fileSourceWhen((source) => source.documents === written.length);
    expect(rejected.map(({ document }) => document).sort()).toEqual(
      written
        .slice(1)
        .map((name) => `routes/${name}`)
        .sort(),
    );
    const found = new Map(rejected.map(({ document, problems }) => [document, problems[0]]));

    for (const [index, [what, , pointer]] of WRONG_ROUTES.entries()) {
      const problem = found.get(`routes/wrong-${index}.yaml`);
      expect([what, problem?.pointer, problem?.position?.line]).toEqual([what, `/routes/1${pointer}`, 3]);
    }
    for (const [name, , line, code] of texts) {
      const problem = found.get(`routes/${name}`);
      expect([name, problem?.position?.line, problem?.code]).toEqual([name, line, expect.stringMatching(code)]);
      expect(problem?.position).toMatchObject({ document: `routes/${name}`, column: expect.any(Number) as number });
    }
    expect(rejected.every(({ servesLastGood }) => !servesLastGood)).toBe(true);
    const after = await api.status();
    expect([after.revision, after.hash]).toEqual([before.revision, before.hash]);
  });
});

describe('the start is refused, in one line, for a bootstrap file with', () => {
  it.each<[string, string, RegExp]>([
    ['a syntax error', 'server:\n  port: [8080\n', /tigateway\.yml:3:\d+/],
    ['exploding aliases', EXPLODING_ALIASES, /tigateway\.yml:\d+:\d+/],
    ['1,000 levels', `server: ${nested(1_000)}`, /tigateway\.yml:\d+:\d+/],
    ['a __proto__ key', 'server:\n  __proto__: { port: 1 }\n', /tigateway\.yml:2:\d+/],
  ])('%s', async (_, text, message) => {
    const other = await GatewayProcess.prepare();
    try {
      writeFileSync(join(other.folder, 'tigateway.yml'), text);
      expect(await other.run()).toBe(1);
      expect(other.output.trim().split('\n')).toHaveLength(1);
      expect(other.output).toMatch(message);
    } finally {
      await other.dispose();
    }
  });
});

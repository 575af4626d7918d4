import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi, ConfigurationEvents, type Problem } from './admin-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

let gateway: GatewayProcess;
let api: AdminApi;
let events: ConfigurationEvents;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await Upstream.started(({ headers }, response) => response.end(String(headers['x-told'])));
  gateway = await GatewayProcess.started({
    tigateway: { 'log-level': 'error', sources: { file: { paths: ['./routes', './mounted'], debounce: '10ms' } } },
    // A path must be there; this one stays as it is.
    routes: { 'base.yaml': routes('base'), '../mounted/.keep': '' },
    environment: { TOLD: 'by the environment' },
  });
  api = new AdminApi(gateway);
  events = await ConfigurationEvents.of(gateway);
});

afterAll(async () => {
  events.close();
  await gateway.dispose();
  await upstream.stop();
});

/** A document of one route that tells the upstream something. */
function routes(id: string, told = id): string {
  return [
    'routes:',
    `  - id: ${id}`,
    `    uri: ${upstream.url}`,
    `    predicates: ["Path=/${id}"]`,
    `    filters: ["SetRequestHeader=X-Told, ${told}"]`,
    '',
  ].join('\n');
}

function written(name: string, content: string): void {
  gateway.writeRoutes(name, content);
}

/** Once the change of `id` is announced it carries traffic. */
async function changed(id: string, type: 'update' | 'delete' = 'update'): Promise<void> {
  await events.next((event) => event.type === `configuration_${type}` && event['configId'] === id);
}

async function answerOf(id: string): Promise<string> {
  const response = await fetch(`${gateway.url}/${id}`);
  return response.ok ? response.text() : String(response.status);
}

/** Where a file's route stands, as the refusal to delete it says. */
async function placeOf(id: string): Promise<unknown> {
  const response = await api.send('DELETE', `/api/configuration/routes/${id}`);
  const { status, position } = (await response.json()) as Problem & { position: unknown };
  return [status, position];
}

describe('documents', () => {
  it('of all layouts stand beside each other in one file', async () => {
    const json = JSON.stringify;
    written(
      'layouts.yaml',
      `
spring:
  cloud:
    gateway:
      routes:
        - id: spring
          uri: ${upstream.url}
          predicates:
            - Path=/spring
          filters:
            - SetRequestHeader=X-Told, \${TOLD}
        - shortest=${upstream.url}, Path=/shortest
      default-filters:
        - AddResponseHeader=X-Default, yes
---
spring.cloud.gateway.server.webflux.routes[0]:
  id: flat
  uri: ${upstream.url}
  predicates: [Path=/flat]
---
${routes('bare', '${MISSING}').trim()}
filters:
  - { id: from-file, name: AddResponseHeader, args: { name: X-Filter, value: 'yes' }, routes: [bare] }
globals:
  mine: ${json({ any: ['thing'] })}
---
configuration:
  history: { max-versions: 3 }
---
notification:
  webhook: { enabled: false, url: 'https://example.org/', secret: '\${TOLD}' }
`,
    );
    await changed('notification');
    expect(await api.fileSource()).toMatchObject({ rejected: [] });
    expect(await Promise.all(['spring', 'bare', 'shortest', 'flat'].map(answerOf))).toEqual([
      'by the environment',
      '${MISSING}',
      'undefined',
      'undefined',
    ]);
    const { headers } = await fetch(`${gateway.url}/bare`);
    expect([headers.get('x-default'), headers.get('x-filter')]).toEqual(['yes', 'yes']);
    const globals = await api.json<Record<string, unknown>>('/api/configuration/global');
    expect(globals['mine']).toEqual({ any: ['thing'] });
    expect(globals['update-policy']).toEqual({ history: { 'max-versions': 3 } });
    expect(globals['notification']).toMatchObject({ webhook: { secret: '***' } });
    rmSync(gateway.routesPath('layouts.yaml'));
    await changed('notification', 'delete');
    expect(await answerOf('bare')).toBe('404');
  });

  it('are noticed when they come, change, are renamed and go', async () => {
    written('folder/deeper/one.yaml', routes('one'));
    await changed('one');
    expect(await placeOf('one')).toEqual([
      409,
      { source: 'file', document: 'routes/folder/deeper/one.yaml', line: 2, column: 5 },
    ]);
    written('folder/deeper/one.yaml', `# moved down\n\n${routes('one', 'changed')}`);
    await changed('one');
    expect(await answerOf('one')).toBe('changed');
    expect(await placeOf('one')).toMatchObject([409, { line: 4, column: 5 }]);

    const { revision } = (await api.fileSource()) as { revision?: string };
    renameSync(gateway.routesPath('folder/deeper/one.yaml'), gateway.routesPath('renamed.yml'));
    await api.fileSourceWhen((source) => (source as { revision?: string }).revision !== revision);
    expect(await answerOf('one')).toBe('changed');
    expect(await placeOf('one')).toMatchObject([409, { document: 'routes/renamed.yml' }]);

    rmSync(gateway.routesPath('renamed.yml'));
    await changed('one', 'delete');
    expect(await answerOf('one')).toBe('404');
  });

  it('that are replaced by a rename are never gone in between', async () => {
    written(
      'atomic.json',
      JSON.stringify({ routes: [{ id: 'atomic', uri: upstream.url, predicates: ['Path=/atomic'] }] }),
    );
    await changed('atomic');
    const answers = new Set<string>();
    let isDone = false;
    const client = (async () => {
      while (!isDone) answers.add(await answerOf('atomic'));
    })();
    for (let n = 0; n < 20; n++) {
      const filters = [`SetRequestHeader=X-Told, ${n}`];
      const route = { id: 'atomic', uri: upstream.url, predicates: ['Path=/atomic'], filters };
      const draft = join(gateway.folder, 'draft.json');
      writeFileSync(draft, JSON.stringify({ routes: [route] }));
      renameSync(draft, gateway.routesPath('atomic.json'));
      await changed('atomic');
      expect(await answerOf('atomic')).toBe(String(n));
    }
    isDone = true;
    await client;
    expect(answers).not.toContain('404');
  });

  it('behind the links by which Kubernetes mounts a ConfigMap change when the links are swapped', async () => {
    const mount = join(gateway.folder, 'mounted');
    const put = (generation: string, told: string): void => {
      mkdirSync(join(mount, `..${generation}`));
      writeFileSync(join(mount, `..${generation}`, 'mounted.yaml'), routes('mounted', told));
      symlinkSync(`..${generation}`, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    put('2026_01', 'first');
    symlinkSync(join('..data', 'mounted.yaml'), join(mount, 'mounted.yaml'));
    await changed('mounted');
    expect(await answerOf('mounted')).toBe('first');
    put('2026_02', 'second');
    rmSync(join(mount, '..2026_01'), { recursive: true });
    await changed('mounted');
    expect(await answerOf('mounted')).toBe('second');
    expect((await api.fileSource()).documents).toBe(3);
  });

  it('of editors and what is hidden are left alone', async () => {
    const { documents } = await api.fileSource();
    for (const name of [
      '.base.yaml.swp',
      '#base.yaml#',
      'base.yaml~',
      '.#base.yaml',
      '4913',
      'notes.txt',
      '.git/a.yaml',
    ])
      written(name, 'routes: {');
    written('after.yaml', routes('after'));
    await changed('after');
    expect(await api.fileSource()).toMatchObject({ documents: documents + 1, rejected: [] });
  });

  it('that are wrong say where, keep their last good content, and are mended by the next change', async () => {
    written('wrong.yaml', routes('wrong', 'good'));
    await changed('wrong');
    written('wrong.yaml', `${routes('wrong', 'bad')}    order: first\n`);
    await events.next(({ type }) => type === 'configuration_rejected');
    const { rejected } = await api.fileSourceWhen((source) => source.rejected.length > 0);
    expect(rejected).toMatchObject([
      {
        document: 'routes/wrong.yaml',
        servesLastGood: true,
        problems: [{ pointer: '/routes/0/order', position: { line: 6, column: 5 } }],
      },
    ]);
    expect(await answerOf('wrong')).toBe('good');
    written('wrong.yaml', routes('wrong', 'mended'));
    await changed('wrong');
    expect(await answerOf('wrong')).toBe('mended');
    await api.fileSourceWhen((source) => source.rejected.length === 0);
  });
});

describe('nothing', () => {
  it.each([
    ['an empty list', 'routes: []'],
    ['an empty file', ''],
    ['a comment', '# nothing any more'],
  ])('on purpose deletes: %s', async (_, content) => {
    written('emptied.yaml', routes('emptied'));
    await changed('emptied');
    written('emptied.yaml', content);
    await changed('emptied', 'delete');
    expect(await answerOf('emptied')).toBe('404');
  });

  it('because the folder is gone deletes nothing, until it is back', async () => {
    const away = join(gateway.folder, 'away');
    renameSync(gateway.routesPath(), away);
    expect(await api.fileSourceWhen(({ state }) => state !== 'up')).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('"routes"') as string,
    });
    expect(await answerOf('base')).toBe('base');
    expect((await api.get('/actuator/health/readiness')).status).toBe(200);
    const refresh = await api.send('POST', '/api/configuration/refresh');
    expect(await refresh.json()).toMatchObject({
      sources: [{ name: 'api' }, { name: 'file', error: expect.stringContaining('routes') as string }],
    });

    rmSync(join(away, 'after.yaml'));
    renameSync(away, gateway.routesPath());
    await changed('after', 'delete');
    expect(await api.fileSourceWhen(({ state }) => state === 'up')).toMatchObject({ rejected: [] });
    expect(await answerOf('base')).toBe('base');
  });
});

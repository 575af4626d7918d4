import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AdminApi, type Version } from './admin-api.js';
import { GatewayProcess, type GatewayProcessOptions } from './gateway-process.js';
import { Upstream } from './upstream.js';

const ROUNDS = 5;
const WRITERS = 4;
/** For tests of many starts, on a machine that has other things to do, in milliseconds. */
const MANY_STARTS_MS = 120_000;

const disposables: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const dispose of disposables.splice(0).reverse()) await dispose();
});

async function prepared(options: GatewayProcessOptions = {}): Promise<{ gateway: GatewayProcess; api: AdminApi }> {
  const tigateway = { 'log-level': 'error', ...options.tigateway };
  const gateway = await GatewayProcess.prepare({ ...options, tigateway });
  disposables.push(() => gateway.dispose());
  return { gateway, api: new AdminApi(gateway) };
}

async function upstreamSaying(text: string): Promise<Upstream> {
  const upstream = await Upstream.saying(text);
  disposables.push(() => upstream.stop());
  return upstream;
}

function routeTo({ url }: Upstream, id: string, order = 0) {
  return { id, uri: url, order, predicates: [`Path=/${id}`] };
}

async function answerOf(gateway: GatewayProcess, path: string): Promise<string> {
  const response = await fetch(gateway.url + path);
  return response.ok ? response.text() : String(response.status);
}

/** One client that changes two routes together, over and over, and remembers what it was told. */
class Writer {
  sent = 0;
  acknowledged = 0;
  version = '';

  constructor(
    private readonly name: string,
    private readonly upstream: Upstream,
  ) {}

  get ids(): readonly [string, string] {
    return [`${this.name}-left`, `${this.name}-right`];
  }

  /** Ends with the gateway. */
  async write(api: AdminApi, acknowledged: () => void): Promise<void> {
    for (;;) {
      const n = this.acknowledged + 1;
      this.sent = n;
      const changes = this.ids.map((id) => {
        return {
          op: 'upsert',
          configType: 'route',
          configId: id,
          configuration: routeTo(this.upstream, id, n),
        } as const;
      });
      const response = await api.batch(changes).catch(() => undefined);
      const body = (await response?.json().catch(() => undefined)) as { versions: Version[] } | undefined;
      if (!body) return;
      this.acknowledged = n;
      this.version = body.versions[0]?.version ?? '';
      acknowledged();
    }
  }

  /** What was acknowledged is there, whole; what was under way is there whole or not at all. */
  async check(api: AdminApi): Promise<void> {
    const [left, right] = await Promise.all(
      this.ids.map(async (id) => {
        const response = await api.get(`/api/configuration/routes/${id}`);
        if (response.status === 404) return { n: 0, version: '' };
        const { order } = (await response.json()) as { order: number };
        return { n: order, version: response.headers.get('etag') };
      }),
    );
    expect(left?.n).toBe(right?.n);
    const n = left?.n ?? 0;
    expect(n === this.acknowledged || n === this.sent).toBe(true);
    const history = await api.history('route', this.ids[0]);
    expect(`"${history[0]?.version ?? ''}"`).toBe(n === 0 ? '""' : left?.version);
    expect(history.map(({ configuration }) => configuration?.['order'])).toEqual(
      Array.from({ length: Math.min(n, history.length) }, (_, index) => n - index),
    );
    if (n === this.acknowledged && n > 0) expect(history[0]?.version).toBe(this.version);
    this.acknowledged = n;
  }
}

describe('what was acknowledged', () => {
  it(`survives kill -9 at any moment, ${ROUNDS} times`, { timeout: MANY_STARTS_MS }, async () => {
    const upstream = await upstreamSaying('here');
    const { gateway, api } = await prepared();
    const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(`writer-${index}`, upstream));
    let killed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await gateway.start();
      await Promise.all(writers.map((writer) => writer.check(api)));
      for (const { ids, acknowledged } of writers) {
        if (acknowledged > 0) expect(await answerOf(gateway, `/${ids[0]}`)).toBe('here');
      }
      let left = 1 + Math.floor(Math.random() * 40);
      const ended = Promise.all(
        writers.map((writer) =>
          writer.write(api, () => {
            if (--left === 0) void gateway.stop('SIGKILL').then(() => killed++);
          }),
        ),
      );
      await ended;
      await gateway.stop('SIGKILL');
    }
    expect(killed).toBe(ROUNDS);
    expect(writers.every(({ acknowledged }) => acknowledged > 0)).toBe(true);
  });

  it('survives a kill -9 in the middle of a start', async () => {
    const upstream = await upstreamSaying('here');
    const { gateway, api } = await prepared();
    await gateway.start();
    await api.write('PUT', '/api/configuration/routes/a', routeTo(upstream, 'a'));
    await gateway.stop('SIGKILL');

    const log = join(gateway.folder, 'data', 'store.db-wal');
    expect(statSync(log).size).toBeGreaterThan(0);
    const start = gateway.start();
    // As soon as anybody listens the store is being opened.
    while (!(await fetch(`${gateway.adminUrl}/actuator/health`).catch(() => undefined)));
    await gateway.stop('SIGKILL');
    await start.catch(() => undefined);

    await gateway.start();
    expect(await answerOf(gateway, '/a')).toBe('here');
    expect(await api.history('route', 'a')).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('brings back routes, filters, settings, history, events and what shadows what', async () => {
    const upstream = await Upstream.started(({ headers }, response) => response.end(String(headers['x-named'])));
    disposables.push(() => upstream.stop());
    const { gateway, api } = await prepared({
      routes: { 'a.json': JSON.stringify({ routes: [routeTo(upstream, 'a', 7)] }) },
    });
    await gateway.start();
    await api.write('PUT', '/api/configuration/routes/a', routeTo(upstream, 'a', 1));
    await api.write('PUT', '/api/configuration/routes/gone', routeTo(upstream, 'gone'));
    await api.write('DELETE', '/api/configuration/routes/gone');
    const named = { id: 'named', name: 'AddRequestHeader', args: { name: 'X-Named', value: '${HOME}' } };
    await api.write('POST', '/api/configuration/filters', named);
    await api.write('POST', '/api/configuration/global?configId=default-filters', ['AddResponseHeader=X-Default,yes']);
    await api.write('POST', '/api/configuration/global?configId=mine', { any: ['thing', 1, null] });

    const views = [
      '/api/configuration/routes',
      '/api/configuration/filters',
      '/api/configuration/global',
      '/api/configuration/history/route/a',
      '/api/configuration/history/route/gone',
      '/api/configuration/history/filter/named',
      '/api/configuration/export?format=json',
    ];
    const seen = async (): Promise<unknown[]> => {
      const { hash, configurations } = await api.json<Record<string, unknown>>('/actuator/configuration/status');
      return [hash, configurations, ...(await Promise.all(views.map((view) => api.json(view))))];
    };
    const before = await seen();
    const [{ version }] = (await api.history('route', 'a')) as [Version];
    await gateway.stop('SIGKILL');
    await gateway.start();

    expect(await seen()).toEqual(before);
    const response = await fetch(`${gateway.url}/a`);
    expect([await response.text(), response.headers.get('x-default')]).toEqual(['${HOME}', 'yes']);
    expect((await api.get('/api/configuration/routes/a')).headers.get('etag')).toBe(`"${version}"`);
    await api.write('DELETE', '/api/configuration/routes/a');
    expect(await api.json('/api/configuration/routes/a')).toMatchObject({ order: 7 });
    const [newest] = (await api.history('route', 'a')) as [Version];
    expect(newest.version > version).toBe(true);
  });

  it('while a document is broken or away serves the last good state, says so, and takes up what comes', async () => {
    const [old, mended] = await Promise.all([upstreamSaying('old'), upstreamSaying('mended')]);
    const { gateway, api } = await prepared({
      routes: {
        'a.json': JSON.stringify({ routes: [routeTo(old, 'a')] }),
        'b.json': JSON.stringify({ routes: [routeTo(old, 'b')] }),
      },
    });
    await gateway.start();
    await gateway.stop();

    gateway.writeRoutes('a.json', '{"routes": [');
    await gateway.start();
    expect([await answerOf(gateway, '/a'), await answerOf(gateway, '/b')]).toEqual(['old', 'old']);
    expect(await api.fileSourceWhen(({ state }) => state === 'up')).toMatchObject({
      rejected: [{ document: 'routes/a.json', servesLastGood: true, problems: [{ position: { line: 1 } }] }],
    });
    await gateway.stop();

    renameSync(gateway.routesPath(), join(gateway.folder, 'away'));
    await gateway.start();
    expect([await answerOf(gateway, '/a'), await answerOf(gateway, '/b')]).toEqual(['old', 'old']);
    expect(await api.fileSourceWhen(({ reason }) => reason !== undefined)).toMatchObject({
      state: 'stale',
      reason: expect.stringContaining('routes') as string,
    });
    expect(await api.json('/actuator/health')).toMatchObject({
      status: 'UP',
      components: { sources: { details: { file: { state: 'stale' } } } },
    });
    const metrics = await (await api.get('/actuator/prometheus')).text();
    expect(metrics).toContain('tigateway_configuration_source_up{source="file"} 0');

    mkdirSync(gateway.routesPath());
    gateway.writeRoutes('a.json', JSON.stringify({ routes: [routeTo(mended, 'a')] }));
    await api.fileSourceWhen(({ state }) => state === 'up');
    expect([await answerOf(gateway, '/a'), await answerOf(gateway, '/b')]).toEqual(['mended', '404']);
  });
});

describe('a damaged data folder', () => {
  const damages: readonly [RegExp, (data: string) => void][] = [
    [/store\.db" is damaged/, (data) => writeFileSync(join(data, 'store.db'), 'x'.repeat(9_000))],
    [
      /store\.db" is damaged: .*check sum/,
      (data) => rewrite(join(data, 'store.db'), (text) => text.replaceAll('"mine"', '"mind"')),
    ],
    [
      /its last 7 acknowledged commits are missing/,
      (data) => rewrite(join(data, 'acknowledged'), (text) => later(text, 7)),
    ],
    [/acknowledged" is damaged/, (data) => writeFileSync(join(data, 'acknowledged'), 'many\n')],
  ];

  it('ends the start in one line that names the file', { timeout: MANY_STARTS_MS }, async () => {
    const { gateway, api } = await prepared();
    await gateway.start();
    for (let n = 0; n < 10; n++) await api.write('POST', '/api/configuration/global?configId=mine', { n });
    // The whole log goes into the database: what is damaged there stands nowhere else.
    await gateway.stop();

    const outputs = damages.map(async ([, damage]) => {
      const damaged = await prepared();
      const data = join(damaged.gateway.folder, 'data');
      cpSync(join(gateway.folder, 'data'), data, { recursive: true });
      damage(data);
      const code = await damaged.gateway.run();
      return `${code} ${damaged.gateway.output}`;
    });
    for (const [index, output] of (await Promise.all(outputs)).entries()) {
      expect(output).toMatch(/^1 tigateway did not start: .*\n$/);
      expect(output).toMatch((damages[index] as [RegExp, unknown])[0]);
    }
  });
});

function rewrite(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'latin1')), 'latin1');
}

/** A count of commits as it were after some more of them. */
function later(count: string, commits: number): string {
  return `${String(Number(count) + commits).padStart(20, '0')}\n`;
}

/** A place for the data that is soon full, and what makes room there. */
interface SmallDisk {
  readonly launcher?: readonly string[];
  readonly dataDir?: string;
  readonly makeRoom: (gateway: GatewayProcess) => void;
}

describe('a disk that is full', () => {
  it.skipIf(!canMount() && !canRun('prlimit', '--version'))(
    'refuses the write, and takes it once there is room',
    async () => {
      const disk = smallFileSystem() ?? SMALL_FILES;
      const upstream = await upstreamSaying('here');
      const { gateway, api } = await prepared({
        ...(disk.launcher && { launcher: disk.launcher }),
        tigateway: {
          ...(disk.dataDir !== undefined && { 'data-dir': disk.dataDir }),
          'log-level': 'fatal',
          'update-policy': { update: { retry: { 'max-attempts': 1 } } },
        },
        routes: { 'file.json': JSON.stringify({ routes: [routeTo(upstream, 'file')] }) },
      });
      await gateway.start();
      await api.write('PUT', '/api/configuration/routes/a', routeTo(upstream, 'a'));

      const large = (n: number): Promise<Response> =>
        api.send('POST', `/api/configuration/global?configId=large-${n}`, {
          noise: randomBytes(30_000).toString('hex'),
        });
      let fitted = 0;
      let refusal: Response;
      while ((refusal = await large(fitted)).status === 200) fitted++;
      const { hash } = await api.status();
      expect(fitted).toBeGreaterThan(0);
      expect(refusal.status).toBe(503);
      expect(await refusal.json()).toMatchObject({
        type: 'urn:tigateway:problem:store-unavailable',
        detail: expect.stringMatching(/store\.db" (cannot grow: the disk is full|cannot be written: )/) as string,
      });

      // Nothing has changed, for readers and for traffic; a document is not taken in either, and waits.
      expect((await api.get(`/api/configuration/global/large-${fitted}`)).status).toBe(404);
      expect(await api.history('global', `large-${fitted}`)).toEqual([]);
      const metadata = { noise: randomBytes(30_000).toString('hex') };
      const more = Array.from({ length: 50 }, (_, index) => ({ ...routeTo(upstream, `more-${index}`), metadata }));
      gateway.writeRoutes('file.json', JSON.stringify({ routes: [routeTo(upstream, 'file'), ...more] }));
      await api.fileSourceWhen(({ state }) => state !== 'up');
      expect((await api.status()).hash).toBe(hash);
      for (const path of ['/a', '/file']) expect(await answerOf(gateway, path)).toBe('here');
      expect(await answerOf(gateway, '/more-0')).toBe('404');

      disk.makeRoom(gateway);
      expect((await large(fitted)).status).toBe(200);
      await api.fileSourceWhen(({ state }) => state === 'up');
      expect(await answerOf(gateway, '/more-49')).toBe('here');
      await gateway.stop('SIGKILL');
      gateway.launcher = [];
      await gateway.start();
      expect(Object.keys(await api.json<object>('/api/configuration/global'))).toHaveLength(fitted + 1);
      for (const path of ['/a', '/file', '/more-0']) expect(await answerOf(gateway, path)).toBe('here');
    },
  );
});

/** Where a file system cannot be mounted, a limit on the size of the process's files does nearly the same. */
const SMALL_FILES: SmallDisk = {
  launcher: ['sh', '-c', 'ulimit -S -f 800; exec "$@"', 'sh'],
  makeRoom: ({ pid }) => spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:']),
};

function smallFileSystem(): SmallDisk | undefined {
  if (!canMount()) return undefined;
  const disk = mkdtempSync(join(tmpdir(), 'gateway-disk-'));
  disposables.push(() => rmSync(disk, { recursive: true }));
  mount(disk, 'size=1m');
  disposables.push(() => void spawnSync('umount', ['--lazy', disk]));
  return { dataDir: join(disk, 'data'), makeRoom: () => mount(disk, 'remount,size=64m') };
}

function mount(path: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status === 0;
}

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'gateway-mount-'));
  const isMounted = mount(probe, 'size=64k');
  if (isMounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return isMounted;
}

function canRun(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args).status === 0;
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JsonObject } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreCommit } from '../configuration-store.js';
import { EmbeddedStore } from './embedded.store.js';

const ROUNDS = 20;
const BUILT_STORE = new URL(
  '../../../../../dist/libs/configuration/src/history/embedded/embedded.store.js',
  import.meta.url,
).href;

/** Commits number after number to the store in `process.argv[1]`, and says each one once it is acknowledged. */
const WRITER = `
import { EmbeddedStore } from '${BUILT_STORE}';
const store = new EmbeddedStore(process.argv[1]);
const { lastVersionMs } = await store.open();
process.stdout.write('open\\n');
for (let n = lastVersionMs + 1; ; n += 1) {
  const filler = 'x'.repeat((n * 7919) % 20_000);
  const keys = ['left', 'right'].map((configId) => ({ configType: 'route', configId }));
  const facts = { configuration: { n, filler }, timestamp: '', hash: '', operation: 'update', source: 'api', actor: '' };
  await store.commit({
    versions: keys.map((key) => ({ ...key, ...facts, version: 'v' + n })),
    putApiObjects: keys.map((key) => ({ ...key, configuration: { n, filler }, version: 'v' + n, createdSequence: 1 })),
    putDocuments: [{ source: 'file', name: 'n.yml', objects: [{ ...keys[0], configuration: { n }, pointer: '', position: {} }] }],
    events: [{ type: 'configuration_update', sequence: n, ...keys[0], ...facts, timestamp: n, version: 'v' + n }],
  });
  process.stdout.write(n + '\\n');
  if (n % 10 === 0) void store.prune({ maxVersions: 5, retentionMs: 1e15, compression: true }, n);
}`;

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-crash-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function startWriter(): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** Lets a writer run until it has said `lines` lines, kills it, and tells the last number that it said. */
async function killAfter(lines: number): Promise<number> {
  const child = startWriter();
  let acknowledged = 0;
  let said = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    said += 1;
    if (line !== 'open') acknowledged = Number(line);
    // What it says between the signal and its end counts as well: it was acknowledged.
    if (said === lines) child.kill('SIGKILL');
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  return acknowledged;
}

describe('EmbeddedStore', () => {
  it(`loses nothing that was acknowledged, and keeps no half of anything, over ${ROUNDS} kills`, async () => {
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged = Math.max(acknowledged, await killAfter(1 + Math.floor(Math.random() * 40)));
      const store = new EmbeddedStore(directory);
      const state = await store.open();
      const n = state.lastVersionMs;
      expect(n).toBeGreaterThanOrEqual(acknowledged);
      if (n > 0) {
        const numbers = [...state.apiObjects, ...(state.documents[0]?.objects ?? [])].map(
          ({ configuration }) => (configuration as JsonObject).n,
        );
        expect(numbers).toEqual([n, n, n]);
        expect(state.lastSequence).toBe(n);
        for (const configId of ['left', 'right']) {
          const [newest, ...older] = await store.versions({ configType: 'route', configId });
          expect(newest?.version).toBe(`v${n}`);
          expect(older.map(({ version }) => version).slice(0, 4)).toEqual(
            [1, 2, 3, 4].filter((back) => n - back > 0).map((back) => `v${n - back}`),
          );
        }
      }
      await store.close();
    }
    expect(acknowledged).toBeGreaterThan(0);
  });

  it('keeps another process out, until that process is killed', async () => {
    const child = startWriter();
    await once(createInterface({ input: child.stdout }), 'line');
    await expect(new EmbeddedStore(directory).open()).rejects.toThrow('is in use by another gateway process');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = new EmbeddedStore(directory);
    await store.open();
    await store.close();
  });

  it('says so when the directory cannot be made', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(new EmbeddedStore(join(directory, 'file', 'data')).open()).rejects.toMatchObject({
      code: 'configuration.store',
    });
  });
});

describe.skipIf(!canMount())('EmbeddedStore on a small disk (needs the right to mount a tmpfs)', () => {
  let disk: string;

  beforeEach(() => {
    disk = join(directory, 'disk');
    mkdirSync(disk);
    mount(disk, '4m');
  });

  afterEach(() => {
    spawnSync('umount', ['--lazy', disk]);
  });

  function large(n: number): StoreCommit {
    const noise = Array.from({ length: 20_000 }, (_, index) => Math.sin(index * n)).join();
    const key = { configType: 'route', configId: `route-${n}` } as const;
    return {
      putApiObjects: [1, 2, 3].map((part) => ({
        configType: 'route',
        configId: `route-${n}-${part}`,
        configuration: { noise },
        version: `v${n}`,
        createdSequence: n,
      })),
      putCurrent: [{ ...key, version: `v${n}`, hash: '', source: 'api' }],
    };
  }

  it('refuses the commit that does not fit, whole, and takes the next one that does', async () => {
    const store = new EmbeddedStore(join(disk, 'data'));
    await store.open();
    await store.commit({ putPending: [{ id: 'before', payload: 1 }] });
    let fitted = 0;
    const failure = await (async () => {
      for (;;) {
        try {
          await store.commit(large(fitted + 1));
          fitted += 1;
        } catch (error) {
          return error;
        }
      }
    })();
    expect(failure).toMatchObject({
      code: 'configuration.store',
      message: expect.stringContaining('disk is full') as string,
    });
    expect(await store.versions({ configType: 'route', configId: 'x' })).toEqual([]);

    spawnSync('mount', ['-o', 'remount,size=64m', disk]);
    await store.commit({ putPending: [{ id: 'after', payload: 2 }] });
    await store.close();

    const state = await store.open();
    expect(state.pending.map(({ id }) => id)).toEqual(['after', 'before']);
    expect(state.current).toHaveLength(fitted);
    expect(state.apiObjects).toHaveLength(fitted * 3);
    await store.close();
  });

  it('keeps what was acknowledged when a process ends because its disk is full', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, join(disk, 'data')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) if (line !== 'open') acknowledged = Number(line);
    spawnSync('mount', ['-o', 'remount,size=64m', disk]);
    const store = new EmbeddedStore(join(disk, 'data'));
    const state = await store.open();
    expect(state.lastVersionMs).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(0);
    await store.close();
  });

  it('refuses to start, and says why, where nothing can be written', async () => {
    spawnSync('mount', ['-o', 'remount,ro', disk]);
    await expect(new EmbeddedStore(join(disk, 'data')).open()).rejects.toMatchObject({ code: 'configuration.store' });
  });
});

function mount(path: string, size: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status === 0;
}

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'tigateway-mount-'));
  const mounted = mount(probe, '64k');
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
}

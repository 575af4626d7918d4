import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationKey, Json, JsonObject } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  InMemorySource,
  type PipelineSettings,
  type RunningPipeline,
  runningPipeline,
} from '../../../../test/builders/running-pipeline.js';
import type { PendingChange, WriteRequest } from './configuration-api.js';

const UPDATE = { strategy: 'rolling', 'batch-size': 2, interval: '30s', timeout: '5m' };
const ROLLBACK = { 'rollback-window': '5m', 'min-requests': 20 };
const BY = { actor: 'tester' };
const IDS = ['a', 'b', 'c', 'd', 'e'];

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

function key(configId: string): ConfigurationKey {
  return { configType: 'route', configId };
}

function route(id: string, uri: string): JsonObject {
  return { id, uri, predicates: [`Path=/${id}/**`] };
}

function puts(uri: string, ids = IDS): WriteRequest[] {
  return ids.map((id) => ({ ...key(id), op: 'upsert', configuration: route(id, uri) }));
}

function file(uri: string, ids = IDS): string {
  return JSON.stringify({ routes: ids.map((id) => route(id, uri)) });
}

async function begin(settings: PipelineSettings = {}): Promise<void> {
  running = await runningPipeline(directory, source, { policy: { update: UPDATE, rollback: ROLLBACK }, ...settings });
}

/** Begins with all routes leading to what is old. */
async function beginWithFile(settings: PipelineSettings = {}): Promise<void> {
  source.write({ 'f.yaml': file('http://old.test') });
  await begin(settings);
}

async function pend(...requests: WriteRequest[]): Promise<PendingChange> {
  const outcome = await running.pipeline.write(requests, BY);
  if (outcome.kind !== 'pending') throw new Error('it went in at once');
  return outcome.pending;
}

function uriOf(id: string): string | undefined {
  const uri = (running.pipeline.get(key(id))?.configuration as JsonObject | undefined)?.['uri'] as string | undefined;
  return uri?.replace(/^http:..|\.test$/g, '');
}

const uris = (): (string | undefined)[] => IDS.map(uriOf);

function until(expected: (string | undefined)[], pending = 0): Promise<void> {
  return vi.waitFor(
    () => {
      expect(uris()).toEqual(expected);
      expect(running.pipeline.pending()).toHaveLength(pending);
    },
    { timeout: 60_000 },
  );
}

/** Lets what waits for the store come to rest: its answers come in the order of the questions. */
async function rest(): Promise<void> {
  for (let question = 0; question < 3; question++) await running.store.versions(key('nobody'));
}

async function pass(seconds: number): Promise<void> {
  await rest();
  for (let second = 0; second < seconds; second++) {
    await running.clock.advanceAsync(1_000);
    await rest();
  }
}

/** Lets seconds pass in which every route is asked; one that leads to what is bad fails. */
async function traffic(seconds: number, perSecond = 30): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (const compiled of await running.routes.routes()) {
      for (let index = 0; index < perSecond; index++)
        running.meter.count(compiled, compiled.definition.uri.includes('bad'));
    }
    await pass(1);
  }
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-rolling-'));
  source = new InMemorySource();
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('an update that goes in batch by batch', () => {
  it('by the API is answered after its first batch, and shows how far it is', async () => {
    await begin();
    const pending = await pend(...puts('http://one.test'));
    expect(pending).toMatchObject({ strategy: 'rolling', batch: { applied: 1, total: 3 } });
    expect(uris()).toEqual(['one', 'one', undefined, undefined, undefined]);
    expect(await running.store.versions(key('c'))).toEqual([]);
    await pass(29);
    expect(running.pipeline.pending()).toMatchObject([{ batch: { applied: 1, total: 3 } }]);
    await running.clock.advanceAsync(1_500);
    await until(['one', 'one', 'one', 'one', undefined], 1);
    await pass(31);
    await until(['one', 'one', 'one', 'one', 'one']);
    for (const id of IDS) expect(await running.store.versions(key(id))).toHaveLength(1);
    expect(running.advances).toMatchObject([
      { applied: 1, total: 3, keys: [key('a'), key('b')] },
      { applied: 2, total: 3 },
      { applied: 3, total: 3, keys: [key('e')] },
    ]);
    await running.stop();
    await begin({ clock: running.clock });
    expect(uris()).toEqual(['one', 'one', 'one', 'one', 'one']);
    expect(running.events).toEqual([]);
  });

  it('of no more than a batch goes in at once', async () => {
    await begin();
    expect(await running.pipeline.write(puts('http://one.test', ['a', 'b']), BY)).toMatchObject({ kind: 'applied' });
  });

  it('deletes batch by batch, too', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
    await pend(...IDS.map((id) => ({ ...key(id), op: 'delete' as const })));
    expect(uris()).toEqual([undefined, undefined, 'one', 'one', 'one']);
    await pass(62);
    await until([undefined, undefined, undefined, undefined, undefined]);
    expect((await running.store.versions(key('a'))).map(({ operation }) => operation)).toEqual(['delete', 'create']);
    await running.stop();
    await begin({ clock: running.clock });
    expect(await running.pipeline.list('route')).toEqual([]);
  });

  it('of a file goes in likewise, the first delivery at once', async () => {
    await beginWithFile();
    expect(uris()).toEqual(['old', 'old', 'old', 'old', 'old']);
    await source.change({ 'f.yaml': file('http://new.test') });
    await until(['new', 'new', 'old', 'old', 'old'], 1);
    await pass(62);
    await until(['new', 'new', 'new', 'new', 'new']);
    expect((await running.pipeline.status()).drift).toBe(false);
  });

  it('lets the next one wait for it', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    const next = await pend(...puts('http://two.test', ['a']));
    expect(next).toMatchObject({ batch: { applied: 0, total: 1 } });
    expect(uriOf('a')).toBe('one');
    await pass(63);
    await vi.waitFor(() => expect(uriOf('a')).toBe('two'), { timeout: 60_000 });
    await until(['two', 'one', 'one', 'one', 'one']);
  });

  it('takes what a file says while it goes in after it', async () => {
    await beginWithFile();
    await source.change({ 'f.yaml': file('http://new.test') });
    await until(['new', 'new', 'old', 'old', 'old'], 1);
    await source.change({ 'f.yaml': file('http://newer.test') });
    await until(['new', 'new', 'old', 'old', 'old'], 2);
    await pass(130);
    await vi.waitFor(
      async () => {
        await pass(5);
        expect(uris()).toEqual(['newer', 'newer', 'newer', 'newer', 'newer']);
      },
      { timeout: 60_000 },
    );
  });

  it('lets the update policy in meanwhile', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    const policy = { configType: 'global', configId: 'update-policy', op: 'upsert', configuration: {} } as const;
    expect(await running.pipeline.write([policy], BY)).toMatchObject({ kind: 'applied' });
  });
});

describe('all batches are taken back', () => {
  it('when one of them makes requests fail, and what a file says is barred', async () => {
    await beginWithFile();
    await traffic(2);
    const mixed = IDS.map((id) => route(id, id === 'c' ? 'http://bad.test' : 'http://new.test'));
    await source.change({ 'f.yaml': JSON.stringify({ routes: mixed }) });
    await traffic(31);
    await vi.waitFor(() => expect(uriOf('c')).toBe('bad'), { timeout: 60_000 });
    await traffic(5);
    await until(['old', 'old', 'old', 'old', 'old']);
    expect(await running.pipeline.status()).toMatchObject({
      drift: true,
      lastUpdate: { outcome: 'rolled-back' },
      rollbacks: [{ trigger: 'auto', detail: expect.stringContaining('failed') as string }],
    });
    expect((await running.store.versions(key('a')))[0]).toMatchObject({ operation: 'rollback' });
    await running.pipeline.refresh();
    await pass(62);
    expect(uris()).toEqual(['old', 'old', 'old', 'old', 'old']);
    await source.change({ 'f.yaml': file('http://third.test') });
    await pass(62);
    await until(['third', 'third', 'third', 'third', 'third']);
    expect((await running.pipeline.status()).drift).toBe(false);
  });

  it('when an earlier one begins to fail late', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
    await pend(...puts('http://bad.test'));
    await pass(31);
    await vi.waitFor(() => expect(uriOf('c')).toBe('bad'), { timeout: 60_000 });
    await traffic(4);
    await until(['one', 'one', 'one', 'one', 'one']);
  });

  it('when it takes longer than the timeout', async () => {
    const policy = { update: { ...UPDATE, timeout: '45s' }, rollback: ROLLBACK };
    await beginWithFile({ policy });
    await source.change({ 'f.yaml': file('http://new.test') });
    await pass(31);
    await vi.waitFor(() => expect(uriOf('c')).toBe('new'), { timeout: 60_000 });
    await pass(31);
    await until(['old', 'old', 'old', 'old', 'old']);
    expect((await running.pipeline.status()).rollbacks[0]?.detail).toContain('timeout');
  });

  it('when somebody cancels it', async () => {
    await begin();
    const { id } = await pend(...puts('http://one.test'));
    await running.pipeline.cancel(id, BY);
    expect(uris()).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(running.pipeline.pending()).toEqual([]);
    expect((await running.pipeline.status()).rollbacks).toMatchObject([{ trigger: 'manual' }]);
    expect(running.events.at(-1)).toMatchObject({ type: 'configuration_rollback', facts: { trigger: 'manual' } });
    await pass(120);
    expect(await running.pipeline.list('route')).toEqual([]);
  });

  it('when somebody rolls one of its configurations back', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
    const version = running.pipeline.get(key('a'))?.version as string;
    await pend(...puts('http://two.test'));
    await running.pipeline.rollback(key('a'), version, BY);
    expect(uris()).toEqual(['one', 'one', 'one', 'one', 'one']);
  });

  it('when the process ends in the middle; it begins anew then', async () => {
    await beginWithFile();
    await pend(...puts('http://one.test'));
    await running.stop();
    await begin({ clock: running.clock });
    expect(uris()).toEqual(['old', 'old', 'old', 'old', 'old']);
    expect((await running.store.versions(key('a')))[0]).toMatchObject({ operation: 'update', actor: 'start' });
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
  });
});

describe('an update that is through', () => {
  it('is watched as one change, and taken back whole', async () => {
    await begin();
    await pend(...puts('http://one.test'));
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
    await pend(...puts('http://bad.test'));
    await pass(62);
    await until(['bad', 'bad', 'bad', 'bad', 'bad']);
    await traffic(4);
    await until(['one', 'one', 'one', 'one', 'one']);
    expect((await running.pipeline.status()).rollbacks).toMatchObject([{ trigger: 'auto' }]);
  });

  it.each([
    ['watched', true, 'one'],
    ['not watched where the policy says so', false, 'bad'],
  ])('is %s', async (_, watched, left) => {
    await begin({ policy: { update: UPDATE, rollback: { ...ROLLBACK, 'auto-rollback': watched } } });
    await pend(...puts('http://one.test'));
    await pass(62);
    await until(['one', 'one', 'one', 'one', 'one']);
    await pend(...puts('http://bad.test'));
    await traffic(5);
    await vi.waitFor(() => expect(uriOf('a')).toBe(left), { timeout: 60_000 });
  });
});

it('keeps a filter and the routes that it names in one batch', async () => {
  await begin();
  const filter: Json = { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['e'] };
  await pend(...puts('http://one.test'), { configType: 'filter', configId: 'f', op: 'upsert', configuration: filter });
  for (let batch = 0; batch < 4; batch++) {
    const isThere = running.pipeline.get({ configType: 'filter', configId: 'f' }) !== undefined;
    expect(isThere).toBe(uriOf('e') !== undefined);
    await pass(31);
  }
  await until(['one', 'one', 'one', 'one', 'one']);
});

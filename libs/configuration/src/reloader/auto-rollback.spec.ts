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
import type { WriteRequest } from './configuration-api.js';

const POLICY = { rollback: { 'rollback-window': '1m', 'min-requests': 20, 'rollback-threshold': 0.1 } };
const A = key('a');

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

function key(configId: string): ConfigurationKey {
  return { configType: 'route', configId };
}

function route(id: string, uri = 'http://good.test'): JsonObject {
  return { id, uri, predicates: [`Path=/${id}/**`] };
}

function file(...routes: Json[]): string {
  return JSON.stringify({ routes });
}

async function begin(settings: PipelineSettings = {}): Promise<void> {
  running = await runningPipeline(directory, source, { policy: POLICY, ...settings });
}

async function write(...requests: WriteRequest[]): Promise<void> {
  await running.pipeline.write(requests, { actor: 'tester' });
}

function put(...routes: JsonObject[]): Promise<void> {
  return write(
    ...routes.map((configuration) => ({ ...key(configuration['id'] as string), op: 'upsert' as const, configuration })),
  );
}

function uriOf(id: string): Json | undefined {
  return (running.pipeline.get(key(id))?.configuration as JsonObject | undefined)?.['uri'];
}

/** Lets seconds pass in which routes answer; a route that leads to what is bad fails. */
async function traffic(seconds: number, perSecond: Readonly<Record<string, number>>, isOutage = false): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (const [id, requests] of Object.entries(perSecond)) {
      for (let index = 0; index < requests; index++) {
        const compiled = running.routes.route(id);
        if (compiled) running.meter.count(compiled, isOutage || compiled.definition.uri.includes('bad'));
      }
    }
    await running.clock.advanceAsync(1_000);
  }
}

function rolledBack(): Promise<void> {
  return vi.waitFor(async () => expect((await running.pipeline.status()).rollbacks).toHaveLength(1), {
    timeout: 60_000,
  });
}

async function notRolledBack(): Promise<void> {
  expect((await running.pipeline.status()).rollbacks).toEqual([]);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-auto-'));
  source = new InMemorySource();
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a change that makes requests fail', () => {
  it('through the API is taken back, with the numbers that decided', async () => {
    await begin();
    await put(route('a'), route('b'));
    const first = running.pipeline.get(A)?.version;
    await traffic(5, { a: 50, b: 50 });
    await put(route('a', 'http://bad.test'));
    const second = running.pipeline.get(A)?.version;
    await traffic(5, { a: 50, b: 50 });
    await rolledBack();
    expect(uriOf('a')).toBe('http://good.test');
    const [newest] = await running.store.versions(A);
    expect(newest).toMatchObject({ operation: 'rollback', rollbackOf: first, actor: 'auto-rollback' });
    expect(newest?.reason).toMatch(/after the change \d+ of \d+ failed \(100 %\); before it 0 of 250 failed/);
    expect(running.events.at(-1)).toMatchObject({
      type: 'configuration_rollback',
      facts: { trigger: 'auto', from: second, to: newest?.version, rollbackOf: first, reason: newest?.reason },
    });
    expect(await running.pipeline.status()).toMatchObject({
      rollbacks: [{ trigger: 'auto', keys: [A], version: newest?.version }],
      lastUpdate: { outcome: 'rolled-back' },
      drift: false,
    });
  });

  it('is taken back whole, and nothing beside it', async () => {
    await begin();
    await put(route('a'), route('b'), route('c'));
    await put(route('a', 'http://bad.test'), route('b', 'http://other.test'), route('new', 'http://bad.test'));
    await put(route('c', 'http://fine.test'));
    await traffic(4, { a: 30, b: 10 });
    await rolledBack();
    expect(['a', 'b', 'c', 'new'].map(uriOf)).toEqual([
      'http://good.test',
      'http://good.test',
      'http://fine.test',
      undefined,
    ]);
  });

  it('leaves alone what somebody has changed since', async () => {
    await begin();
    await put(route('a'), route('b'));
    await put(route('a', 'http://bad.test'), route('b', 'http://bad.test'));
    await put(route('b', 'http://repaired.test'));
    await traffic(4, { a: 30 });
    await rolledBack();
    expect([uriOf('a'), uriOf('b')]).toEqual(['http://good.test', 'http://repaired.test']);
  });

  it('of a file is barred until the file says something else, over a restart too', async () => {
    await begin();
    await source.change({ 'f.yaml': file(route('a')) });
    await source.change({ 'f.yaml': file(route('a', 'http://bad.test')) });
    await traffic(4, { a: 50 });
    await rolledBack();
    expect(uriOf('a')).toBe('http://good.test');
    expect(await running.pipeline.status()).toMatchObject({ drift: true, held: [{ configId: 'a', source: 'file' }] });
    await running.pipeline.refresh();
    await running.stop();
    await begin({ clock: running.clock });
    expect(uriOf('a')).toBe('http://good.test');
    await source.change({ 'f.yaml': file(route('a', 'http://third.test')) });
    expect([uriOf('a'), (await running.pipeline.status()).drift]).toEqual(['http://third.test', false]);
  });

  it('by a filter or a setting for all routes is taken back', async () => {
    await begin();
    await put(route('a'));
    await write({ configType: 'global', configId: 'default-filters', op: 'upsert', configuration: ['StripPrefix=1'] });
    await traffic(3, { a: 30 }, true);
    await rolledBack();
    expect(running.pipeline.get({ configType: 'global', configId: 'default-filters' })).toBeUndefined();
    await running.clock.advanceAsync(61_000);
    await write({
      configType: 'filter',
      configId: 'f',
      op: 'upsert',
      configuration: { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['a'] },
    });
    await traffic(3, { a: 30 }, true);
    await vi.waitFor(async () => expect((await running.pipeline.status()).rollbacks).toHaveLength(2), {
      timeout: 60_000,
    });
    expect(await running.pipeline.list('filter')).toEqual([]);
  });

  it('is taken back after a restart within the window too', async () => {
    await begin();
    await source.change({ 'f.yaml': file(route('f')) });
    await source.change({ 'f.yaml': file(route('f', 'http://bad.test')) });
    await put(route('a'));
    await put(route('a', 'http://bad.test'));
    await running.stop();
    await begin({ clock: running.clock });
    expect([uriOf('a'), uriOf('f')]).toEqual(['http://bad.test', 'http://bad.test']);
    await traffic(4, { a: 50, f: 50 });
    await vi.waitFor(() => expect([uriOf('a'), uriOf('f')]).toEqual(['http://good.test', 'http://good.test']), {
      timeout: 60_000,
    });
  });

  it('is taken back once the store is there again', async () => {
    await begin({ policy: { ...POLICY, update: { retry: { 'max-attempts': 1 } } } });
    await put(route('a'));
    await put(route('a', 'http://bad.test'));
    await running.store.close();
    await traffic(4, { a: 50 });
    await notRolledBack();
    expect(uriOf('a')).toBe('http://bad.test');
    await running.store.open();
    await traffic(2, { a: 50 });
    await rolledBack();
    expect(uriOf('a')).toBe('http://good.test');
  });
});

describe('of two changes that meet on a route', () => {
  it('the newer is taken back first, and the older only if requests go on failing', async () => {
    await begin();
    await put(route('a'));
    await running.clock.advanceAsync(61_000);
    await put(route('a', 'http://fine.test'));
    await write({
      configType: 'filter',
      configId: 'f',
      op: 'upsert',
      configuration: { id: 'f', name: 'StripPrefix', args: { parts: 1 } },
    });
    await traffic(3, { a: 30 }, true);
    await rolledBack();
    expect([uriOf('a'), await running.pipeline.list('filter')]).toEqual(['http://fine.test', []]);
    await traffic(5, { a: 30 });
    expect((await running.pipeline.status()).rollbacks).toHaveLength(1);
    await traffic(10, { a: 30 }, true);
    await vi.waitFor(() => expect(uriOf('a')).toBe('http://good.test'), { timeout: 60_000 });
  });
});

describe('nothing is taken back', () => {
  it('when the window is over', async () => {
    await begin();
    await put(route('a'));
    await put(route('a', 'http://bad.test'));
    await running.clock.advanceAsync(61_000);
    await traffic(5, { a: 50 });
    await notRolledBack();
  });

  it('when there are too few requests', async () => {
    await begin();
    await put(route('a', 'http://bad.test'));
    await traffic(19, { a: 1 });
    await notRolledBack();
  });

  it('when everything fails at once', async () => {
    await begin();
    await put(route('a'), route('b'));
    await running.clock.advanceAsync(120_000);
    await put(route('a', 'http://other.test'));
    await traffic(10, { a: 50, b: 50 });
    await traffic(20, { a: 50, b: 50 }, true);
    await notRolledBack();
  });

  it('when it was broken before', async () => {
    await begin();
    await put(route('a', 'http://bad.test'));
    await running.clock.advanceAsync(61_000);
    await traffic(20, { a: 50 });
    await put(route('a', 'http://bad-too.test'));
    await traffic(20, { a: 50 });
    await notRolledBack();
  });

  it.each([
    ['auto-rollback', { 'auto-rollback': false }],
    ['rollbacks', { enabled: false }],
  ])('when the policy switches %s off, also while a change is watched', async (_, off) => {
    await begin();
    await put(route('a'));
    await put(route('a', 'http://bad.test'));
    await write({ configType: 'global', configId: 'update-policy', op: 'upsert', configuration: { rollback: off } });
    await traffic(5, { a: 50 });
    await notRolledBack();
  });

  it('of the first delivery of a source: there is nothing to go back to', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://bad.test')) });
    await begin();
    await traffic(5, { a: 50 });
    await notRolledBack();
  });
});

describe('the policy', () => {
  it('of threshold and requests counts as it is when it is asked', async () => {
    await begin({ policy: { rollback: { ...POLICY.rollback, 'rollback-threshold': 1 } } });
    await put(route('a'));
    await put(route('a', 'http://bad.test'));
    await traffic(5, { a: 50 });
    await notRolledBack();
    await write({ configType: 'global', configId: 'update-policy', op: 'upsert', configuration: POLICY });
    await traffic(3, { a: 50 });
    await rolledBack();
  });

  it('of rollbacks leaves nothing stored behind when a window is over', async () => {
    await begin();
    await put(route('a'));
    await running.clock.advanceAsync(62_000);
    await running.stop();
    const { pending } = await running.store.open();
    expect(pending).toEqual([]);
  });
});

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

const HOUR_MS = 3_600_000;
/** The clock begins at midnight. */
const UPDATE = { strategy: 'scheduled', schedule: '0 3 * * *', timezone: 'UTC', 'misfire-limit': '1h' };
const BY = { actor: 'tester' };

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

function key(configId: string): ConfigurationKey {
  return { configType: 'route', configId };
}

function route(id: string, uri: string): JsonObject {
  return { id, uri, predicates: [`Path=/${id}/**`] };
}

function put(id: string, uri: string): WriteRequest {
  return { ...key(id), op: 'upsert', configuration: route(id, uri) };
}

function file(...routes: Json[]): string {
  return JSON.stringify({ routes });
}

async function begin(settings: PipelineSettings = {}): Promise<void> {
  running = await runningPipeline(directory, source, { policy: { update: UPDATE }, ...settings });
}

async function restart(settings: PipelineSettings = {}): Promise<void> {
  await running.stop();
  await begin({ clock: running.clock, ...settings });
}

async function pend(...requests: WriteRequest[]): Promise<PendingChange> {
  const outcome = await running.pipeline.write(requests, { ...BY, reason: 'because' });
  if (outcome.kind !== 'pending') throw new Error('it went in');
  return outcome.pending;
}

function uriOf(id: string): Json | undefined {
  return (running.pipeline.get(key(id))?.configuration as JsonObject | undefined)?.['uri'];
}

function inForce(uris: Readonly<Record<string, Json | undefined>>): Promise<void> {
  return vi.waitFor(
    () => {
      expect(Object.fromEntries(Object.keys(uris).map((id) => [id, uriOf(id)]))).toEqual(uris);
      expect(running.pipeline.pending()).toEqual([]);
    },
    { timeout: 60_000 },
  );
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-scheduled-'));
  source = new InMemorySource();
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a change by the API', () => {
  it('waits for its time, is seen until then, and makes its version when it goes in', async () => {
    await begin();
    const pending = await pend(put('a', 'http://one.test'));
    expect(pending).toMatchObject({
      strategy: 'scheduled',
      dueAt: '2026-01-01T03:00:00.000Z',
      actor: 'tester',
      changes: [{ op: 'upsert', configId: 'a' }],
    });
    expect((await running.pipeline.status()).pending).toEqual([pending]);
    await running.clock.advanceAsync(3 * HOUR_MS - 1);
    expect([uriOf('a'), await running.store.versions(key('a'))]).toEqual([undefined, []]);
    await running.clock.advanceAsync(60_000);
    await inForce({ a: 'http://one.test' });
    expect(await running.store.versions(key('a'))).toMatchObject([{ actor: 'tester', reason: 'because' }]);
    expect(running.events).toMatchObject([{ type: 'configuration_update' }]);
  });

  it('replaces what waits for the same configuration, in part too', async () => {
    await begin();
    const first = await pend(put('a', 'http://one.test'), put('b', 'http://one.test'));
    const second = await pend(put('a', 'http://two.test'));
    expect(running.pipeline.pending()).toMatchObject([
      { id: first.id, changes: [{ configId: 'b' }] },
      { id: second.id, changes: [{ configId: 'a' }] },
    ]);
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://two.test', b: 'http://one.test' });
  });

  it('that goes in at once replaces what waits', async () => {
    await begin({ policy: {} });
    await running.pipeline.write([put('a', 'http://one.test')], BY);
    const version = running.pipeline.get(key('a'))?.version as string;
    await running.pipeline.write([put('a', 'http://two.test')], BY);
    const policy = { configType: 'global', configId: 'update-policy' } as const;
    await running.pipeline.write([{ ...policy, op: 'upsert', configuration: { update: UPDATE } }], BY);
    await pend(put('a', 'http://three.test'));
    await running.pipeline.rollback(key('a'), version, BY);
    expect(uriOf('a')).toBe('http://one.test');
    expect(running.pipeline.pending()).toEqual([]);
    await pend(put('a', 'http://three.test'));
    await running.pipeline.write([{ ...policy, op: 'delete' }], BY);
    await running.pipeline.write([put('a', 'http://four.test')], BY);
    expect([uriOf('a'), running.pipeline.pending()]).toEqual(['http://four.test', []]);
  });

  it('is validated with what will be there by then', async () => {
    await begin();
    await pend(put('a', 'http://one.test'));
    await pend({
      configType: 'filter',
      configId: 'f',
      op: 'upsert',
      configuration: { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['a'] },
    });
    await expect(pend(put('b', 'nowhere'))).rejects.toMatchObject({ code: 'configuration.invalid' });
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://one.test' });
    expect(await running.pipeline.list('filter')).toHaveLength(1);
  });

  it('is validated again when its time comes, refused where it is wrong by then, and told', async () => {
    await begin();
    const filter = { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['a'] };
    await source.change({ 'f.yaml': file(route('a', 'http://file.test')) });
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://file.test' });
    const pending = await pend({ configType: 'filter', configId: 'f', op: 'upsert', configuration: filter });
    await running.pipeline.write(
      [{ configType: 'global', configId: 'update-policy', op: 'upsert', configuration: {} }],
      BY,
    );
    await source.change({ 'f.yaml': undefined });
    expect(uriOf('a')).toBeUndefined();
    await running.clock.advanceAsync(24 * HOUR_MS + 60_000);
    await vi.waitFor(() => expect(running.pipeline.pending()).toEqual([]), { timeout: 60_000 });
    expect(await running.pipeline.list('filter')).toEqual([]);
    expect(running.events.at(-1)).toMatchObject({
      type: 'configuration_rejected',
      facts: { source: 'api', position: { document: pending.id }, errors: [{ code: 'unknown-route' }] },
    });
    expect((await running.pipeline.status()).lastUpdate).toMatchObject({ outcome: 'rejected' });
  });

  it('without effect does not wait', async () => {
    await begin();
    await pend(put('a', 'http://one.test'));
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://one.test' });
    expect(await running.pipeline.write([put('a', 'http://one.test')], BY)).toMatchObject({ kind: 'applied' });
  });

  it('of the update policy never waits, and cannot be in one batch with what does', async () => {
    await begin();
    const policy = {
      configType: 'global',
      configId: 'update-policy',
      op: 'upsert',
      configuration: { update: UPDATE, history: { 'max-versions': 3 } },
    } as const;
    expect(await running.pipeline.write([policy], BY)).toMatchObject({ kind: 'applied' });
    const both = running.pipeline.write([{ ...policy, pointer: '/changes/0' }, put('a', 'http://one.test')], BY);
    await expect(both).rejects.toMatchObject({ problems: [{ pointer: '/changes/0', code: 'never-waits' }] });
  });

  it('survives a restart, and can be cancelled after it', async () => {
    await begin();
    const kept = await pend(put('a', 'http://one.test'));
    const cancelled = await pend(put('b', 'http://one.test'));
    await restart();
    expect(running.pipeline.pending()).toEqual([kept, cancelled]);
    expect(await running.pipeline.cancel(cancelled.id, BY)).toEqual(cancelled);
    await expect(running.pipeline.cancel(cancelled.id, BY)).rejects.toMatchObject({
      code: 'configuration.pending-not-found',
    });
    await restart();
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://one.test', b: undefined });
  });

  it('is caught up where its time was missed by little', async () => {
    await begin();
    await pend(put('a', 'http://one.test'));
    await running.stop();
    running.clock.advance(4 * HOUR_MS - 1_000);
    await begin({ clock: running.clock });
    await running.clock.advanceAsync(10);
    await inForce({ a: 'http://one.test' });
  });

  it('waits for the next time where its own was missed by more than the limit, and says so', async () => {
    await begin();
    const { id } = await pend(put('a', 'http://one.test'));
    await running.stop();
    running.clock.advance(5 * HOUR_MS);
    await begin({ clock: running.clock });
    await running.clock.advanceAsync(10);
    await vi.waitFor(
      () =>
        expect(running.pipeline.pending()).toMatchObject([
          { id, dueAt: '2026-01-02T03:00:00.000Z', missedAt: '2026-01-01T03:00:00.000Z' },
        ]),
      { timeout: 60_000 },
    );
    expect((await running.pipeline.status()).lastUpdate).toMatchObject({
      outcome: 'rejected',
      detail: expect.any(String),
    });
    await running.clock.advanceAsync(22 * HOUR_MS + 60_000);
    await inForce({ a: 'http://one.test' });
  });

  it('goes in once the store is there again', async () => {
    await begin({ policy: { update: { ...UPDATE, retry: { 'max-attempts': 1 } } } });
    await pend(put('a', 'http://one.test'));
    await running.store.close();
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    expect([uriOf('a'), running.pipeline.pending().length]).toEqual([undefined, 1]);
    await running.store.open();
    await running.clock.advanceAsync(2_000);
    await inForce({ a: 'http://one.test' });
  });
});

describe('a change of a file', () => {
  it('waits, is replaced by the next one, and goes in as it is when its time comes', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    expect(uriOf('a')).toBe('http://one.test');
    await source.change({ 'f.yaml': file(route('a', 'http://two.test'), route('b', 'http://two.test')) });
    const [first] = running.pipeline.pending();
    expect(first).toMatchObject({ source: 'file', changes: [{ configId: 'a' }, { configId: 'b' }] });
    await source.change({ 'f.yaml': file(route('a', 'http://three.test')) });
    expect(running.pipeline.pending()).toMatchObject([{ id: first?.id, changes: [{ configId: 'a' }] }]);
    expect(uriOf('a')).toBe('http://one.test');
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://three.test', b: undefined });
  });

  it('that goes back to what is in force waits no longer', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    await source.change({ 'f.yaml': file(route('a', 'http://two.test')) });
    await source.change({ 'f.yaml': file(route('a', 'http://one.test')) });
    expect(running.pipeline.pending()).toEqual([]);
  });

  it('survives a restart with its time', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    await source.change({ 'f.yaml': file(route('a', 'http://two.test')) });
    const before = running.pipeline.pending();
    await running.clock.advanceAsync(HOUR_MS);
    await restart();
    expect(uriOf('a')).toBe('http://one.test');
    expect(running.pipeline.pending()).toEqual(before);
    await running.clock.advanceAsync(2 * HOUR_MS + 60_000);
    await inForce({ a: 'http://two.test' });
  });

  it('that is cancelled stays out until the file says something else', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    await source.change({ 'f.yaml': file(route('a', 'http://two.test'), route('new', 'http://two.test')) });
    const [pending] = running.pipeline.pending();
    await running.pipeline.cancel(pending?.id as string, BY);
    expect(await running.pipeline.status()).toMatchObject({ pending: [], drift: true });
    await running.clock.advanceAsync(4 * HOUR_MS);
    await running.pipeline.refresh();
    expect([uriOf('a'), uriOf('new')]).toEqual(['http://one.test', undefined]);
    await source.change({ 'f.yaml': file(route('a', 'http://three.test')) });
    await running.clock.advanceAsync(24 * HOUR_MS);
    await inForce({ a: 'http://three.test', new: undefined });
    expect((await running.pipeline.status()).drift).toBe(false);
  });

  it('tells what it refuses at once, and only once', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    await source.change({ 'f.yaml': file(route('a', 'http://two.test')), 'g.yaml': file({ id: 'g' }) });
    await source.change({ 'f.yaml': file(route('a', 'http://three.test')) });
    expect(running.events.filter(({ type }) => type === 'configuration_rejected')).toHaveLength(1);
    expect(running.pipeline.sources()[1]?.rejected).toMatchObject([{ document: 'g.yaml' }]);
  });

  it('of the update policy does not wait, also beside routes that do', async () => {
    source.write({ 'f.yaml': file(route('a', 'http://one.test')) });
    await begin();
    const globals = { 'update-policy': { update: UPDATE, history: { 'max-versions': 3 } } };
    await source.change({ 'f.yaml': JSON.stringify({ routes: [route('a', 'http://two.test')], globals }) });
    expect(running.pipeline.get({ configType: 'global', configId: 'update-policy' })).toBeDefined();
    expect(uriOf('a')).toBe('http://one.test');
    await running.clock.advanceAsync(3 * HOUR_MS + 60_000);
    await inForce({ a: 'http://two.test' });
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationKey, Json, JsonObject } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';
import type { WriteRequest } from './configuration-api.js';

const BY = { actor: 'tester' };
const A: ConfigurationKey = { configType: 'route', configId: 'a' };
const NOTIFICATION: ConfigurationKey = { configType: 'global', configId: 'notification' };

function route(id: string, uri = 'http://one.test', more: JsonObject = {}): JsonObject {
  return { id, uri, predicates: [`Path=/${id}/**`], ...more };
}

function put(key: ConfigurationKey, configuration: Json, more: Partial<WriteRequest> = {}): WriteRequest {
  return { ...key, op: 'upsert', configuration, ...more };
}

function remove(key: ConfigurationKey): WriteRequest {
  return { ...key, op: 'delete' };
}

function file(...routes: Json[]): string {
  return JSON.stringify({ routes });
}

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

async function restart(policy: Json = {}): Promise<void> {
  await running.stop();
  running = await runningPipeline(directory, source, { policy });
}

async function write(...requests: WriteRequest[]): Promise<string[]> {
  const outcome = await running.pipeline.write(requests, BY);
  if (outcome.kind !== 'applied') throw new Error('it waits');
  return outcome.versions.map(({ version }) => version);
}

function uriOf(id = 'a'): Json | undefined {
  const configuration = running.pipeline.get({ configType: 'route', configId: id })?.configuration;
  return (configuration as JsonObject | undefined)?.['uri'];
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-pipeline-'));
  source = new InMemorySource();
  running = await runningPipeline(directory, source);
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a write', () => {
  it('is in force and recorded once it is answered', async () => {
    const [version] = await write(put(A, route('a')));
    expect(running.pipeline.get(A)).toMatchObject({ version, source: 'api', configuration: route('a') });
    expect(running.routes.route('a')).toBeDefined();
    expect(await running.store.versions(A)).toMatchObject([{ version, operation: 'create', actor: 'tester' }]);
    expect(running.events).toMatchObject([{ type: 'configuration_update', facts: { configId: 'a', version } }]);
  });

  it('without effect keeps its version and tells nobody', async () => {
    const first = await write(put(A, route('a')));
    expect(await write(put(A, route('a')))).toEqual(first);
    expect(running.events).toHaveLength(1);
  });

  it.each<[what: string, request: WriteRequest, code: string]>([
    ['an unknown id is deleted', remove({ ...A, configId: 'nobody' }), 'configuration.not-found'],
    ['what a file alone defines is deleted', remove({ ...A, configId: 'f' }), 'configuration.conflict'],
    [
      'another version is in force',
      put(A, route('a', 'http://two.test'), { ifMatch: 'v1' }),
      'configuration.precondition',
    ],
    ['it must not exist and does', put(A, route('a'), { ifNoneMatch: true }), 'configuration.precondition'],
    ['it is not valid', put(A, { id: 'a' }), 'configuration.invalid'],
  ])('is refused where %s', async (_, request, code) => {
    await source.change({ 'f.yaml': file(route('f')) });
    await write(put(A, route('a')));
    const before = (await running.pipeline.status()).hash;
    await expect(write(request)).rejects.toMatchObject({ code });
    expect((await running.pipeline.status()).hash).toBe(before);
  });

  it('of many changes everything or nothing', async () => {
    const b = { ...A, configId: 'b' };
    await expect(write(put(A, route('a')), put(b, { id: 'b' }))).rejects.toMatchObject({
      code: 'configuration.invalid',
    });
    expect(running.pipeline.get(A)).toBeUndefined();
    expect(new Set(await write(put(A, route('a')), put(b, route('b')))).size).toBe(2);
  });

  it('that is only tried changes nothing', async () => {
    const report = await running.pipeline.preview([put(A, route('a'))]);
    expect(report).toMatchObject({ valid: true, changes: [{ op: 'upsert', configId: 'a' }] });
    expect(await running.pipeline.preview([put(A, { id: 'a' })])).toMatchObject({ valid: false });
    expect(running.pipeline.get(A)).toBeUndefined();
  });

  it('that the store does not take changes nothing', async () => {
    await restart({ update: { retry: { 'max-attempts': 1 } } });
    await write(put(A, route('a')));
    const hash = (await running.pipeline.status()).hash;
    await running.store.close();
    const lost = running.pipeline.write([put(A, route('a', 'http://two.test'))], BY);
    await expect(lost).rejects.toMatchObject({ code: 'configuration.store' });
    expect((await running.pipeline.status()).hash).toBe(hash);
    expect(running.events).toHaveLength(1);
  });

  it('warns who deletes a route that a filter names', async () => {
    const filter = { configType: 'filter', configId: 'f' } as const;
    await write(put(A, route('a')), put(filter, { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['a'] }));
    const outcome = await running.pipeline.write([remove(A)], BY);
    expect(outcome).toMatchObject({ warnings: [{ code: 'named-by-filter' }] });
  });
});

describe('what several sources define', () => {
  it("comes back with the file's as one version when the API's goes", async () => {
    await source.change({ 'f.yaml': file(route('a', 'http://file.test')) });
    await write(put(A, route('a', 'http://api.test')));
    expect(uriOf()).toBe('http://api.test');
    const [version] = await write(remove(A));
    expect(running.pipeline.get(A)).toMatchObject({ source: 'file', version });
    expect(await running.store.versions(A)).toHaveLength(3);
  });
});

describe('a rollback', () => {
  it('writes what the API had before, and a deletion again', async () => {
    const [first] = await write(put(A, route('a')));
    await write(put(A, route('a', 'http://two.test')));
    const made = await running.pipeline.rollback(A, first as string, BY);
    expect(made).toMatchObject({ operation: 'rollback', rollbackOf: first });
    expect(uriOf()).toBe('http://one.test');
    expect(running.events.at(-1)).toMatchObject({ type: 'configuration_rollback', facts: { to: made.version } });
    expect((await running.pipeline.status()).drift).toBe(false);
  });

  it('of what was deleted takes the deletion away', async () => {
    const [first] = await write(put(A, route('a')));
    const [gone] = await write({ ...A, op: 'delete' });
    const made = await running.pipeline.rollback(A, first as string, BY);
    expect(uriOf()).toBe('http://one.test');
    const facts = { from: gone, to: made.version, rollbackOf: first };
    expect(running.events.at(-1)).toMatchObject({ type: 'configuration_rollback', facts });
  });

  it("holds against a file until the file's content changes, over a restart too", async () => {
    await source.change({ 'f.yaml': file(route('a')) });
    const first = running.pipeline.get(A)?.version as string;
    await source.change({ 'f.yaml': file(route('a', 'http://two.test')) });
    const { version } = await running.pipeline.rollback(A, first, BY);
    expect(uriOf()).toBe('http://one.test');
    await restart();
    expect(running.pipeline.get(A)).toMatchObject({ version });
    expect(await running.pipeline.status()).toMatchObject({ drift: true, held: [{ configId: 'a' }] });
    await source.change({ 'f.yaml': file(route('a', 'http://three.test')) });
    expect(uriOf()).toBe('http://three.test');
    expect((await running.pipeline.status()).drift).toBe(false);
  });

  it('ends its hold when the barred content is chosen again, by rollback or by a write', async () => {
    await source.change({ 'f.yaml': file(route('a')) });
    const first = running.pipeline.get(A)?.version as string;
    await source.change({ 'f.yaml': file(route('a', 'http://two.test')) });
    const second = running.pipeline.get(A)?.version as string;
    await running.pipeline.rollback(A, first, BY);
    await running.pipeline.rollback(A, second, BY);
    expect([uriOf(), (await running.pipeline.status()).drift]).toEqual(['http://two.test', false]);
    await running.pipeline.rollback(A, first, BY);
    await write(put(A, route('a', 'http://two.test')));
    expect([uriOf(), (await running.pipeline.status()).drift]).toEqual(['http://two.test', false]);
  });

  it('of a deletion in a file is ended by a deletion', async () => {
    await source.change({ 'f.yaml': file(route('a')) });
    const first = running.pipeline.get(A)?.version as string;
    await source.change({ 'f.yaml': undefined });
    await running.pipeline.rollback(A, first, BY);
    expect(uriOf()).toBe('http://one.test');
    await write(remove(A));
    expect([uriOf(), (await running.pipeline.status()).drift]).toEqual([undefined, false]);
  });
});

describe('a restart', () => {
  it('keeps versions and state', async () => {
    await source.change({ 'f.yaml': file(route('f')) });
    await write(put(A, route('a')));
    const before = await running.pipeline.list('route');
    const { hash } = await running.pipeline.status();
    await restart();
    expect(await running.pipeline.list('route')).toEqual(before);
    expect((await running.pipeline.status()).hash).toBe(hash);
    expect(running.events).toEqual([]);
  });
});

describe('a document', () => {
  it('that is wrong keeps its last good content and is rejected once', async () => {
    await source.change({ 'f.yaml': file(route('a'), route('b')), 'g.yaml': file(route('g')) });
    await source.change({ 'f.yaml': file(route('a', 'http://two.test'), { id: 'b' }), 'g.yaml': file(route('h')) });
    await running.pipeline.refresh();
    expect([uriOf('a'), uriOf('b'), uriOf('g'), uriOf('h')].map(Boolean)).toEqual([true, true, false, true]);
    expect(uriOf('a')).toBe('http://one.test');
    expect(running.events.filter(({ type }) => type === 'configuration_rejected')).toHaveLength(1);
  });

  it('that cannot be compiled keeps no other out while validation is off', async () => {
    await restart({ validation: { enabled: false } });
    source.write({ 'f.yaml': file({ id: 'a', uri: 'http://a.test', predicates: ['Unheard=of'] }) });
    source.write({ 'g.yaml': file(route('g')) });
    await running.pipeline.refresh();
    expect([uriOf('a'), uriOf('g')]).toEqual([undefined, 'http://one.test']);
    expect((await running.pipeline.status()).sources[1]?.rejected).toMatchObject([{ document: 'f.yaml' }]);
  });

  it('loses only its broken object where the policy says so', async () => {
    await restart({ validation: { 'on-invalid': 'object' } });
    await source.change({ 'f.yaml': `${file(route('a'))}\n---\n${file(route('b'))}` });
    await source.change({ 'f.yaml': `${file(route('a', 'http://two.test'))}\n---\n${file({ id: 'b' })}` });
    expect([uriOf('a'), uriOf('b')]).toEqual(['http://two.test', 'http://one.test']);
  });

  it.each([['a first'], ['b first']])('that is later in name order loses a double id: %s', async (order) => {
    const texts: [string, string][] = [
      ['a.yaml', file(route('a'))],
      ['b.yaml', file(route('a', 'http://two.test'))],
    ];
    for (const [name, text] of order === 'a first' ? texts : texts.reverse()) await source.change({ [name]: text });
    expect(uriOf()).toBe('http://one.test');
    expect((await running.pipeline.status()).sources[1]?.rejected).toMatchObject([{ document: 'b.yaml' }]);
    await source.change({ 'a.yaml': undefined });
    expect(uriOf()).toBe('http://two.test');
  });

  it('that drops too much is held back until it is confirmed', async () => {
    await restart({ validation: { 'max-deletions': 0.5 } });
    const many = Array.from({ length: 10 }, (_, index) => route(`r${index}`));
    await source.change({ 'f.yaml': file(...many) });
    await source.change({ 'f.yaml': file(many[0] as Json) });
    expect((await running.pipeline.status()).sources[1]?.heldBack).toEqual({ deletions: 9, of: 10 });
    expect(await running.pipeline.list('route')).toHaveLength(10);
    await running.pipeline.refresh('file');
    expect(await running.pipeline.list('route')).toHaveLength(1);
  });
});

describe('secrets', () => {
  it('are masked in events and export, and stay when *** is sent back', async () => {
    const secret = { webhook: { enabled: true, url: 'https://hook.test', secret: 'hush' } };
    await write(put(NOTIFICATION, secret));
    await write(put(NOTIFICATION, { webhook: { ...secret.webhook, secret: '***', enabled: false } }));
    expect(running.pipeline.get(NOTIFICATION)?.configuration).toMatchObject({ webhook: { secret: 'hush' } });
    const shown = JSON.stringify([running.events, await running.pipeline.export()]);
    expect(shown).not.toContain('hush');
  });
});

describe('a secret that nobody has said yet', () => {
  it('cannot be kept', async () => {
    const unknown = write(put(NOTIFICATION, { webhook: { secret: '***' } }));
    await expect(unknown).rejects.toMatchObject({ problems: [{ pointer: '/webhook/secret', code: 'unknown-secret' }] });
  });
});

describe('an export', () => {
  it('read by the file source gives the same state', async () => {
    const other = new InMemorySource();
    const folder = mkdtempSync(join(tmpdir(), 'tigateway-export-'));
    await write(put(A, route('a', 'http://one.test', { order: 3 })), put({ ...A, configId: 'b' }, route('b')));
    await write(put({ configType: 'global', configId: 'anything' }, { deep: [1, null, { x: 'y' }] }));
    other.write({ 'export.yaml': JSON.stringify(await running.pipeline.export()) });
    const copy = await runningPipeline(folder, other);
    expect((await copy.pipeline.status()).hash).toBe((await running.pipeline.status()).hash);
    expect(await copy.pipeline.export()).toEqual(await running.pipeline.export());
    await copy.stop();
    rmSync(folder, { recursive: true, force: true });
  });
});

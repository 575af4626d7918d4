import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigurationKey, type Json, type JsonObject } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';

const A: ConfigurationKey = { configType: 'route', configId: 'a' };
const POLICY: ConfigurationKey = { configType: 'global', configId: 'update-policy' };
const BY = { actor: 'tester' };

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

async function begin(policy: Json = {}, environment: Record<string, string> = {}): Promise<void> {
  running = await runningPipeline(directory, source, { policy, environment });
}

function route(uri = 'http://a.test', more: JsonObject = {}): JsonObject {
  return { id: 'a', uri, predicates: ['Path=/a/**'], ...more };
}

function put(key: ConfigurationKey, configuration: Json): Promise<unknown> {
  return running.pipeline.write([{ ...key, op: 'upsert', configuration }], BY);
}

/** @returns the seconds from the first attempt of a write to the one that succeeds after some that fail; `undefined`: none did */
async function secondsOfWrite(failures: number): Promise<number | undefined> {
  const { clock, store } = running;
  await store.close();
  const attempts: number[] = [];
  const commit = vi.spyOn(store, 'commit');
  let outcome: 'applied' | 'refused' | undefined;
  let isAway = true;
  const written = put(A, route()).then(
    () => (outcome = 'applied'),
    () => (outcome = 'refused'),
  );
  while (outcome === undefined) {
    // An attempt on a store that is away has failed by the time that this has come back.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    while (attempts.length < commit.mock.calls.length) attempts.push(clock.monotonicMs());
    if (isAway && attempts.length === failures) {
      isAway = false;
      await store.open();
    }
    if (attempts.length > failures) await written;
    else if (attempts.length > 0) clock.advance(500);
  }
  commit.mockRestore();
  return outcome === 'applied' ? ((attempts.at(-1) as number) - (attempts[0] as number)) / 1_000 : undefined;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-policy-'));
  source = new InMemorySource();
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the update policy', () => {
  it('comes from the bootstrap file, then from a document, then from the API, and back', async () => {
    await begin({ rollback: { enabled: '${ROLLBACKS}' } }, { ROLLBACKS: 'false' });
    await put(A, route());
    const version = running.pipeline.get(A)?.version as string;
    await put(A, route('http://b.test'));
    const isOn = async (): Promise<boolean> =>
      running.pipeline.rollback(A, version, BY).then(
        () => true,
        () => false,
      );
    expect(await isOn()).toBe(false);
    await source.change({ 'update-policy.yml': 'configuration: { rollback: { enabled: true } }' });
    expect(await isOn()).toBe(true);
    await put(POLICY, { rollback: { enabled: false } });
    expect(await isOn()).toBe(false);
    await running.pipeline.write([{ ...POLICY, op: 'delete' }], BY);
    expect(await isOn()).toBe(true);
    await source.change({ 'update-policy.yml': undefined });
    expect(await isOn()).toBe(false);
  });

  it('stays as it was where the new one is wrong, whatever validation is switched off', async () => {
    await begin({ validation: { enabled: false }, rollback: { enabled: false } });
    await expect(put(POLICY, { update: { 'batch-size': 0 } })).rejects.toMatchObject({
      problems: [{ pointer: '/update/batch-size' }],
    });
    await source.change({ 'update-policy.yml': 'configuration: { update: { schedule: never } }' });
    expect(running.pipeline.sources()[1]?.rejected).toMatchObject([{ document: 'update-policy.yml' }]);
    expect(running.pipeline.get(POLICY)).toBeUndefined();
  });
});

describe('validation', () => {
  const FILTER: ConfigurationKey = { configType: 'filter', configId: 'f' };
  const orphan = { id: 'f', name: 'StripPrefix', args: { parts: 1 }, routes: ['nobody'] };
  let deep: Json = 1;
  for (let level = 0; level < 70; level++) deep = [deep];

  it.each<[step: string, key: ConfigurationKey, configuration: Json, code: string]>([
    ['dependency-check', FILTER, orphan, 'unknown-route'],
    ['syntax-validation', { configType: 'global', configId: 'mine' }, deep, 'too-deep'],
  ])('lets through what %s alone finds, once it is off', async (step, key, configuration, code) => {
    await begin();
    await expect(put(key, configuration)).rejects.toMatchObject({ problems: [{ code }] });
    await put(POLICY, { validation: { [step]: false } });
    await put(key, configuration);
    expect(running.pipeline.get(key)).toBeDefined();
  });

  it('leaves to the compiler what schema-validation would have found', async () => {
    await begin();
    const wrong = route('http://a.test', { colour: 'red' });
    await expect(put(A, wrong)).rejects.toMatchObject({ code: 'configuration.invalid' });
    await put(POLICY, { validation: { 'schema-validation': false } });
    await expect(put(A, wrong)).rejects.toMatchObject({ code: 'route.compile' });
  });

  it('is off altogether where it is not enabled', async () => {
    await begin({ validation: { enabled: false } });
    await put(FILTER, orphan);
    await expect(put(A, route('nowhere'))).rejects.toMatchObject({ code: 'route.compile' });
  });
});

describe('a commit that the store does not take', () => {
  const retry = { 'max-attempts': 4, 'initial-delay': '1s', 'max-delay': '30s' };

  it.each<[what: string, update: JsonObject, refusals: number, seconds: number | undefined]>([
    ['twice as long each time', { retry: { ...retry, backoff: 'exponential' } }, 3, 7],
    ['at an even pace', { retry: { ...retry, backoff: 'fixed' } }, 3, 3],
    ['never longer than it says', { retry: { ...retry, 'max-delay': '2s' } }, 3, 5],
    ['as often as it says, and no more', { retry }, 4, undefined],
    ['within the timeout of the update', { retry, timeout: '4s', interval: '1s' }, 3, undefined],
    ['not at all where one attempt is all', { retry: { ...retry, 'max-attempts': 1 } }, 1, undefined],
  ])('is tried again %s', async (_, update, refusals, seconds) => {
    await begin({ update });
    expect(await secondsOfWrite(refusals)).toBe(seconds);
    expect(running.pipeline.get(A) !== undefined).toBe(seconds !== undefined);
  });

  it('is the only thing that is tried again', async () => {
    await begin({ update: { retry } });
    const commit = vi.spyOn(running.store, 'commit');
    await expect(put(A, { id: 'a' })).rejects.toMatchObject({ code: 'configuration.invalid' });
    expect(commit).not.toHaveBeenCalled();
    commit.mockRestore();
  });
});

describe('the history', () => {
  /** Long enough that cleaning and compression are worth it, and never the same. */
  const large = (version: number): JsonObject =>
    route(`http://v${version}.test`, { metadata: { text: 'x'.repeat(20_000) } });

  async function versions(): Promise<number> {
    return (await running.store.versions(A)).length;
  }

  it('keeps as many versions as the policy says, from the moment that it says so', async () => {
    await begin({ history: { 'max-versions': 5 } });
    for (let version = 0; version < 8; version++) await put(A, large(version));
    await vi.waitFor(async () => expect(await versions()).toBe(5), { timeout: 60_000 });
    await put(POLICY, { history: { 'max-versions': 1 } });
    await vi.waitFor(async () => expect(await versions()).toBe(1), { timeout: 60_000 });
    expect((await running.store.versions(A))[0]?.version).toBe(running.pipeline.get(A)?.version);
  });

  it('drops what is older than the policy says, but never what is in force', async () => {
    await begin({ history: { 'retention-period': '1h' } });
    await put(A, large(1));
    await put(A, large(2));
    running.clock.advance(2 * 3_600_000);
    await vi.waitFor(async () => expect(await versions()).toBe(1), { timeout: 60_000 });
    expect((await running.store.versions(A))[0]?.version).toBe(running.pipeline.get(A)?.version);
  });

  it.each([
    [true, 'less'],
    [false, 'more'],
  ])('compressed: %s takes %s space', async (compression, than) => {
    await begin({ history: { 'max-versions': 50, compression } });
    // The setting reaches the store with the cleaning that every start does.
    await running.store.versions(A);
    for (let version = 0; version < 20; version++) {
      await running.store.commit({
        versions: [
          {
            ...A,
            version: `v${version + 1}`,
            configuration: large(version),
            timestamp: '2026-01-01T00:00:00.000Z',
            hash: 'sha256-x',
            operation: 'update',
            source: 'api',
            actor: 'tester',
          },
        ],
      });
    }
    await running.stop();
    const bytes = statSync(join(directory, 'store.db')).size;
    expect(bytes < 20 * 20_000 ? 'less' : 'more').toBe(than);
    await begin();
  });
});

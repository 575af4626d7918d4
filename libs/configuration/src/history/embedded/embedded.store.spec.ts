import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConfigurationKey,
  type ConfigurationVersion,
  type DeadLetter,
  type DeliveryProgress,
  type EventRecord,
  hashOf,
  type Json,
  type ParsedObject,
} from '@tigateway/model';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreCommit, StoredEvent, StoredState } from '../configuration-store.js';
import { EmbeddedStore } from './embedded.store.js';

const EMPTY: StoredState = {
  apiObjects: [],
  documents: [],
  current: [],
  holds: [],
  pending: [],
  lastVersionMs: 0,
  lastSequence: 0,
};
const FOREVER = { maxVersions: 1_000_000, retentionMs: Number.MAX_SAFE_INTEGER, compression: true };

let directory: string;
const opened: EmbeddedStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-store-'));
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<{ store: EmbeddedStore; state: StoredState }> {
  const store = new EmbeddedStore(directory);
  opened.push(store);
  return { store, state: await store.open() };
}

async function reopen(store: EmbeddedStore): Promise<{ store: EmbeddedStore; state: StoredState }> {
  await store.close();
  return open();
}

function route(configId: string): ConfigurationKey {
  return { configType: 'route', configId };
}

function version(
  key: ConfigurationKey,
  ms: number,
  configuration: Json = { id: key.configId, ms },
): ConfigurationVersion {
  return {
    ...key,
    version: `v${ms}`,
    configuration,
    timestamp: new Date(ms).toISOString(),
    hash: hashOf(configuration),
    operation: configuration === null ? 'delete' : 'update',
    source: 'api',
    actor: 'admin',
  };
}

function event(sequence: number): StoredEvent {
  return {
    type: 'configuration_update',
    sequence,
    timestamp: sequence,
    source: 'api',
    configType: 'route',
    configId: `route-${sequence}`,
    version: `v${sequence}`,
    actor: 'admin',
    configuration: { id: `route-${sequence}` },
  };
}

function objects(count: number): ParsedObject[] {
  return Array.from({ length: count }, (_, index) => ({
    configType: 'route',
    configId: `route-${index}`,
    configuration: { id: `route-${index}`, uri: 'http://127.0.0.1:9001', predicates: [`Path=/r/${index}/**`] },
    pointer: `/routes/${index}`,
    position: { source: 'file', document: 'routes.yml', line: index + 2, column: 5 },
  }));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('EmbeddedStore', () => {
  it('is empty in a directory that was not there', async () => {
    const store = new EmbeddedStore(join(directory, 'made', 'on', 'demand'));
    opened.push(store);
    expect(await store.open()).toEqual(EMPTY);
  });

  it('gives back everything that a commit put, after a restart', async () => {
    const { store } = await open();
    const commit: StoreCommit = {
      versions: [version(route('a'), 1_000)],
      putApiObjects: [
        { ...route('b'), configuration: { id: 'b' }, version: 'v1001', createdSequence: 2 },
        { ...route('a'), configuration: { id: 'a', ключ: '値 🙂\u0000' }, version: 'v1000', createdSequence: 1 },
      ],
      putDocuments: [
        { source: 'file', name: 'empty.yml', objects: [] },
        { source: 'file', name: 'routes.yml', objects: objects(700) },
      ],
      putCurrent: [{ ...route('a'), version: 'v1000', hash: 'sha256-x', source: 'api' }],
      putHolds: [
        {
          ...route('c'),
          source: 'file',
          barredHash: 'sha256-y',
          configuration: null,
          version: 'v999',
          reason: 'worse',
        },
      ],
      putPending: [{ id: 'p1', payload: { changes: [1, 2] } }],
      events: [event(7), event(8)],
    };
    await store.commit(commit);
    const { state } = await reopen(store);
    expect(plain(state)).toEqual(
      plain({
        apiObjects: [commit.putApiObjects?.[1], commit.putApiObjects?.[0]],
        documents: commit.putDocuments,
        current: commit.putCurrent,
        holds: commit.putHolds,
        pending: commit.putPending,
        lastVersionMs: 1_000,
        lastSequence: 8,
      }),
    );
  });

  it('hands out records that inherit nothing', async () => {
    const { store } = await open();
    await store.commit({ putApiObjects: [{ ...route('a'), configuration: {}, version: 'v1', createdSequence: 1 }] });
    const { state } = await reopen(store);
    expect('constructor' in (state.apiObjects[0]?.configuration as object)).toBe(false);
  });

  it('removes what a commit removes and keeps the rest', async () => {
    const { store } = await open();
    const pair = [route('a'), route('b')];
    await store.commit({
      putApiObjects: pair.map((key, index) => ({ ...key, configuration: {}, version: 'v1', createdSequence: index })),
      putDocuments: ['a.yml', 'b.yml'].map((name) => ({ source: 'file', name, objects: objects(300) })),
      putCurrent: pair.map((key) => ({ ...key, version: 'v1', hash: 'h', source: 'api' })),
      putHolds: pair.map((key) => ({
        ...key,
        source: 'file',
        barredHash: 'h',
        configuration: {},
        version: 'v1',
        reason: '',
      })),
      putPending: ['a', 'b'].map((id) => ({ id, payload: null })),
    });
    await store.commit({
      removeApiObjects: [route('a')],
      removeDocuments: [{ source: 'file', name: 'a.yml' }],
      removeCurrent: [route('a')],
      removeHolds: [route('a')],
      removePending: ['a'],
    });
    const { state } = await reopen(store);
    expect(state.apiObjects.map(({ configId }) => configId)).toEqual(['b']);
    expect(state.documents.map(({ name, objects: { length } }) => [name, length])).toEqual([['b.yml', 300]]);
    expect(state.current.map(({ configId }) => configId)).toEqual(['b']);
    expect(state.holds.map(({ configId }) => configId)).toEqual(['b']);
    expect(state.pending.map(({ id }) => id)).toEqual(['b']);
  });

  it.each([
    ['shorter', 1_000, 10],
    ['longer', 10, 1_000],
    ['empty', 600, 0],
  ])('replaces a document by a %s one', async (_, before, after) => {
    const { store } = await open();
    await store.commit({ putDocuments: [{ source: 'file', name: 'routes.yml', objects: objects(before) }] });
    await store.commit({ putDocuments: [{ source: 'file', name: 'routes.yml', objects: objects(after) }] });
    const { state } = await reopen(store);
    expect(plain(state.documents[0]?.objects)).toEqual(plain(objects(after)));
  });

  it('keeps a change of one object among many', async () => {
    const { store } = await open();
    const before = objects(1_000);
    const after = before.with(500, {
      ...(before[500] as ParsedObject),
      configuration: { id: 'route-500', changed: true },
    });
    await store.commit({ putDocuments: [{ source: 'file', name: 'routes.yml', objects: before }] });
    await store.commit({ putDocuments: [{ source: 'file', name: 'routes.yml', objects: after }] });
    const { state } = await reopen(store);
    expect(plain(state.documents[0]?.objects)).toEqual(plain(after));
  });

  it('takes a commit that is too large for one message', async () => {
    const { store } = await open();
    const versions = Array.from({ length: 20_000 }, (_, index) => version(route(`route-${index}`), 1_000 + index));
    await store.commit({
      versions,
      putCurrent: versions.map(({ configId, version: name, hash }) => ({
        ...route(configId),
        version: name,
        hash,
        source: 'file',
      })),
    });
    const { state, store: again } = await reopen(store);
    expect(state.current).toHaveLength(20_000);
    expect(state.lastVersionMs).toBe(20_999);
    expect(await again.versions(route('route-19999'))).toHaveLength(1);
  });

  it('makes commits in the order of the calls, a small one after a large one', async () => {
    const { store } = await open();
    const put = (configuration: Json): StoreCommit['putApiObjects'] => [
      { ...route('a'), configuration, version: 'v1', createdSequence: 1 },
    ];
    const filler = Array.from({ length: 5_000 }, (_, index) => version(route(`route-${index}`), 1_000 + index));
    await Promise.all([
      store.commit({ versions: filler, putApiObjects: put('first') }),
      store.commit({ putApiObjects: put('second') }),
    ]);
    const { state } = await reopen(store);
    expect(state.apiObjects.map(({ configuration }) => configuration)).toEqual(['second']);
  });

  it('writes nothing of a commit that cannot be written, and goes on', async () => {
    const { store } = await open();
    const broken = { ...version(route('b'), 2), version: 'not-a-version' };
    await expect(store.commit({ versions: [version(route('a'), 1), broken] })).rejects.toThrow('not-a-version');
    await store.commit({ versions: [version(route('c'), 3)] });
    expect(await store.versions(route('a'))).toEqual([]);
    expect(await store.versions(route('c'))).toHaveLength(1);
  });

  it('rejects calls when it is not open', async () => {
    const store = new EmbeddedStore(directory);
    await expect(store.commit({})).rejects.toMatchObject({ code: 'configuration.store' });
    await expect(store.versions(route('a'))).rejects.toThrow('is not open');
    await store.close();
  });

  it('keeps a second store out while it is open, and lets it in afterwards', async () => {
    const { store } = await open();
    await expect(new EmbeddedStore(directory).open()).rejects.toMatchObject({
      code: 'configuration.store',
      message: `the data directory "${directory}" is in use by another gateway process`,
    });
    await store.commit({ versions: [version(route('a'), 5)] });
    const { state } = await reopen(store);
    expect(state.lastVersionMs).toBe(5);
  });

  describe('history', () => {
    it('is newest first and keeps every fact', async () => {
      const { store } = await open();
      const versions: ConfigurationVersion[] = [
        version(route('a'), 1_000),
        { ...version(route('a'), 1_001, null), reason: 'gone' },
        { ...version(route('a'), 1_002), operation: 'rollback', rollbackOf: 'v1000' },
      ];
      for (const each of versions) await store.commit({ versions: [each] });
      await store.commit({ versions: [version({ configType: 'filter', configId: 'a' }, 1_003)] });
      expect(plain(await store.versions(route('a')))).toEqual(plain(versions.toReversed()));
      expect(await store.versions(route('b'))).toEqual([]);
      expect(plain(await store.version(route('a'), 'v1001'))).toEqual(plain(versions[1]));
      expect(await store.version(route('a'), 'v1003')).toBeUndefined();
      expect(await store.version(route('a'), 'nonsense')).toBeUndefined();
    });

    it.each([true, false])('reads large configurations back (compression: %s)', async (compression) => {
      const { store } = await open();
      await store.prune({ ...FOREVER, compression }, 0);
      const configuration = { text: 'Päth=/api/**,'.repeat(5_000) };
      await store.commit({ versions: [version(route('a'), 1, configuration)] });
      const { store: again } = await reopen(store);
      expect(plain((await again.versions(route('a')))[0]?.configuration)).toEqual(configuration);
    });
  });

  describe('events', () => {
    it('are replayed after a sequence, oldest first, up to a limit', async () => {
      const { store } = await open();
      await store.commit({ events: [event(1), event(2)] });
      await store.commit({ events: [event(3)] });
      const { store: again } = await reopen(store);
      expect(await again.eventsSince(1, 10)).toEqual([event(2), event(3)]);
      expect(await again.eventsSince(0, 2)).toEqual([event(1), event(2)]);
      expect(await again.eventsSince(3, 10)).toEqual([]);
      expect(await again.eventsSince(4, 10)).toBeUndefined();
    });

    it('know nothing before the first one', async () => {
      const { store } = await open();
      expect(await store.eventsSince(0, 10)).toEqual([]);
      expect(await store.eventsSince(1, 10)).toBeUndefined();
    });

    it('are kept up to 10,000; whoever asks for older ones must begin anew', async () => {
      const { store } = await open();
      const all = Array.from({ length: 10_500 }, (_, index) => event(index + 1));
      await store.commit({ events: all.slice(0, 9_000) });
      await store.commit({ events: all.slice(9_000) });
      expect(await store.eventsSince(499, 1)).toBeUndefined();
      expect(await store.eventsSince(500, 1)).toEqual([event(501)]);
      const { state } = await reopen(store);
      expect(state.lastSequence).toBe(10_500);
    });

    it('keep only the newest of one commit that has more', async () => {
      const { store } = await open();
      await store.commit({ events: Array.from({ length: 12_000 }, (_, index) => event(index + 1)) });
      expect(await store.eventsSince(2_000, 1)).toEqual([event(2_001)]);
      expect(await store.eventsSince(1_999, 1)).toBeUndefined();
    });
  });

  describe('outbox', () => {
    const progress = (channel: string, through: number): DeliveryProgress => ({
      channel,
      through,
      ahead: [through + 2],
      attempts: [[through + 1, 1]],
    });
    const letter = (channel: string, sequence: number): DeadLetter => ({
      id: `${channel}-${sequence}`,
      channel,
      sequence,
      events: [event(sequence) as EventRecord],
      isDigest: false,
      attempts: 3,
      failedAt: '2026-01-01T00:00:00.000Z',
      error: 'it answered 500',
    });
    const many = (from: number, through: number) =>
      Array.from({ length: through - from + 1 }, (_, index) => event(from + index));

    it('is empty at first', async () => {
      const { store } = await open();
      expect(await store.outbox()).toEqual({ deliveries: [], oldestSequence: 1, lastSequence: 0 });
      expect(await store.deadLetters(undefined, 10)).toEqual([]);
    });

    it('gives back what a commit put, and no longer what one removed, after a restart', async () => {
      const { store } = await open();
      await store.commit({
        events: [event(1)],
        putDeliveries: [progress('email', 1), progress('webhook', 0)],
        putDeadLetters: [letter('email', 1), letter('email', 7), letter('webhook', 1)],
      });
      const { store: again } = await reopen(store);
      expect(await again.outbox()).toEqual({
        deliveries: [progress('email', 1), progress('webhook', 0)],
        oldestSequence: 1,
        lastSequence: 1,
      });
      expect(await again.deadLetters(undefined, 2)).toEqual([letter('email', 1), letter('email', 7)]);
      expect(await again.deadLetters({ channel: 'email', sequence: 7 }, 2)).toEqual([letter('webhook', 1)]);
      await again.commit({
        removeDeliveries: ['email'],
        removeDeadLetters: [
          { channel: 'email', sequence: 1 },
          { channel: 'email', sequence: 7 },
        ],
      });
      expect((await again.outbox()).deliveries).toEqual([progress('webhook', 0)]);
      expect(await again.deadLetters(undefined, 10)).toEqual([letter('webhook', 1)]);
    });

    it('keeps events until every channel has come to them, over a restart too', async () => {
      const { store } = await open();
      await store.commit({ putDeliveries: [progress('email', 0), progress('webhook', 5)] });
      await store.commit({ events: many(1, 11_000) });
      expect(await store.eventsSince(0, 1)).toEqual([event(1)]);
      const { store: again } = await reopen(store);
      await again.commit({ putDeliveries: [progress('email', 11_000)] });
      await again.commit({ events: [event(11_001)] });
      expect(await again.eventsSince(4, 1)).toBeUndefined();
      expect(await again.eventsSince(5, 1)).toEqual([event(6)]);
      await again.commit({ removeDeliveries: ['webhook'] });
      await again.commit({ events: [event(11_002)] });
      expect(await again.eventsSince(1_001, 1)).toBeUndefined();
      expect(await again.eventsSince(1_002, 1)).toEqual([event(1_003)]);
    });

    it('keeps 100,000 events for a channel that never comes to them', async () => {
      const { store } = await open();
      await store.commit({ putDeliveries: [progress('dead', 0)] });
      await store.commit({ events: many(1, 60_000) });
      await store.commit({ events: many(60_001, 100_500) });
      expect(await store.eventsSince(499, 1)).toBeUndefined();
      expect(await store.eventsSince(500, 1)).toEqual([event(501)]);
    });

    it('is added to what an earlier release wrote', async () => {
      const { store } = await open();
      await store.commit({ events: [event(1)] });
      await store.close();
      const database = new Database(join(directory, 'store.db'));
      database.exec('DROP TABLE delivery; DROP TABLE dead_letter; PRAGMA user_version = 1');
      database.close();
      const { store: again, state } = await open();
      expect(state.lastSequence).toBe(1);
      await again.commit({ putDeliveries: [progress('webhook', 1)] });
      const { store: third } = await reopen(again);
      expect((await third.outbox()).deliveries).toEqual([progress('webhook', 1)]);
    });
  });

  describe('retention', () => {
    const names = async (store: EmbeddedStore, key: ConfigurationKey) =>
      (await store.versions(key)).map(({ version: name }) => name);

    it.each([
      ['the number of versions', { ...FOREVER, maxVersions: 2 }, 10_000, ['v5000', 'v4000']],
      ['their age', { ...FOREVER, retentionMs: 2_000 }, 6_000, ['v5000', 'v4000']],
      ['never the newest, whatever its age', { ...FOREVER, retentionMs: 1 }, 1_000_000, ['v5000']],
      ['never the newest, whatever the number', { ...FOREVER, maxVersions: 0 }, 6_000, ['v5000']],
      ['nothing that it wants to keep', FOREVER, 6_000, ['v5000', 'v4000', 'v3000', 'v2000', 'v1000']],
    ])('drops by %s', async (_, retention, nowMs, left) => {
      const { store } = await open();
      for (const ms of [1_000, 2_000, 3_000, 4_000, 5_000]) await store.commit({ versions: [version(route('a'), ms)] });
      await store.prune(retention, nowMs);
      expect(await names(store, route('a'))).toEqual(left);
      const { state } = await reopen(store);
      expect(state.lastVersionMs).toBe(5_000);
    });

    it('looks again at a key that changed, without waiting for the next sweep', async () => {
      const { store } = await open();
      const retention = { ...FOREVER, maxVersions: 1 };
      await store.prune(retention, 1_000);
      for (const ms of [1_000, 1_001]) await store.commit({ versions: [version(route('a'), ms)] });
      await store.prune(retention, 1_002);
      expect(await names(store, route('a'))).toEqual(['v1001']);
    });

    it('keeps the versions in force, held and last written, though newer ones are shadowed', async () => {
      const { store } = await open();
      const versions = [1, 2, 3, 4, 5].map((ms) => version(route('a'), ms));
      await store.commit({
        versions,
        putCurrent: [{ ...route('a'), version: 'v1', hash: 'h', source: 'file' }],
        putHolds: [
          { ...route('a'), source: 'file', barredHash: 'h', configuration: {}, version: 'v2', reason: 'held' },
        ],
        putApiObjects: [{ ...route('a'), configuration: {}, version: 'v3', createdSequence: 1 }],
      });
      await store.prune({ ...FOREVER, maxVersions: 1 }, 10);
      expect(await names(store, route('a'))).toEqual(['v5', 'v3', 'v2', 'v1']);
    });

    it('goes over more keys than fit in one slice', async () => {
      const { store } = await open();
      const keys = Array.from({ length: 1_300 }, (_, index) => route(`route-${index}`));
      await store.commit({
        versions: keys.flatMap((key, index) => [1, 2, 3].map((n) => version(key, n * 10_000 + index))),
      });
      await store.prune({ ...FOREVER, maxVersions: 1 }, 100_000);
      expect(await names(store, route('route-0'))).toEqual(['v30000']);
      expect(await names(store, route('route-1299'))).toEqual(['v31299']);
    });

    it('lets commits in while it cleans up', async () => {
      const { store } = await open();
      const keys = Array.from({ length: 2_000 }, (_, index) => route(`route-${index}`));
      await store.commit({
        versions: keys.flatMap((key, index) => [1, 2, 3].map((n) => version(key, n * 10_000 + index))),
      });
      const order: string[] = [];
      const pruned = store.prune({ ...FOREVER, maxVersions: 1 }, 100_000).then(() => order.push('pruned'));
      await store.commit({ versions: [version(route('new'), 100_001)] }).then(() => order.push('committed'));
      await pruned;
      expect(order).toEqual(['committed', 'pruned']);
    });

    it('gives the space back', async () => {
      const { store } = await open();
      const bytes = () => readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
      const noise = (seed: number) => ({ text: hashOf(seed).repeat(300) });
      await store.prune({ ...FOREVER, compression: false }, 0);
      for (let ms = 1; ms <= 1_000; ms += 1) await store.commit({ versions: [version(route('a'), ms, noise(ms))] });
      let { store: again } = await reopen(store);
      const before = bytes();
      await again.prune({ ...FOREVER, maxVersions: 1, compression: false }, 2_000);
      ({ store: again } = await reopen(again));
      expect(before).toBeGreaterThan(14_000_000);
      expect(bytes()).toBeLessThan(2_000_000);
      expect(await again.versions(route('a'))).toHaveLength(1);
    });

    it('ends with a close in the middle', async () => {
      const { store } = await open();
      const keys = Array.from({ length: 2_000 }, (_, index) => route(`route-${index}`));
      await store.commit({
        versions: keys.flatMap((key, index) => [1, 2].map((n) => version(key, n * 10_000 + index))),
      });
      const pruning = store.prune({ ...FOREVER, maxVersions: 1 }, 100_000);
      await store.close();
      await pruning;
      const { state } = await open();
      expect(state.lastVersionMs).toBe(21_999);
    });
  });
});

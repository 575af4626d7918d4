import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationVersion } from '@tigateway/model';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoreCommit } from '../configuration-store.js';
import { StoreDatabase } from './store-database.js';
import { rowChanges } from './store-rows.js';

const COMMITS = 40;

let root: string;
/** The files as a `kill -9` leaves them: everything since the creation stands in the log. */
let killed: string;
/** The files after an orderly end: no log. */
let closed: string;
let directory: string;
let expected: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tigateway-damage-'));
  killed = join(root, 'killed');
  closed = join(root, 'closed');
  const origin = join(root, 'origin');
  const database = StoreDatabase.open(origin);
  for (let n = 1; n <= COMMITS; n += 1) database.commit([...rowChanges(commit(n))]);
  cpSync(origin, killed, { recursive: true });
  expected = contents(database);
  database.close();
  cpSync(origin, closed, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  directory = join(root, 'copy');
  rmSync(directory, { recursive: true, force: true });
});

function commit(n: number): StoreCommit {
  const configuration = { id: `route-${n % 7}`, n, filler: 'x'.repeat((n % 5) * 300) };
  const key = { configType: 'route', configId: `route-${n % 7}` } as const;
  const version: ConfigurationVersion = {
    ...key,
    version: `v${n}`,
    configuration,
    timestamp: '2026-01-01T00:00:00.000Z',
    hash: `sha256-${n}`,
    operation: 'update',
    source: 'api',
    actor: 'admin',
  };
  return {
    versions: [version],
    putApiObjects: [{ ...key, configuration, version: `v${n}`, createdSequence: n }],
    putCurrent: [{ ...key, version: `v${n}`, hash: `sha256-${n}`, source: 'api' }],
    events: [{ ...version, type: 'configuration_update', sequence: n, timestamp: n }],
  };
}

/** Everything that can be read from a store, as one text. */
function contents(database: StoreDatabase): string {
  const loaded = [...database.load()];
  const histories = Array.from({ length: 7 }, (_, n) =>
    database.versions({ configType: 'route', configId: `route-${n}` }),
  );
  return JSON.stringify([loaded, histories, database.eventsSince(0, 100), database.lastVersionMs]);
}

function readBack(): string {
  const database = StoreDatabase.open(directory);
  try {
    return contents(database);
  } finally {
    database.close();
  }
}

function flip(file: string, offset: number, mask: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] as number) ^ mask;
  writeFileSync(file, bytes);
}

/** Opens the copy: what is read is what was written, or the failure names the damaged file. Never anything else. */
function expectTruthOrFailure(): void {
  let found: string;
  try {
    found = readBack();
  } catch (error) {
    expect((error as Error).message).toMatch(/^[^\n]*(store\.db|store\.db-wal|acknowledged)" (is|cannot|has|failed)/);
    return;
  }
  expect(found).toBe(expected);
}

describe('a store after a crash', () => {
  it.each([
    ['killed', () => killed],
    ['closed', () => closed],
  ])('reads everything back (%s)', (_, origin) => {
    cpSync(origin(), directory, { recursive: true });
    expect(readBack()).toBe(expected);
  });

  it('drops a commit that was torn before it was acknowledged, and only that', () => {
    cpSync(killed, directory, { recursive: true });
    const log = join(directory, 'store.db-wal');
    truncateSync(log, statSync(log).size - 1);
    writeFileSync(join(directory, 'acknowledged'), String(COMMITS - 1).padStart(20, '0') + '\n');
    const database = StoreDatabase.open(directory);
    expect(database.lastVersionMs).toBe(COMMITS - 1);
    expect(database.lastSequence).toBe(COMMITS - 1);
    database.close();
  });

  it.each([
    ['is cut short', (log: string) => truncateSync(log, statSync(log).size - 1)],
    ['is cut to nothing', (log: string) => truncateSync(log, 0)],
    ['is gone', (log: string) => rmSync(log)],
    ['has a damaged header', (log: string) => flip(log, 17, 1)],
    ['has a damaged last page', (log: string) => flip(log, statSync(log).size - 100, 1)],
  ])('misses acknowledged commits when the log %s', (_, damage) => {
    cpSync(killed, directory, { recursive: true });
    damage(join(directory, 'store.db-wal'));
    expect(() => StoreDatabase.open(directory)).toThrow(/acknowledged commits are missing/);
  });

  it('names the place in the log where whole transactions follow a damaged one', () => {
    cpSync(killed, directory, { recursive: true });
    const log = join(directory, 'store.db-wal');
    flip(log, Math.floor(statSync(log).size / 2), 0x40);
    expect(() => StoreDatabase.open(directory)).toThrow(/store\.db-wal" is damaged: the frame at byte \d+/);
  });

  it('misses everything when the database is gone', () => {
    cpSync(closed, directory, { recursive: true });
    rmSync(join(directory, 'store.db'));
    expect(() => StoreDatabase.open(directory)).toThrow(`its last ${COMMITS} acknowledged commits are missing`);
  });

  it('accepts a database that was brought back without the mark', () => {
    cpSync(closed, directory, { recursive: true });
    rmSync(join(directory, 'acknowledged'));
    expect(readBack()).toBe(expected);
  });
});

describe('a store whose bytes have changed', () => {
  it.each([
    ['the database', () => closed, 'store.db'],
    ['the log', () => killed, 'store.db-wal'],
    ['the mark', () => closed, 'acknowledged'],
  ])('gives what was written or names the file: %s', (_, origin, file) => {
    const size = statSync(join(origin(), file)).size;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 1, max: 255 }), (offset, mask) => {
        rmSync(directory, { recursive: true, force: true });
        cpSync(origin(), directory, { recursive: true });
        flip(join(directory, file), offset, mask);
        expectTruthOrFailure();
      }),
      { numRuns: 300 },
    );
  });

  it('gives what was written or names the file: a page of zeros', () => {
    const size = statSync(join(closed, 'store.db')).size;
    for (let page = 0; page < size / 4096; page += 1) {
      rmSync(directory, { recursive: true, force: true });
      cpSync(closed, directory, { recursive: true });
      const file = join(directory, 'store.db');
      const bytes = readFileSync(file);
      bytes.fill(0, page * 4096, (page + 1) * 4096);
      writeFileSync(file, bytes);
      expectTruthOrFailure();
    }
  });

  it.each([
    ['is no database', 'this is not a database, whatever its name says'.repeat(100)],
    ['is cut short', undefined],
  ])('names a file that %s', (_, text) => {
    cpSync(closed, directory, { recursive: true });
    const file = join(directory, 'store.db');
    if (text === undefined) truncateSync(file, 4096 * 3);
    else writeFileSync(file, text);
    expect(() => StoreDatabase.open(directory)).toThrow(/store\.db" is damaged/);
  });
});

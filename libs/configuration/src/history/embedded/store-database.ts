import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigurationKey } from '@tigateway/model';
import Database from 'libsql';
import { AcknowledgedMark } from './acknowledged-mark.js';
import { bodyText, compressBody } from './body-compression.js';
import { DirectoryLock } from './directory-lock.js';
import { damaged, StoreFailure, storeFailure } from './store-failure.js';
import type { RowChange } from './store-rows.js';
import {
  columnNames,
  KEPT_EVENTS,
  type Row,
  rowCheckSum,
  TABLE_NAMES,
  type TableName,
  TABLES,
} from './store-tables.js';
import { findLogDamage } from './write-ahead-log.js';

/** "TiGW": tells a database of ours from any other file. */
const APPLICATION_ID = 0x54694757;
const SCHEMA_VERSION = 1;
const CACHE_KIB = 8_192;
/** The log's file is cut back to this after a checkpoint, in bytes; below it is written over, which is the faster flush. */
const LOG_LIMIT_BYTES = 16 * 2 ** 20;
/** Pages that even the smallest commit appends to the log: one for each table it touches. */
const COMMIT_OVERHEAD_BYTES = 24 * 1024;

const LOADED_TABLES = ['api_object', 'document', 'in_force', 'hold', 'pending'] as const satisfies TableName[];
const CHECKED_TABLES = ['version', 'event'] as const satisfies TableName[];
const BATCH_ROWS = 500;
const BATCH_CHARACTERS = 256 * 1024;

export interface RowBatch {
  readonly table: TableName;
  readonly rows: readonly Row[];
}

interface Statements {
  readonly put: Database.Statement;
  readonly remove: Database.Statement;
}

/**
 * The database of one data directory, as the store's thread sees it: every call is synchronous. Durable by write-ahead log
 * and a flush at every commit. Failures of every method are `StoreFailure`s that name the file.
 */
export class StoreDatabase {
  private readonly statements: Record<TableName, Statements>;
  private readonly queries = new Map<string, Database.Statement>();
  private commits = 0;
  private versionMs = 0;
  private loggedBytes = 0;
  /** Whether versions written from now on are compressed; the update policy says so. */
  compression = true;

  private constructor(
    private readonly file: string,
    private readonly database: Database.Database,
    private readonly lock: DirectoryLock,
    private readonly mark: AcknowledgedMark,
  ) {
    this.statements = Object.fromEntries(TABLE_NAMES.map((table) => [table, this.prepared(table)])) as Record<
      TableName,
      Statements
    >;
    const [ledger] = this.rows('ledger', 'WHERE id = 1');
    if (!ledger) throw damaged(file, 'its ledger is missing');
    [, this.commits, this.versionMs] = ledger as [number, number, number];
  }

  /**
   * Takes the directory (made where it is missing), checks that nothing that was acknowledged is missing or damaged, and
   * opens it.
   */
  static open(directory: string): StoreDatabase {
    const file = join(directory, 'store.db');
    const acquired: { release(): void }[] = [];
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const lock = DirectoryLock.take(join(directory, 'lock'), directory);
      acquired.push(lock);
      const mark = AcknowledgedMark.open(join(directory, 'acknowledged'));
      acquired.push({ release: () => mark.close() });
      // Before SQLite opens the file: its recovery cuts off what the search is for.
      const damage = findLogDamage(`${file}-wal`);
      if (damage) throw damaged(`${file}-wal`, `the frame at byte ${damage.offset} fails its check sum`);
      // The database may hold passwords of notification channels; SQLite gives its log the mode of this file.
      closeSync(openSync(file, 'a', 0o600));
      const connection = new Database(file);
      acquired.push({ release: () => connection.close() });
      configure(connection);
      establishSchema(connection, file);
      const opened = new StoreDatabase(file, connection, lock, mark);
      opened.checkNothingLost();
      return opened;
    } catch (error) {
      for (const resource of acquired.reverse()) resource.release();
      throw storeFailure(file, error);
    }
  }

  get lastVersionMs(): number {
    return this.versionMs;
  }

  get lastSequence(): number {
    return this.guard(() => (this.query('SELECT max(sequence) FROM event').get([]) as [number | null])[0] ?? 0);
  }

  /** Everything a start needs, in batches that are short to carry over; checks each row of every table on the way. */
  *load(): Generator<RowBatch> {
    try {
      for (const table of LOADED_TABLES) yield* this.batches(table);
      for (const table of CHECKED_TABLES) for (const batch of this.batches(table)) void batch;
    } catch (error) {
      throw storeFailure(this.file, error);
    }
  }

  /** Writes all of it or nothing; returns once it would survive a crash. */
  commit(changes: readonly RowChange[]): void {
    let versionMs = this.versionMs;
    let bytes = COMMIT_OVERHEAD_BYTES;
    let newestEvent = 0;
    this.transaction(() => {
      for (const change of changes) {
        if ('remove' in change) {
          this.statements[change.table].remove.run([...change.remove]);
          continue;
        }
        const row = change.table === 'version' ? this.compressed(change.put) : change.put;
        if (change.table === 'version') versionMs = Math.max(versionMs, row[2] as number);
        if (change.table === 'event') newestEvent = Math.max(newestEvent, row[0] as number);
        this.put(change.table, row);
        bytes += bodyBytes(row);
      }
      if (newestEvent > KEPT_EVENTS) this.statements.event.remove.run([newestEvent - KEPT_EVENTS]);
      this.put('ledger', [1, this.commits + 1, versionMs]);
    });
    this.commits += 1;
    this.versionMs = versionMs;
    this.loggedBytes += bytes;
    this.acknowledge();
  }

  /** Runs `work` as one durable step. */
  transaction(work: () => void): void {
    this.guard(() => {
      this.database.exec('BEGIN IMMEDIATE');
      try {
        work();
        this.database.exec('COMMIT');
      } catch (error) {
        // After some failures (a full disk among them) SQLite has rolled back by itself.
        if (this.database.inTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  remove(table: TableName, key: readonly (string | number)[]): void {
    this.guard(() => this.statements[table].remove.run([...key]));
  }

  /** Newest first. */
  versions({ configType, configId }: ConfigurationKey): Row[] {
    const where = 'WHERE config_type = ? AND config_id = ? ORDER BY ms DESC';
    return this.rows('version', where, configType, configId).map(readable);
  }

  version({ configType, configId }: ConfigurationKey, ms: number): Row | undefined {
    const where = 'WHERE config_type = ? AND config_id = ? AND ms = ?';
    return this.rows('version', where, configType, configId, ms).map(readable)[0];
  }

  /** Oldest first; `undefined` where events after `sequence` are gone, or `sequence` has never been given. */
  eventsSince(sequence: number, limit: number): Row[] | undefined {
    const [oldest, newest] = this.guard(
      () => this.query('SELECT min(sequence), max(sequence) FROM event').get([]) as [number | null, number | null],
    );
    if (sequence > (newest ?? 0) || sequence < (oldest ?? 1) - 1) return undefined;
    return this.rows('event', 'WHERE sequence > ? ORDER BY sequence LIMIT ?', sequence, limit);
  }

  /** Rows of any query, unchecked: for keys and counts. */
  select(sql: string, ...parameters: (string | number)[]): unknown[][] {
    return this.guard(() => this.query(sql).all(parameters) as unknown[][]);
  }

  /** Gives up to `pages` free pages back to the file system (at the next checkpoint). @returns free pages that remain */
  vacuum(pages: number): number {
    return this.guard(() => {
      this.database.exec(`PRAGMA incremental_vacuum(${pages})`);
      return (this.query('PRAGMA freelist_count').get([]) as [number])[0];
    });
  }

  /** Roughly how many bytes of the log the database does not hold yet. */
  get uncheckpointedBytes(): number {
    return this.loggedBytes;
  }

  /** Moves the log into the database. Takes as long as that much disk work does: nothing for the way of a commit. */
  checkpoint(): void {
    this.guard(() => this.database.pragma('wal_checkpoint(PASSIVE)'));
    this.loggedBytes = 0;
  }

  close(): void {
    try {
      this.guard(() => this.database.pragma('wal_checkpoint(TRUNCATE)'));
    } finally {
      this.database.close();
      this.mark.close();
      this.lock.release();
    }
  }

  private checkNothingLost(): void {
    const lost = this.mark.atOpen - this.commits;
    if (lost > 0) {
      throw damaged(this.file, `its last ${lost} acknowledged commits are missing from it and from its log`);
    }
    this.mark.write(this.commits);
  }

  private acknowledge(): void {
    try {
      this.mark.write(this.commits);
    } catch {
      // The commit is durable. A mark that is behind finds less damage at the next start, and no false one.
    }
  }

  private prepared(table: TableName): Statements {
    const names = columnNames(table);
    const values = Array(names.length + 1).fill('?');
    // A file of 10,000 routes in which one changed: the parts of it that did not change are not written again.
    const conflict =
      table === 'document'
        ? 'ON CONFLICT DO UPDATE SET body = excluded.body, crc = excluded.crc WHERE body <> excluded.body'
        : `ON CONFLICT DO UPDATE SET ${[...names, 'crc'].map((name) => `${name} = excluded.${name}`).join(', ')}`;
    return {
      put: this.database.prepare(`INSERT INTO ${table} VALUES (${values.join(', ')}) ${conflict}`),
      remove: this.database.prepare(`DELETE FROM ${table} WHERE ${TABLES[table].removal}`),
    };
  }

  private put(table: TableName, row: Row): void {
    this.statements[table].put.run([...row, rowCheckSum(row)]);
  }

  private compressed(row: Row): Row {
    if (!this.compression) return row;
    return [...row.slice(0, -1), compressBody(row.at(-1) as string)];
  }

  private rows(table: TableName, where: string, ...parameters: (string | number)[]): Row[] {
    return this.guard(() =>
      (this.query(`SELECT * FROM ${table} ${where}`).all(parameters) as Row[]).map((row) => this.checked(table, row)),
    );
  }

  private *batches(table: TableName): Generator<RowBatch> {
    let rows: Row[] = [];
    let characters = 0;
    for (const stored of this.query(`SELECT * FROM ${table}`).iterate([]) as IterableIterator<Row>) {
      const row = this.checked(table, stored);
      rows.push(row);
      characters += bodyBytes(row);
      if (rows.length < BATCH_ROWS && characters < BATCH_CHARACTERS) continue;
      yield { table, rows };
      rows = [];
      characters = 0;
    }
    if (rows.length > 0) yield { table, rows };
  }

  /** @returns the row without its check sum */
  private checked(table: TableName, stored: Row): Row {
    const row = stored.slice(0, -1);
    if (rowCheckSum(row) === stored.at(-1)) return row;
    const key = row.slice(0, TABLES[table].keyColumns).join(' ');
    throw damaged(this.file, `the ${table} "${key}" does not match its check sum`);
  }

  private query(sql: string): Database.Statement {
    let statement = this.queries.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql).raw(true);
      this.queries.set(sql, statement);
    }
    return statement;
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeFailure(this.file, error);
    }
  }
}

function configure(connection: Database.Database): void {
  connection.pragma('auto_vacuum = INCREMENTAL');
  // Nobody else may read along: the log's index stays in memory and no third file is needed.
  connection.pragma('locking_mode = EXCLUSIVE');
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  // Checkpoints are the thread's own business: SQLite would do them on the way of a commit.
  connection.pragma('wal_autocheckpoint = 0');
  connection.pragma(`journal_size_limit = ${LOG_LIMIT_BYTES}`);
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.pragma('cell_size_check = ON');
  connection.pragma('trusted_schema = OFF');
}

function establishSchema(connection: Database.Database, file: string): void {
  const problems = connection.prepare('PRAGMA quick_check(1)').raw(true).all([]) as [string][];
  if (problems[0]?.[0] !== 'ok') throw damaged(file, problems[0]?.[0] ?? 'its check gives no answer');
  const [applicationId, schemaVersion] = ['application_id', 'user_version'].map(
    (name) => (connection.prepare(`PRAGMA ${name}`).raw(true).get([]) as [number])[0],
  );
  const found = connection.prepare('SELECT sql FROM sqlite_schema ORDER BY rowid').raw(true).all([]) as [string][];
  if (applicationId === 0 && found.length === 0) return createSchema(connection);
  if (applicationId !== APPLICATION_ID) {
    throw new StoreFailure(`"${file}" is not a TiGateway store`);
  }
  if (schemaVersion !== SCHEMA_VERSION) {
    throw new StoreFailure(
      `"${file}" has the schema version ${schemaVersion}, this program reads ${SCHEMA_VERSION}: it was written by another release`,
    );
  }
  if (found.map(([sql]) => sql).join() !== TABLE_NAMES.map(tableSql).join())
    throw damaged(file, 'its tables are not ours');
}

function createSchema(connection: Database.Database): void {
  connection.exec(
    [
      'BEGIN IMMEDIATE',
      ...TABLE_NAMES.map(tableSql),
      `INSERT INTO ledger VALUES (1, 0, 0, ${rowCheckSum([1, 0, 0])})`,
      `PRAGMA application_id = ${APPLICATION_ID}`,
      `PRAGMA user_version = ${SCHEMA_VERSION}`,
      'COMMIT',
    ].join(';'),
  );
}

function tableSql(table: TableName): string {
  const key = columnNames(table).slice(0, TABLES[table].keyColumns).join(', ');
  const columns = [...TABLES[table].columns, 'crc INTEGER NOT NULL', `PRIMARY KEY (${key})`].join(', ');
  return `CREATE TABLE ${table} (${columns}) WITHOUT ROWID`;
}

function readable(row: Row): Row {
  return [...row.slice(0, -1), bodyText(row.at(-1) as string | Uint8Array)];
}

function bodyBytes(row: Row): number {
  const body = row.at(-1);
  return typeof body === 'number' || body === null || body === undefined ? 0 : body.length;
}

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigurationKey, DeadLetterKey } from '@tigateway/model';
import Database from 'libsql';
import { AcknowledgedMark } from './acknowledged-mark.js';
import { bodyBytes, bodyText } from '../body-compression.js';
import { DirectoryLock } from './directory-lock.js';
import { EventRetention } from './event-retention.js';
import { damaged, storeFailure } from './store-failure.js';
import type { RowChange } from './store-rows.js';
import { checkSchema, configure, createTables } from './store-schema.js';
import { selectSql, TABLE_NAMES, type TableName, TABLES } from './store-tables.js';
import { checkSum, isIntact, keyBytes, type KeyValue, type StoredRow } from './stored-row.js';
import { findLogDamage } from './write-ahead-log.js';

/** Pages that even the smallest commit appends to the log: one for each table it touches. */
const COMMIT_OVERHEAD_BYTES = 24 * 1024;

const LOADED_TABLES = ['api_object', 'document', 'in_force', 'hold', 'pending'] as const satisfies TableName[];
const CHECKED_TABLES = ['version', 'event', 'delivery', 'dead_letter'] as const satisfies TableName[];
const BATCH_ROWS = 500;
const BATCH_BYTES = 256 * 1024;
const LEDGER_ID = 'ledger';

export interface RowBatch {
  readonly table: TableName;
  /** A JSON array of bodies: one string is carried from thread to thread far faster than many. */
  readonly bodies: string;
}

interface Ledger {
  readonly commits: number;
  readonly lastVersionMs: number;
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
  private ledger: Ledger = { commits: 0, lastVersionMs: 0 };
  private loggedBytes = 0;
  private readonly events: EventRetention;
  /** Whether versions written from now on are compressed; the update policy says so. */
  compression = true;

  private constructor(
    private readonly file: string,
    private readonly database: Database.Database,
    private readonly lock: DirectoryLock,
    private readonly mark: AcknowledgedMark,
  ) {
    if (checkSchema(database, file)) this.create();
    this.statements = Object.fromEntries(TABLE_NAMES.map((table) => [table, this.prepared(table)])) as Record<
      TableName,
      Statements
    >;
    const ledger = this.bodies('ledger', 'WHERE id = ?', LEDGER_ID)[0];
    if (!ledger) throw damaged(file, 'its ledger is missing');
    this.ledger = JSON.parse(ledger) as Ledger;
    this.checkNothingLost();
    this.events = new EventRetention(this.oldestSequence, this.deliveries());
  }

  /**
   * Takes the directory (made where it is missing), checks that nothing that was acknowledged is missing or damaged, and
   * opens it.
   */
  static open(directory: string): StoreDatabase {
    const file = join(directory, 'store.db');
    const acquired: (() => void)[] = [];
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const lock = DirectoryLock.take(join(directory, 'lock'), directory);
      acquired.push(() => lock.release());
      const mark = AcknowledgedMark.open(join(directory, 'acknowledged'));
      acquired.push(() => mark.close());
      // Before SQLite opens the file: its recovery cuts off what the search is for.
      const damage = findLogDamage(`${file}-wal`);
      if (damage) throw damaged(`${file}-wal`, `the frame at byte ${damage.offset} fails its check sum`);
      // The database may hold passwords of notification channels; SQLite gives its log the mode of this file.
      closeSync(openSync(file, 'a', 0o600));
      const connection = new Database(file);
      acquired.push(() => connection.close());
      configure(connection);
      return new StoreDatabase(file, connection, lock, mark);
    } catch (error) {
      for (const release of acquired.reverse()) release();
      throw storeFailure(file, error);
    }
  }

  get lastVersionMs(): number {
    return this.ledger.lastVersionMs;
  }

  get lastSequence(): number {
    const [[sequence]] = this.select('SELECT max(sequence) FROM event') as [[number | null]];
    return sequence ?? 0;
  }

  get oldestSequence(): number {
    const [[sequence]] = this.select('SELECT min(sequence) FROM event') as [[number | null]];
    return sequence ?? 1;
  }

  /** Everything a start needs, in batches that are short to carry over; checks each row of every table on the way. */
  *load(): Generator<RowBatch> {
    try {
      for (const table of LOADED_TABLES) yield* this.batches(table);
      for (const table of CHECKED_TABLES) this.check(table);
    } catch (error) {
      throw storeFailure(this.file, error);
    }
  }

  /** Writes all of it or nothing; returns once it would survive a crash. */
  commit(changes: readonly RowChange[]): void {
    let { lastVersionMs } = this.ledger;
    let bytes = COMMIT_OVERHEAD_BYTES;
    this.transaction(() => {
      for (const change of changes) {
        if ('remove' in change) {
          this.statements[change.table].remove.run([...change.remove]);
          continue;
        }
        const { table, put: key } = change;
        if (table === 'version') lastVersionMs = Math.max(lastVersionMs, key[2] as number);
        bytes += this.put(table, key, bodyBytes(change.body, table === 'version' && this.compression));
      }
      const unwanted = this.events.unwantedThrough(changes);
      if (unwanted > 0) this.statements.event.remove.run([unwanted]);
      this.put('ledger', [LEDGER_ID], ledgerBody({ commits: this.ledger.commits + 1, lastVersionMs }));
    });
    this.ledger = { commits: this.ledger.commits + 1, lastVersionMs };
    this.events.committed(changes);
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

  remove(table: TableName, key: readonly KeyValue[]): void {
    this.guard(() => this.statements[table].remove.run([...key]));
  }

  /** Newest first. */
  versions({ configType, configId }: ConfigurationKey): string[] {
    return this.bodies('version', 'WHERE config_type = ? AND config_id = ? ORDER BY ms DESC', configType, configId);
  }

  version({ configType, configId }: ConfigurationKey, ms: number): string | undefined {
    return this.bodies('version', 'WHERE config_type = ? AND config_id = ? AND ms = ?', configType, configId, ms)[0];
  }

  /** Oldest first; `undefined` where events after `sequence` are gone, or `sequence` has never been given. */
  eventsSince(sequence: number, limit: number): string[] | undefined {
    const [[oldest, newest]] = this.select('SELECT min(sequence), max(sequence) FROM event') as [
      [number | null, number | null],
    ];
    if (sequence > (newest ?? 0) || sequence < (oldest ?? 1) - 1) return undefined;
    return this.bodies('event', 'WHERE sequence > ? ORDER BY sequence LIMIT ?', sequence, limit);
  }

  deliveries(): string[] {
    return this.bodies('delivery', 'ORDER BY channel');
  }

  deadLetters({ channel, sequence }: DeadLetterKey, limit: number): string[] {
    const where = 'WHERE (channel, sequence) > (?, ?) ORDER BY channel, sequence LIMIT ?';
    return this.bodies('dead_letter', where, channel, sequence, limit);
  }

  /** The bodies of the rows that `where` finds, as JSON texts, checked. */
  bodies(table: TableName, where: string, ...parameters: readonly KeyValue[]): string[] {
    const rows = this.select(`${selectSql(table)} ${where}`, ...parameters) as unknown as StoredRow[];
    return rows.map((row) => this.body(table, row));
  }

  /** Rows of any query, unchecked: for keys and counts. Text must be asked for as bytes. */
  select(sql: string, ...parameters: readonly KeyValue[]): unknown[][] {
    return this.guard(() => this.query(sql).all([...parameters]) as unknown[][]);
  }

  /** Gives up to `pages` free pages back to the file system, at the next checkpoint. */
  vacuum(pages: number): void {
    this.guard(() => this.database.exec(`PRAGMA incremental_vacuum(${pages})`));
  }

  get freePages(): number {
    const [[pages]] = this.select('PRAGMA freelist_count') as [[number]];
    return pages;
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

  private create(): void {
    this.transaction(() => {
      createTables(this.database);
      const body = ledgerBody(this.ledger);
      this.database.prepare('INSERT INTO ledger VALUES (?, ?, ?)').run([LEDGER_ID, body, checkSum(LEDGER_ID, body)]);
    });
  }

  private checkNothingLost(): void {
    const lost = this.mark.atOpen - this.ledger.commits;
    if (lost > 0) {
      throw damaged(this.file, `its last ${lost} acknowledged commits are missing from it and from its log`);
    }
    this.mark.write(this.ledger.commits);
  }

  private acknowledge(): void {
    try {
      this.mark.write(this.ledger.commits);
    } catch {
      // The commit is durable. A mark that is behind finds less damage at the next start, and no false one.
    }
  }

  private prepared(table: TableName): Statements {
    // A file of 10,000 routes in which one changed: the parts of it that did not change are not written again.
    const put = `INSERT INTO ${table} VALUES (${'?, '.repeat(TABLES[table].key.length)}?, ?)
      ON CONFLICT DO UPDATE SET body = excluded.body, crc = excluded.crc WHERE body <> excluded.body`;
    return {
      put: this.database.prepare(put),
      remove: this.database.prepare(`DELETE FROM ${table} WHERE ${TABLES[table].removal}`),
    };
  }

  /** @returns the size of what was written, in bytes */
  private put(table: TableName, key: readonly KeyValue[], body: Uint8Array): number {
    this.statements[table].put.run([...key, body, checkSum(keyBytes(key), body)]);
    return body.length;
  }

  private *batches(table: TableName): Generator<RowBatch> {
    let bodies: string[] = [];
    let bytes = 0;
    for (const row of this.everyRow(table)) {
      bodies.push(this.body(table, row));
      bytes += row[1].length;
      if (bodies.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      yield { table, bodies: `[${bodies.join()}]` };
      bodies = [];
      bytes = 0;
    }
    if (bodies.length > 0) yield { table, bodies: `[${bodies.join()}]` };
  }

  private check(table: TableName): void {
    for (const row of this.everyRow(table)) if (!isIntact(row)) this.refuse(table, row);
  }

  private everyRow(table: TableName): IterableIterator<StoredRow> {
    return this.query(selectSql(table)).iterate([]) as IterableIterator<StoredRow>;
  }

  private body(table: TableName, row: StoredRow): string {
    return isIntact(row) ? bodyText(row[1]) : this.refuse(table, row);
  }

  private refuse(table: TableName, [key]: StoredRow): never {
    const name = Buffer.from(key).toString('utf8').replaceAll('\u0000', ' ');
    throw damaged(this.file, `the ${table} "${name}" does not match its check sum`);
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

function ledgerBody(ledger: Ledger): Buffer {
  return Buffer.from(JSON.stringify(ledger));
}

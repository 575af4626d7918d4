import type Database from 'libsql';
import { damaged, StoreFailure } from './store-failure.js';
import { TABLE_NAMES, type TableName, tableSql } from './store-tables.js';

/** "TiGW": tells a database of ours from any other file. */
const APPLICATION_ID = 0x54694757;
const SCHEMA_VERSION = 2;
/** Tables that a schema version has and the one before had not. Their names stand at the end of `TABLES`. */
const ADDED_TABLES: Readonly<Record<number, readonly TableName[]>> = { 2: ['delivery', 'dead_letter'] };
const CACHE_KIB = 8_192;
/** The log's file is cut back to this after a checkpoint, in bytes; below it is written over, which is the faster flush. */
const LOG_LIMIT_BYTES = 16 * 2 ** 20;

export function configure(connection: Database.Database): void {
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

/**
 * Checks the structure of every page, and that the tables are ours. @returns true for a database without tables: a new one,
 * or one whose process ended while it was being made
 */
export function checkSchema(connection: Database.Database, file: string): boolean {
  const found = connection.prepare('SELECT CAST(sql AS BLOB) FROM sqlite_schema ORDER BY rowid').raw(true).all([]);
  const applicationId = pragma(connection, 'application_id');
  if (applicationId === 0 && found.length === 0) return true;
  const problem = pragma(connection, 'quick_check(1)');
  if (problem !== 'ok') throw damaged(file, String(problem));
  if (applicationId !== APPLICATION_ID) throw new StoreFailure(`"${file}" is not a TiGateway store`);
  const version = Number(pragma(connection, 'user_version'));
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new StoreFailure(
      `"${file}" has the schema version ${version}, this program reads 1 to ${SCHEMA_VERSION}: another release wrote it`,
    );
  }
  const missing = tablesAfter(version);
  const expected = TABLE_NAMES.filter((table) => !missing.includes(table));
  if (found.join() !== expected.map(tableSql).join()) throw damaged(file, 'its tables are not as they were made');
  if (missing.length > 0) addTables(connection, missing);
  return false;
}

/** Inside a transaction: a database has all of its tables, or none. */
export function createTables(connection: Database.Database): void {
  for (const table of TABLE_NAMES) connection.exec(tableSql(table));
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function tablesAfter(version: number): TableName[] {
  return Object.entries(ADDED_TABLES).flatMap(([since, tables]) => (Number(since) > version ? tables : []));
}

/** What an earlier release wrote is taken over in one step, and is not given back to it. */
function addTables(connection: Database.Database, tables: readonly TableName[]): void {
  connection.exec('BEGIN IMMEDIATE');
  for (const table of tables) connection.exec(tableSql(table));
  connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  connection.exec('COMMIT');
}

function pragma(connection: Database.Database, name: string): unknown {
  return (connection.prepare(`PRAGMA ${name}`).raw(true).get([]) as unknown[])[0];
}

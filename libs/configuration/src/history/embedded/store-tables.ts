import { crc32 } from 'node:zlib';

/** Recorded events kept for replay; older ones go. */
export const KEPT_EVENTS = 10_000;

export type SqlValue = string | number | null | Uint8Array;
/** The values of one row in the order of its table's columns, without the check sum. */
export type Row = readonly SqlValue[];

export interface Table {
  /** Column definitions; `crc` follows in every table. */
  readonly columns: readonly string[];
  /** How many leading columns are the primary key. */
  readonly keyColumns: number;
  /** Which rows one removal takes; its parameters are the removal's key. */
  readonly removal: string;
}

const KEY = ['config_type TEXT NOT NULL', 'config_id TEXT NOT NULL'] as const;
const BY_KEY = 'config_type = ? AND config_id = ?';

/**
 * Every table is WITHOUT ROWID: there is no second index that could disagree with its table, so SQLite's quick check of the
 * pages together with the check sum in each row covers everything that is read.
 */
export const TABLES = {
  api_object: {
    columns: [...KEY, 'version TEXT NOT NULL', 'created_sequence INTEGER NOT NULL', 'body TEXT NOT NULL'],
    keyColumns: 2,
    removal: BY_KEY,
  },
  /** A document is kept in parts of a few hundred objects, so that neither writing nor loading one is a long step. */
  document: {
    columns: ['source TEXT NOT NULL', 'name TEXT NOT NULL', 'part INTEGER NOT NULL', 'body TEXT NOT NULL'],
    keyColumns: 3,
    removal: 'source = ? AND name = ? AND part >= ?',
  },
  in_force: {
    columns: [...KEY, 'version TEXT NOT NULL', 'hash TEXT NOT NULL', 'source TEXT NOT NULL'],
    keyColumns: 2,
    removal: BY_KEY,
  },
  hold: {
    columns: [
      ...KEY,
      'source TEXT NOT NULL',
      'barred_hash TEXT NOT NULL',
      'version TEXT NOT NULL',
      'reason TEXT NOT NULL',
      'body TEXT NOT NULL',
    ],
    keyColumns: 2,
    removal: BY_KEY,
  },
  pending: { columns: ['id TEXT NOT NULL', 'body TEXT NOT NULL'], keyColumns: 1, removal: 'id = ?' },
  version: {
    columns: [
      ...KEY,
      'ms INTEGER NOT NULL',
      'timestamp TEXT NOT NULL',
      'hash TEXT NOT NULL',
      'operation TEXT NOT NULL',
      'source TEXT NOT NULL',
      'actor TEXT NOT NULL',
      'reason TEXT',
      'rollback_of TEXT',
      // Text, or a blob where it is compressed. No type: SQLite shall keep what it is given.
      'body NOT NULL',
    ],
    keyColumns: 3,
    removal: `${BY_KEY} AND ms = ?`,
  },
  event: { columns: ['sequence INTEGER NOT NULL', 'body TEXT NOT NULL'], keyColumns: 1, removal: 'sequence <= ?' },
  /** One row: how many commits there were, and the newest version ever given, whose row retention may have dropped. */
  ledger: {
    columns: ['id INTEGER NOT NULL', 'commits INTEGER NOT NULL', 'last_version_ms INTEGER NOT NULL'],
    keyColumns: 1,
    removal: 'id = ?',
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

export function columnNames(table: TableName): string[] {
  return TABLES[table].columns.map((column) => column.slice(0, column.indexOf(' ')));
}

/** CRC-32 over all values of a row: a flipped bit that SQLite's own structure check cannot see is found when it is read. */
export function rowCheckSum(row: Row): number {
  let text = '';
  let sum = 0;
  for (const value of row) {
    if (value instanceof Uint8Array) sum = crc32(value, sum);
    else text += `${value ?? ''}\u0000`;
  }
  return crc32(text, sum);
}

/** Recorded events kept for replay; older ones go. */
export const KEPT_EVENTS = 10_000;
/** Events kept for a notification channel that has not come to them yet; what it does not get to by then is lost to it. */
export const KEPT_UNDELIVERED_EVENTS = 100_000;

export interface Table {
  /** The columns that rows are found by: the primary key. */
  readonly key: readonly string[];
  /** Which rows one removal takes; its parameters are the removal's key. */
  readonly removal: string;
}

const KEY = ['config_type', 'config_id'] as const;
const BY_KEY = 'config_type = ? AND config_id = ?';

/**
 * Every table is a key, a `body` (all facts, the key's included, as JSON) and a check sum over both. They are WITHOUT ROWID:
 * there is no second index that could disagree with its table, so SQLite's quick check of the pages together with the check
 * sums covers everything that is read.
 */
export const TABLES = {
  api_object: { key: KEY, removal: BY_KEY },
  /** A document is kept in parts of a few hundred objects, so that neither writing nor loading one is a long step. */
  document: { key: ['source', 'name', 'part'], removal: 'source = ? AND name = ? AND part >= ?' },
  in_force: { key: KEY, removal: BY_KEY },
  hold: { key: KEY, removal: BY_KEY },
  pending: { key: ['id'], removal: 'id = ?' },
  version: { key: [...KEY, 'ms'], removal: `${BY_KEY} AND ms = ?` },
  event: { key: ['sequence'], removal: 'sequence <= ?' },
  /** One row: how many commits there were, and the newest version ever given, whose row retention may have dropped. */
  ledger: { key: ['id'], removal: 'id = ?' },
  /** How far a notification channel has come in the events. */
  delivery: { key: ['channel'], removal: 'channel = ?' },
  /** What a channel gave up; the events are in it, so that they may go from their own table. */
  dead_letter: { key: ['channel', 'sequence'], removal: 'channel = ? AND sequence = ?' },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

const NUMBERS: ReadonlySet<string> = new Set(['part', 'ms', 'sequence']);

export function tableSql(table: TableName): string {
  const { key } = TABLES[table];
  const columns = key.map((column) => `${column} ${NUMBERS.has(column) ? 'INTEGER' : 'TEXT'} NOT NULL`);
  return `CREATE TABLE ${table} (${columns.join(', ')}, body BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (${key.join(', ')})) WITHOUT ROWID`;
}

/**
 * Reads the three columns of `StoredRow`. Text is read as bytes everywhere: the driver ends the whole process over text that
 * is not UTF-8, which is what a flipped bit makes of it.
 */
export function selectSql(table: TableName): string {
  return `SELECT CAST(${TABLES[table].key.join(' || char(0) || ')} AS BLOB), body, crc FROM ${table}`;
}

import {
  type ConfigType,
  type ConfigurationKey,
  type ConfigurationVersion,
  type Json,
  type Operation,
  type ParsedObject,
  toRecords,
} from '@tigateway/model';
import type {
  StoreCommit,
  StoredApiObject,
  StoredCurrent,
  StoredDocument,
  StoredEvent,
  StoredHold,
  StoredPending,
  StoredState,
} from '../configuration-store.js';
import { versionMs, versionName } from '../version-name.js';
import { KEPT_EVENTS, type Row, type SqlValue, type TableName } from './store-tables.js';

/** One row to write, or the rows of one key to remove. */
export type RowChange =
  | { readonly table: TableName; readonly put: Row }
  | { readonly table: TableName; readonly remove: readonly SqlValue[] };

const OBJECTS_PER_PART = 256;

/** The rows of a commit, removals before what replaces them; made one at a time so that the caller can pause between. */
export function* rowChanges(commit: StoreCommit): Generator<RowChange> {
  for (const key of commit.removeApiObjects ?? []) yield { table: 'api_object', remove: keyRow(key) };
  for (const { source, name } of commit.removeDocuments ?? []) yield { table: 'document', remove: [source, name, 0] };
  for (const key of commit.removeCurrent ?? []) yield { table: 'in_force', remove: keyRow(key) };
  for (const key of commit.removeHolds ?? []) yield { table: 'hold', remove: keyRow(key) };
  for (const id of commit.removePending ?? []) yield { table: 'pending', remove: [id] };

  for (const version of commit.versions ?? []) yield { table: 'version', put: versionRow(version) };
  for (const object of commit.putApiObjects ?? []) {
    const { version, createdSequence, configuration } = object;
    yield { table: 'api_object', put: [...keyRow(object), version, createdSequence, JSON.stringify(configuration)] };
  }
  for (const document of commit.putDocuments ?? []) yield* documentChanges(document);
  for (const current of commit.putCurrent ?? []) {
    yield { table: 'in_force', put: [...keyRow(current), current.version, current.hash, current.source] };
  }
  for (const hold of commit.putHolds ?? []) {
    const { source, barredHash, version, reason, configuration } = hold;
    yield {
      table: 'hold',
      put: [...keyRow(hold), source, barredHash, version, reason, JSON.stringify(configuration)],
    };
  }
  for (const { id, payload } of commit.putPending ?? []) yield { table: 'pending', put: [id, JSON.stringify(payload)] };
  for (const event of commit.events?.slice(-KEPT_EVENTS) ?? []) {
    yield { table: 'event', put: [event.sequence, JSON.stringify(event)] };
  }
}

function* documentChanges({ source, name, objects }: StoredDocument): Generator<RowChange> {
  const parts = Math.max(1, Math.ceil(objects.length / OBJECTS_PER_PART));
  yield { table: 'document', remove: [source, name, parts] };
  for (let part = 0; part < parts; part += 1) {
    const body = JSON.stringify(objects.slice(part * OBJECTS_PER_PART, (part + 1) * OBJECTS_PER_PART));
    yield { table: 'document', put: [source, name, part, body] };
  }
}

function keyRow({ configType, configId }: ConfigurationKey): readonly [string, string] {
  return [configType, configId];
}

function versionRow(version: ConfigurationVersion): Row {
  const ms = versionMs(version.version);
  if (ms === undefined) throw new TypeError(`"${version.version}" is no version name`);
  return [
    ...keyRow(version),
    ms,
    version.timestamp,
    version.hash,
    version.operation,
    version.source,
    version.actor,
    version.reason ?? null,
    version.rollbackOf ?? null,
    JSON.stringify(version.configuration),
  ];
}

/** What a version's row says; its body has been made text again. */
export function versionOf(row: Row): ConfigurationVersion {
  const [configType, configId, ms, timestamp, hash, operation, source, actor, reason, rollbackOf, body] = row as [
    ConfigType,
    string,
    number,
    string,
    string,
    Operation,
    string,
    string,
    string | null,
    string | null,
    string,
  ];
  return {
    configType,
    configId,
    version: versionName(ms),
    configuration: configurationOf(body),
    timestamp,
    hash,
    operation,
    source,
    actor,
    ...(reason !== null && { reason }),
    ...(rollbackOf !== null && { rollbackOf }),
  };
}

export function eventOf(row: Row): StoredEvent {
  return JSON.parse(row[1] as string) as StoredEvent;
}

function configurationOf(body: string): Json {
  return toRecords(JSON.parse(body) as Json);
}

type LoadedTable = Exclude<TableName, 'version' | 'event' | 'ledger'>;

/** Collects the rows of a load, in the tables' order, into what a start finds. */
export class LoadedState {
  private readonly apiObjects: StoredApiObject[] = [];
  private readonly documents = new Map<string, StoredDocument & { readonly objects: ParsedObject[] }>();
  private readonly current: StoredCurrent[] = [];
  private readonly holds: StoredHold[] = [];
  private readonly pending: StoredPending[] = [];

  private readonly readers: Record<LoadedTable, (row: Row) => void> = {
    api_object: (row) => {
      const [configType, configId, version, createdSequence, body] = row as [
        ConfigType,
        string,
        string,
        number,
        string,
      ];
      this.apiObjects.push({ configType, configId, version, createdSequence, configuration: configurationOf(body) });
    },
    document: (row) => {
      const [source, name, , body] = row as [string, string, number, string];
      const id = `${source}\u0000${name}`;
      const document = this.documents.get(id) ?? { source, name, objects: [] };
      this.documents.set(id, document);
      for (const object of JSON.parse(body) as ParsedObject[]) {
        document.objects.push({ ...object, configuration: toRecords(object.configuration) });
      }
    },
    in_force: (row) => {
      const [configType, configId, version, hash, source] = row as [ConfigType, string, string, string, string];
      this.current.push({ configType, configId, version, hash, source });
    },
    hold: (row) => {
      const [configType, configId, source, barredHash, version, reason, body] = row as [
        ConfigType,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      const configuration = configurationOf(body);
      this.holds.push({ configType, configId, source, barredHash, version, reason, configuration });
    },
    pending: (row) => {
      const [id, body] = row as [string, string];
      this.pending.push({ id, payload: configurationOf(body) });
    },
  };

  add(table: TableName, rows: readonly Row[]): void {
    const read = this.readers[table as LoadedTable];
    for (const row of rows) read(row);
  }

  state(lastVersionMs: number, lastSequence: number): StoredState {
    return {
      apiObjects: this.apiObjects.sort((a, b) => a.createdSequence - b.createdSequence),
      documents: [...this.documents.values()],
      current: this.current,
      holds: this.holds,
      pending: this.pending,
      lastVersionMs,
      lastSequence,
    };
  }
}

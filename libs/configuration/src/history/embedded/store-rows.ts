import {
  type ConfigurationKey,
  type ConfigurationVersion,
  type Json,
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
import { versionMs } from '../version-name.js';
import { KEPT_EVENTS, type TableName } from './store-tables.js';
import type { KeyValue } from './stored-row.js';

/** One row to write (its body as JSON text), or the rows of one key to remove. */
export type RowChange =
  | { readonly table: TableName; readonly put: readonly KeyValue[]; readonly body: string }
  | { readonly table: TableName; readonly remove: readonly KeyValue[] };

/**
 * Rows as one text, two lines each: what is to be done, and the body. One text is carried from thread to thread far faster than
 * many objects.
 */
export function rowsText(changes: readonly RowChange[]): string {
  const lines: string[] = [];
  for (const change of changes) {
    if ('put' in change) lines.push(JSON.stringify([change.table, change.put]), change.body);
    else lines.push(JSON.stringify([change.table, change.remove]), '');
  }
  return lines.join('\n');
}

/** The inverse of `rowsText`. A body is JSON and never empty, and no JSON holds a line break. */
export function rowsOfText(text: string): RowChange[] {
  const changes: RowChange[] = [];
  if (text === '') return changes;
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 2) {
    const [table, key] = JSON.parse(lines[at] as string) as [TableName, KeyValue[]];
    const body = lines[at + 1] as string;
    changes.push(body === '' ? { table, remove: key } : { table, put: key, body });
  }
  return changes;
}

interface DocumentPart extends StoredDocument {
  readonly part: number;
}

const OBJECTS_PER_PART = 256;

/**
 * The rows of a commit, removals before what replaces them; made one at a time so that the caller can pause between.
 * @param keptEvents no more of a commit's events than these are written, the newest
 */
export function* rowChanges(commit: StoreCommit, keptEvents = KEPT_EVENTS): Generator<RowChange> {
  for (const key of commit.removeApiObjects ?? []) yield { table: 'api_object', remove: keyOf(key) };
  for (const { source, name } of commit.removeDocuments ?? []) yield { table: 'document', remove: [source, name, 0] };
  for (const key of commit.removeCurrent ?? []) yield { table: 'in_force', remove: keyOf(key) };
  for (const key of commit.removeHolds ?? []) yield { table: 'hold', remove: keyOf(key) };
  for (const id of commit.removePending ?? []) yield { table: 'pending', remove: [id] };
  for (const channel of commit.removeDeliveries ?? []) yield { table: 'delivery', remove: [channel] };
  for (const { channel, sequence } of commit.removeDeadLetters ?? []) {
    yield { table: 'dead_letter', remove: [channel, sequence] };
  }

  for (const version of commit.versions ?? []) yield put('version', [...keyOf(version), msOf(version)], version);
  for (const object of commit.putApiObjects ?? []) yield put('api_object', keyOf(object), object);
  for (const document of commit.putDocuments ?? []) yield* documentChanges(document);
  for (const current of commit.putCurrent ?? []) yield put('in_force', keyOf(current), current);
  for (const hold of commit.putHolds ?? []) yield put('hold', keyOf(hold), hold);
  for (const pending of commit.putPending ?? []) yield put('pending', [pending.id], pending);
  for (const event of commit.events?.slice(-keptEvents) ?? []) yield put('event', [event.sequence], event);
  for (const delivery of commit.putDeliveries ?? []) yield put('delivery', [delivery.channel], delivery);
  for (const letter of commit.putDeadLetters ?? []) yield put('dead_letter', [letter.channel, letter.sequence], letter);
}

function* documentChanges({ source, name, objects }: StoredDocument): Generator<RowChange> {
  const parts = Math.max(1, Math.ceil(objects.length / OBJECTS_PER_PART));
  yield { table: 'document', remove: [source, name, parts] };
  for (let part = 0; part < parts; part += 1) {
    const some = objects.slice(part * OBJECTS_PER_PART, (part + 1) * OBJECTS_PER_PART);
    yield put('document', [source, name, part], { source, name, part, objects: some } satisfies DocumentPart);
  }
}

function put(table: TableName, key: readonly KeyValue[], facts: object): RowChange {
  return { table, put: key, body: JSON.stringify(facts) };
}

function keyOf({ configType, configId }: ConfigurationKey): [string, string] {
  return [configType, configId];
}

function msOf({ version }: ConfigurationVersion): number {
  const ms = versionMs(version);
  if (ms === undefined) throw new TypeError(`"${version}" is no version name`);
  return ms;
}

export function versionOf(body: string): ConfigurationVersion {
  return withRecords(JSON.parse(body) as ConfigurationVersion);
}

function withRecords<T extends { readonly configuration: Json }>(facts: T): T {
  return { ...facts, configuration: toRecords(facts.configuration) };
}

/** Collects the bodies of a load into what a start finds. */
export class LoadedState {
  private readonly apiObjects: StoredApiObject[] = [];
  private readonly documents = new Map<string, StoredDocument & { readonly objects: ParsedObject[] }>();
  private readonly current: StoredCurrent[] = [];
  private readonly holds: StoredHold[] = [];
  private readonly pending: StoredPending[] = [];

  /** `bodies` is a JSON array of rows of `table`, in the order of their keys. */
  add(table: TableName, bodies: string): void {
    const rows = JSON.parse(bodies) as unknown[];
    if (table === 'api_object') this.apiObjects.push(...(rows as StoredApiObject[]).map(withRecords));
    if (table === 'document') (rows as DocumentPart[]).forEach((part) => this.addPart(part));
    if (table === 'in_force') this.current.push(...(rows as StoredCurrent[]));
    if (table === 'hold') this.holds.push(...(rows as StoredHold[]).map(withRecords));
    if (table === 'pending') {
      this.pending.push(...(rows as StoredPending[]).map(({ id, payload }) => ({ id, payload: toRecords(payload) })));
    }
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

  private addPart({ source, name, objects }: DocumentPart): void {
    const id = `${source}\u0000${name}`;
    const document = this.documents.get(id) ?? { source, name, objects: [] };
    this.documents.set(id, document);
    for (const object of objects) document.objects.push(withRecords(object));
  }
}

export function eventOf(body: string): StoredEvent {
  return JSON.parse(body) as StoredEvent;
}

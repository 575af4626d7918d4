import { isJsonObject, type Json, type SourceName } from '@tigateway/model';
import type { TrafficCount } from '@tigateway/routing';
import type { StoredPending } from '../../history/configuration-store.js';
import type { Undo, UndoEntry } from '../undo.js';
import type { AffectedRoutes } from './affected-routes.js';

/** What a restart needs to go on judging a change. */
export interface WatchRecord {
  readonly id: string;
  readonly undo: Undo;
  readonly affected: AffectedRoutes;
  readonly before: TrafficCount;
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
}

/** In one row, so that none of a change of 100,000 routes is a long step. */
const ENTRIES_PER_ROW = 256;

const HEAD = 'watch';
const PART = 'watch-part';

/** The rows of a record: a head, and its entries and routes in parts. */
export function watchRows({ id, undo, affected, before, untilMs }: WatchRecord): StoredPending[] {
  const routes = affected === 'all' ? [] : [...affected];
  const { source, entries } = undo;
  const parts = Math.ceil(Math.max(routes.length, entries.length) / ENTRIES_PER_ROW);
  const head = { kind: HEAD, source, untilMs, before: { ...before }, affectsAll: affected === 'all' };
  const rows: StoredPending[] = [{ id, payload: head }];
  for (let part = 0; part < parts; part++) {
    const from = part * ENTRIES_PER_ROW;
    const to = from + ENTRIES_PER_ROW;
    const payload = { kind: PART, watch: id, entries: entries.slice(from, to), routes: routes.slice(from, to) };
    rows.push({ id: `${id}/${part}`, payload: payload as unknown as Json });
  }
  return rows;
}

export function isWatchRow({ payload }: StoredPending): boolean {
  return isJsonObject(payload) && (payload['kind'] === HEAD || payload['kind'] === PART);
}

/** @param rows what the store kept, other rows too; in any order */
export function watchRecords(rows: readonly StoredPending[]): (WatchRecord & { readonly rowIds: readonly string[] })[] {
  const heads = new Map<string, WatchRecord & { rowIds: string[]; entries: UndoEntry[]; routes: Set<string> }>();
  for (const { id, payload } of rows.filter(isKind(HEAD))) {
    const { source, untilMs, before, affectsAll } = payload as unknown as StoredHead;
    const entries: UndoEntry[] = [];
    const routes = new Set<string>();
    const affected = affectsAll ? 'all' : routes;
    heads.set(id, { id, undo: { source, entries }, affected, before, untilMs, rowIds: [id], entries, routes });
  }
  for (const { id, payload } of rows.filter(isKind(PART))) {
    const { watch, entries, routes } = payload as unknown as StoredPart;
    const head = heads.get(watch);
    head?.rowIds.push(id);
    head?.entries.push(...entries);
    for (const route of routes) head?.routes.add(route);
  }
  return [...heads.values()];
}

interface StoredHead {
  readonly source: SourceName;
  readonly untilMs: number;
  readonly before: TrafficCount;
  readonly affectsAll: boolean;
}

interface StoredPart {
  readonly watch: string;
  readonly entries: readonly UndoEntry[];
  readonly routes: readonly string[];
}

function isKind(kind: string): (row: StoredPending) => boolean {
  return ({ payload }) => isJsonObject(payload) && payload['kind'] === kind;
}

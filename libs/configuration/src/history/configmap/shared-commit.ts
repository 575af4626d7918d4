import type { StoreCommit } from '../configuration-store.js';

/** What of a commit concerns all processes. */
export type SharedCommit = Pick<StoreCommit, (typeof SHARED_PARTS)[number]>;

const SHARED_PARTS = [
  'versions',
  'putApiObjects',
  'removeApiObjects',
  'putCurrent',
  'removeCurrent',
  'putHolds',
  'removeHolds',
  'putPending',
  'removePending',
  'events',
  'judged',
  'held',
  'released',
] as const satisfies readonly (keyof StoreCommit)[];

/** What each process judges by its own traffic is kept by itself alone. */
const WATCH_ID = /^watch-/;

/** @returns the part of a commit that all processes share; `undefined` where there is none */
export function sharedPart(commit: StoreCommit): SharedCommit | undefined {
  const shared: Record<string, readonly unknown[]> = {};
  for (const part of SHARED_PARTS) {
    const rows = sharedRows(part, commit);
    if (rows.length > 0) shared[part] = rows;
  }
  const parts = Object.keys(shared);
  return parts.length > 0 && parts.some((part) => part !== 'judged' && part !== 'held') ? shared : undefined;
}

function sharedRows(part: (typeof SHARED_PARTS)[number], commit: StoreCommit): readonly unknown[] {
  if (part === 'putPending') return (commit.putPending ?? []).filter(({ id }) => !WATCH_ID.test(id));
  if (part === 'removePending') return (commit.removePending ?? []).filter((id) => !WATCH_ID.test(id));
  return commit[part] ?? [];
}

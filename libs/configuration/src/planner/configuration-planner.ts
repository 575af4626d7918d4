import { type Change, type ChangeSet, type Configured, hashOf, type SourceName, TimeSlice } from '@tigateway/model';
import type { Map } from 'immutable';
import type { StoredHold } from '../history/configuration-store.js';
import type { DesiredState } from '../merger/desired-state.js';
import { keyFromText } from './key-from-text.js';
import type { Running } from './running-state.js';

export interface Plan extends ChangeSet {
  /** Holds whose source has changed its content: they end with this change. */
  readonly lifted: readonly StoredHold[];
}

/**
 * The difference between what is desired and what runs, for the keys that a merge touched. Pure; nothing different gives an
 * empty plan.
 */
export async function planChanges(
  desired: DesiredState,
  running: Map<string, Running>,
  holds: Map<string, StoredHold>,
  touched: Iterable<string>,
  precedenceOf: (source: SourceName) => number,
): Promise<Plan> {
  const changes: Change[] = [];
  const lifted: StoredHold[] = [];
  const slice = new TimeSlice();
  for (const text of touched) {
    if (slice.isUsedUp) await slice.breathe();
    const candidates = desired.candidates.get(text) ?? [];
    const hold = holds.get(text);
    const isHeld = hold !== undefined && contentOf(candidates, hold.source) === hold.barredHash;
    if (hold && !isHeld) lifted.push(hold);
    const next = isHeld ? winnerUnderHold(candidates, hold, precedenceOf) : candidates[0];
    const previous = running.get(text);
    const { configType, configId } = keyFromText(text);
    if (next) {
      if (!previous || differs(previous, next))
        changes.push({ configType, configId, op: 'upsert', next, ...(previous && { previous }) });
    } else if (previous) {
      changes.push({ configType, configId, op: 'delete', previous });
    }
  }
  return { changes, lifted };
}

/** True for a change that only moves a configuration: it makes no version and no event. */
export function isRelocation(change: Change): boolean {
  if (change.op === 'delete') return false;
  const { previous, next } = change;
  return previous?.hash === next.hash && previous.source === next.source;
}

function differs(previous: Configured, next: Configured): boolean {
  return (
    previous.hash !== next.hash ||
    previous.source !== next.source ||
    previous.rank.some((member, index) => member !== next.rank[index]) ||
    previous.position !== next.position
  );
}

/** The hash of what a source itself says of a key; that of `null` where it says nothing. */
function contentOf(candidates: readonly Configured[], source: SourceName): string {
  return candidates.find((each) => each.source === source)?.hash ?? hashOf(null);
}

function winnerUnderHold(
  candidates: readonly Configured[],
  hold: StoredHold,
  precedenceOf: (source: SourceName) => number,
): Configured | undefined {
  const barred = candidates.find((each) => each.source === hold.source);
  const others = candidates.filter((each) => each !== barred);
  if (hold.configuration === null) return others[0];
  const held: Configured = {
    configuration: hold.configuration,
    hash: hashOf(hold.configuration),
    source: hold.source,
    position: barred?.position ?? { source: hold.source, document: hold.version, line: 0, column: 0 },
    rank: barred?.rank ?? [precedenceOf(hold.source), '', 0],
    ...(barred?.deferredPlaceholders && { deferredPlaceholders: true }),
  };
  return others.find((each) => each.rank[0] < held.rank[0]) ?? held;
}

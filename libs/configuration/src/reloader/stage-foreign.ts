import {
  type Change,
  type Configured,
  type ConfigurationKey,
  type ConfigurationVersion,
  forEachSliced,
  keyText,
  recordedEventOf,
  type RecordedEvent,
  toRecords,
} from '@tigateway/model';
import type { ForeignCommit, SharedState, StoreCommit, StoredCurrent } from '../history/configuration-store.js';
import { versionMs } from '../history/version-name.js';
import type { DocumentChanges } from '../merger/configuration-merger.js';
import { keyFromText } from '../planner/key-from-text.js';
import { Running, withRunning } from '../planner/running-state.js';
import type { Undo } from './undo.js';
import { pendingOf } from './pending.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { API, storedApiDocument, type WriteTools } from './stage-write.js';

/**
 * Thinks it through that others have committed something: what runs here becomes what they made of it. Nothing new is made of
 * it, and what runs here in a newer version already stays.
 * @param without key texts of what cannot run here: it stays as it is
 */
export async function stageForeign(
  state: PipelineState,
  { sequence, commit, eventSequence, identity }: ForeignCommit,
  tools: WriteTools,
  without: ReadonlySet<string> = new Set(),
): Promise<Staged<undefined>> {
  const { versionClock, merger } = tools;
  const versions = commit.versions ?? [];
  for (const { version } of versions) versionClock.seed(versionMs(version) ?? 0);
  const desired = await merger.merge(state.desired, apiDocuments(commit));
  const next = { ...state, desired: desired.state };
  const { inForce, heldBack, judged } = keptBack(state, commit, identity);
  const { changes, ranAs } = await changesOf(next, inForce, tools, without);
  const events: RecordedEvent[] = [];
  await forEachSliced(commit.events ?? [], (event) => events.push(recordedEventOf(event)));
  const api = state.api.withMutations((map) => {
    for (const key of commit.removeApiObjects ?? []) map.delete(keyText(key));
    for (const object of commit.putApiObjects ?? []) map.set(keyText(object), object);
  });
  const holds = state.holds.withMutations((map) => {
    for (const key of commit.removeHolds ?? []) map.delete(keyText(key));
    for (const hold of commit.putHolds ?? []) map.set(keyText(hold), hold);
  });
  const pending = state.pending.withMutations((map) => {
    for (const id of commit.removePending ?? []) map.delete(id);
    for (const each of pendingOf(commit.putPending ?? [])) map.set(each.id, each);
  });
  const created = (commit.putApiObjects ?? []).map(({ createdSequence }) => createdSequence);
  return {
    state: {
      ...next,
      api,
      holds,
      pending,
      heldBack,
      running: await withRunning(state.running, ranAs),
      apiSequence: Math.max(state.apiSequence, ...created),
      eventSequence: eventSequence ?? Math.max(state.eventSequence, events.at(-1)?.facts.sequence ?? 0),
    },
    changes,
    versions,
    events,
    commit,
    result: undefined,
    foreign: { sequence, ...(eventSequence !== undefined && { eventSequence }) },
    ...(judged.length > 0 && { undos: judged }),
  };
}

interface KeptBack {
  /** What comes into force here now. */
  readonly inForce: StoreCommit;
  readonly heldBack: PipelineState['heldBack'];
  readonly judged: readonly Undo[];
}

/** Parts a commit into what comes into force here and what an update keeps back from this process; adds what is released. */
function keptBack(state: PipelineState, commit: StoreCommit, identity: string | undefined): KeptBack {
  const { held = [], released = [], judged = [], versions = [], putCurrent = [], removeCurrent = [] } = commit;
  if (held.length === 0 && released.length === 0) {
    return { inForce: commit, heldBack: state.heldBack.deleteAll(commit.removePending ?? []), judged };
  }
  const kept = new Set(held.flatMap(({ keys }) => keys.map(keyText)));
  const isNow = (key: ConfigurationKey): boolean => !kept.has(keyText(key));
  let heldBack = state.heldBack;
  for (const { id, keys } of held) {
    const own = new Set(keys.map(keyText));
    const isOwn = (key: ConfigurationKey): boolean => own.has(keyText(key));
    const known = heldBack.get(id) ?? { commit: {}, judged: [] };
    heldBack = heldBack.set(id, {
      commit: {
        versions: [...(known.commit.versions ?? []), ...versions.filter(isOwn)],
        putCurrent: [...(known.commit.putCurrent ?? []), ...putCurrent.filter(isOwn)],
        removeCurrent: [...(known.commit.removeCurrent ?? []), ...removeCurrent.filter(isOwn)],
      },
      judged: [...known.judged, ...judged],
    });
  }
  const freed = released
    .filter(({ replicas }) => replicas === 'all' || (identity !== undefined && replicas.includes(identity)))
    .map(({ id }) => id);
  const free = freed.flatMap((id) => heldBack.get(id) ?? []);
  // What no longer waits is through, or taken back: what came of it is in force, and nothing more comes.
  heldBack = heldBack.deleteAll([...freed, ...(commit.removePending ?? [])]);
  return {
    inForce: {
      versions: [...free.flatMap((each) => each.commit.versions ?? []), ...versions],
      putCurrent: [...free.flatMap((each) => each.commit.putCurrent ?? []), ...putCurrent.filter(isNow)],
      removeCurrent: [...free.flatMap((each) => each.commit.removeCurrent ?? []), ...removeCurrent.filter(isNow)],
    },
    heldBack,
    judged: [...free.flatMap((each) => each.judged), ...(held.length === 0 ? judged : [])],
  };
}

/** What a commit has to hold for this state to become what all processes share. */
export function commitTowards(state: PipelineState, shared: SharedState): StoreCommit {
  const { running } = state;
  const current = new Map(shared.current.map((each) => [keyText(each), each]));
  const putCurrent = shared.current.filter(
    (each) => running.configurations.get(keyText(each))?.version !== each.version,
  );
  const api = new Set(shared.apiObjects.map(keyText));
  const holds = new Set(shared.holds.map(keyText));
  const pending = new Set(shared.pending.map(({ id }) => id));
  return {
    versions: putCurrent.flatMap((each) => shared.versions.get(keyText(each)) ?? []),
    putCurrent,
    removeCurrent: [...running.configurations.keys()].filter((text) => !current.has(text)).map(keyFromText),
    putApiObjects: shared.apiObjects.filter((each) => state.api.get(keyText(each))?.version !== each.version),
    removeApiObjects: [...state.api.keys()].filter((text) => !api.has(text)).map(keyFromText),
    putHolds: shared.holds,
    removeHolds: [...state.holds.keys()].filter((text) => !holds.has(text)).map(keyFromText),
    putPending: shared.pending,
    removePending: [...state.pending.keys()].filter((id) => !pending.has(id)),
  };
}

function apiDocuments({ putApiObjects = [], removeApiObjects = [] }: StoreCommit): DocumentChanges {
  return { source: API, put: putApiObjects.map(storedApiDocument), remove: removeApiObjects.map(keyText) };
}

async function changesOf(
  state: PipelineState,
  { versions = [], putCurrent = [], removeCurrent = [] }: StoreCommit,
  tools: WriteTools,
  without: ReadonlySet<string>,
): Promise<{ readonly changes: readonly Change[]; readonly ranAs: ReadonlyMap<string, Running | undefined> }> {
  const contents = new Map<string, ConfigurationVersion>();
  await forEachSliced(versions, (version) => contents.set(keyText(version), version));
  const changes: Change[] = [];
  const ranAs = new Map<string, Running | undefined>();
  const runs = (key: ConfigurationKey): Running | undefined => state.running.configurations.get(keyText(key));
  await forEachSliced(removeCurrent, ({ configType, configId }) => {
    const key = { configType, configId };
    const previous = runs(key);
    if (!previous || isNewer(previous.version, contents.get(keyText(key))?.version)) return;
    changes.push({ ...key, op: 'delete', previous });
    ranAs.set(keyText(key), undefined);
  });
  await forEachSliced(putCurrent, (current) => {
    const text = keyText(current);
    const previous = runs(current);
    const content = contents.get(text);
    if (!content || without.has(text) || previous?.version === current.version) return;
    if (previous && isNewer(previous.version, current.version)) return;
    const next = configured(state, current, content, tools);
    const { configType, configId, version } = current;
    changes.push({ configType, configId, op: 'upsert', next, ...(previous && { previous }) });
    ranAs.set(text, new Running(next, version));
  });
  return { changes, ranAs };
}

function isNewer(version: string, than: string | undefined): boolean {
  return than !== undefined && (versionMs(version) ?? 0) > (versionMs(than) ?? 0);
}

/** As the source defines it, where it says the same here already: the objects, and what is known of their place, are shared. */
function configured(
  { desired }: PipelineState,
  current: StoredCurrent,
  { configuration }: ConfigurationVersion,
  { merger }: WriteTools,
): Configured {
  const { source, hash, version } = current;
  const own = desired.candidates.get(keyText(current))?.find((each) => each.source === source);
  if (own?.hash === hash) return own;
  return {
    configuration: toRecords(configuration),
    hash,
    source,
    position: own?.position ?? { source, document: version, line: 0, column: 0 },
    rank: own?.rank ?? [merger.precedenceOf(source), '', 0],
    ...(own?.deferredPlaceholders && { deferredPlaceholders: true }),
  };
}

import { type ConfigurationVersion, hashOf, keyText, type SourceName } from '@tigateway/model';
import type { StoredHold } from '../history/configuration-store.js';
import { planChanges } from '../planner/configuration-planner.js';
import type { WriteRequest } from './configuration-api.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { type Cause, StageChanges } from './stage-changes.js';
import { API, stageWrite, type WriteTools } from './stage-write.js';
import type { Undo, UndoEntry } from './undo.js';

export type UndoCause = Omit<Cause, 'source' | 'rollback'> & { readonly reason: string };

/**
 * Thinks it through that a change had not happened: exactly what it changed and nobody has changed since, all in one step. What
 * the API made is put back; what another source says is held in its former state, and its present content barred.
 * @throws ConfigurationValidationError where the former content is no longer valid
 */
export async function stageUndo(
  state: PipelineState,
  { source, entries }: Undo,
  cause: UndoCause,
  tools: WriteTools,
): Promise<Staged<readonly ConfigurationVersion[]>> {
  const own = entries.filter((entry) => runsAsMade(state, entry));
  const rollback = rollbackOf(own);
  if (source === API) {
    const requests = own.flatMap((entry) => requestOf(state, entry));
    const staged = await stageWrite(state, requests, { ...cause, source, rollback }, tools);
    return { ...staged, result: staged.versions };
  }
  const held = holdsOf(state, source, own, cause.reason);
  const holds = state.holds.withMutations((map) => held.forEach((hold) => map.set(keyText(hold), hold)));
  const precedenceOf = (name: SourceName): number => tools.merger.precedenceOf(name);
  const running = state.running.configurations;
  const plan = await planChanges(state.desired, running, holds, own.map(keyText), precedenceOf);
  const staging = new StageChanges(state, tools.versionClock, { ...cause, source, rollback });
  await staging.takeAll(plan.changes);
  const staged = await staging.finish(plan, { holds }, { putHolds: held }, []);
  return { ...staged, result: staged.versions };
}

/** From which version to which each key goes back; a key that did not run before has none to go back to. */
export function rollbackOf(
  entries: readonly UndoEntry[],
  trigger: 'manual' | 'auto' = 'auto',
): NonNullable<Cause['rollback']> {
  const byKey = new Map(entries.map((entry) => [keyText(entry), entry]));
  return {
    trigger,
    of: (key) => byKey.get(keyText(key))?.previous?.version,
    from: (key) => byKey.get(keyText(key))?.version ?? '',
  };
}

/** Holds that keep what ran before in force, against what a source says in this state. */
export function holdsOf(
  { desired }: Pick<PipelineState, 'desired'>,
  source: SourceName,
  entries: readonly UndoEntry[],
  reason: string,
): StoredHold[] {
  return entries.map((entry) => {
    const { configType, configId, previous, version } = entry;
    const said = desired.candidates.get(keyText(entry))?.find((each) => each.source === source);
    return {
      configType,
      configId,
      source,
      barredHash: said?.hash ?? hashOf(null),
      configuration: previous?.configuration ?? null,
      version: previous?.version ?? version,
      reason,
    };
  });
}

function runsAsMade({ running }: PipelineState, entry: UndoEntry): boolean {
  const now = running.configurations.get(keyText(entry));
  return now === undefined ? entry.previous !== null : now.version === entry.version;
}

function requestOf(state: PipelineState, { configType, configId, api }: UndoEntry): WriteRequest[] {
  if (api !== null) return [{ configType, configId, op: 'upsert', configuration: api }];
  return state.api.has(keyText({ configType, configId })) ? [{ configType, configId, op: 'delete' }] : [];
}

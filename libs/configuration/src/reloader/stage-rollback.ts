import {
  type ConfigurationKey,
  ConfigurationValidationError,
  type ConfigurationVersion,
  hashOf,
  keyText,
  type SourceName,
  toRecords,
} from '@tigateway/model';
import type { StoredHold } from '../history/configuration-store.js';
import { planChanges } from '../planner/configuration-planner.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { type Cause, StageChanges } from './stage-changes.js';
import { API, stageWrite, type WriteTools } from './stage-write.js';
import { validationSteps } from './update-policy.settings.js';

/**
 * Thinks the return of an older version through. What the API defines is written anew; what another source defines is held in
 * force, and that source's present content is barred until it changes.
 * @throws ConfigurationValidationError where the old content is no longer valid
 */
export async function stageRollback(
  state: PipelineState,
  key: ConfigurationKey,
  { target, newest }: { readonly target: ConfigurationVersion; readonly newest: ConfigurationVersion },
  cause: Omit<Cause, 'source' | 'rollback'>,
  tools: WriteTools,
): Promise<Staged<ConfigurationVersion>> {
  const text = keyText(key);
  const running = state.running.configurations.get(text);
  const current = running?.hash ?? hashOf(null);
  const from = running?.version ?? newest.version;
  const rollback = { trigger: 'manual' as const, of: () => target.version, from: () => from };
  const source = ownerOf(state, text, target);
  if (current === target.hash) return nothing(state, target, running?.version);
  if (source === API) {
    const request =
      target.configuration === null
        ? ({ ...key, op: 'delete' } as const)
        : ({ ...key, op: 'upsert', configuration: target.configuration } as const);
    const staged = await stageWrite(state, [request], { ...cause, source: API, rollback }, tools);
    return { ...staged, result: staged.result.versions[0] as ConfigurationVersion };
  }
  await checkStillValid(state, key, target, tools);
  const staging = new StageChanges(state, tools.versionClock, { ...cause, source, rollback });
  const own = state.desired.candidates.get(text)?.find((each) => each.source === source)?.hash ?? hashOf(null);
  const known = state.holds.get(text);
  const hold: StoredHold = {
    ...key,
    source,
    barredHash: own,
    configuration: target.configuration === null ? null : toRecords(target.configuration),
    version: target.version,
    reason: cause.reason ?? `rolled back to ${target.version}`,
  };
  // What the source itself says now needs no hold: the rollback ends the one there is.
  const isOwn = own === target.hash;
  const holds = isOwn ? state.holds.delete(text) : state.holds.set(text, hold);
  const precedenceOf = (name: SourceName): number => tools.merger.precedenceOf(name);
  const plan = await planChanges(state.desired, state.running.configurations, holds, [text], precedenceOf);
  await staging.takeAll(plan.changes);
  const made = staging.versionOf(key) ?? staging.mint(key, target.configuration, 'rollback', source);
  return staging.finish(plan, { holds }, isOwn ? { removeHolds: known ? [key] : [] } : { putHolds: [hold] }, made);
}

/** The source whose say the rollback takes: who defines the key now, else who defined the version. */
function ownerOf(state: PipelineState, text: string, target: ConfigurationVersion): SourceName {
  return (
    state.running.configurations.get(text)?.source ?? state.desired.candidates.get(text)?.[0]?.source ?? target.source
  );
}

async function checkStillValid(
  state: PipelineState,
  key: ConfigurationKey,
  { configuration, source, version }: ConfigurationVersion,
  { validator, policy }: WriteTools,
): Promise<void> {
  if (configuration === null) return;
  const object = { ...key, configuration, pointer: '', position: { source, document: version, line: 0, column: 0 } };
  const { problems } = await validator.validate([object], {
    steps: validationSteps(policy),
    surroundings: { exists: (each) => state.desired.candidates.has(keyText(each)) },
    missingDependency: 'warning',
  });
  if (problems.length > 0) throw new ConfigurationValidationError(problems);
}

/** What the rollback asks for runs already. */
function nothing(
  state: PipelineState,
  target: ConfigurationVersion,
  version = target.version,
): Staged<ConfigurationVersion> {
  return { state, changes: [], versions: [], events: [], commit: {}, result: { ...target, version } };
}

import { type Change, forEachSliced, type SourceName } from '@tigateway/model';
import type { DocumentChanges } from '../merger/configuration-merger.js';
import type { DesiredState } from '../merger/desired-state.js';
import { isRelocation, type Plan, planChanges } from '../planner/configuration-planner.js';
import type { StoreCommit } from '../history/configuration-store.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { type Rejection, StageChanges } from './stage-changes.js';
import type { WriteTools } from './stage-write.js';

/** What a watched source brings: its documents as they shall be, and those that were refused. */
export interface Delivery {
  readonly source: SourceName;
  readonly documents: DocumentChanges;
  readonly rejections: readonly Rejection[];
  /** Looks at everything that the source says or said: what runs may have been decided elsewhere. */
  readonly sweeps?: boolean;
}

export interface PlannedDelivery {
  readonly desired: DesiredState;
  readonly touched: ReadonlySet<string>;
  readonly plan: Plan;
}

/** What would have to change for a delivery to be in force. */
export async function planDelivery(
  state: PipelineState,
  { documents, sweeps, source }: Pick<Delivery, 'source' | 'documents' | 'sweeps'>,
  { merger }: WriteTools,
  holds = state.holds,
): Promise<PlannedDelivery> {
  const merged = await merger.merge(state.desired, documents);
  const precedenceOf = (name: SourceName): number => merger.precedenceOf(name);
  const running = state.running.configurations;
  const touched = sweeps ? await allOf(source, merged.state, state, merged.touched) : merged.touched;
  const plan = await planChanges(merged.state, running, holds, touched, precedenceOf);
  return { desired: merged.state, touched, plan };
}

/** What a source says, and what runs because it said so. */
async function allOf(
  source: SourceName,
  { candidates }: DesiredState,
  { running }: PipelineState,
  touched: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const all = new Set(touched);
  await forEachSliced(candidates, ([text, each]) => {
    if (each.some((candidate) => candidate.source === source)) all.add(text);
  });
  await forEachSliced(running.configurations, ([text, each]) => {
    if (each.source === source) all.add(text);
  });
  return all;
}

/** Thinks a delivery through to its end: documents, versions, events. @returns how many configurations in force it changes */
export async function stageDelivery(
  state: PipelineState,
  delivery: Delivery,
  tools: WriteTools,
  nowMs: number,
): Promise<Staged<number>> {
  const { source, documents, rejections } = delivery;
  const { desired, plan } = await planDelivery(state, delivery, tools);
  const staging = new StageChanges(state, tools.versionClock, { source, actor: source });
  await staging.takeAll(plan.changes);
  for (const rejection of rejections) staging.reject(rejection, nowMs);
  const staged = await staging.finish(plan, { desired }, documentsCommit(documents), 0);
  return { ...staged, result: staged.versions.length };
}

/** Takes note of what a source says where another process decides what comes of it: only places change. */
export async function stageKnown(
  state: PipelineState,
  delivery: Delivery,
  tools: WriteTools,
): Promise<Staged<undefined>> {
  const { desired, plan } = await planDelivery(state, delivery, tools);
  const changes = plan.changes.filter(isRelocation);
  const staging = new StageChanges(state, tools.versionClock, { source: delivery.source, actor: delivery.source });
  await staging.takeAll(changes);
  return staging.finish({ changes, lifted: [] }, { desired }, documentsCommit(delivery.documents), undefined);
}

/** Rows that make the documents of a delivery those that are in force. */
export function documentsCommit({ source, put, remove }: DocumentChanges): StoreCommit {
  return {
    putDocuments: put.map(({ name, objects }) => ({ source, name, objects })),
    removeDocuments: remove.map((name) => ({ source, name })),
  };
}

/** Puts some changes of a delivery in force and leaves its documents for later; refusals are told at once. */
export async function stagePart(
  state: PipelineState,
  { source, rejections }: Pick<Delivery, 'source' | 'rejections'>,
  changes: readonly Change[],
  tools: WriteTools,
  nowMs: number,
): Promise<Staged<undefined>> {
  const staging = new StageChanges(state, tools.versionClock, { source, actor: source });
  await staging.takeAll(changes);
  for (const rejection of rejections) staging.reject(rejection, nowMs);
  return staging.finish({ changes, lifted: [] }, {}, {}, undefined);
}

import { type Change, type Clock, type ConfigurationVersion, keyText, type Scheduled } from '@tigateway/model';
import type { StoreCommit } from '../history/configuration-store.js';
import { isRelocation, planChanges } from '../planner/configuration-planner.js';
import { AutoRollback } from './judge/auto-rollback.js';
import { ChangeWatch } from './judge/change-watch.js';
import { describeEvidence } from './judge/verdict.js';
import type { Pending } from './pending.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { type Cause, StageChanges } from './stage-changes.js';
import { type Delivery, documentsCommit, planDelivery, stageDelivery, stagePart } from './stage-delivery.js';
import { holdsOf, rollbackOf, stageUndo } from './stage-undo.js';
import { stageWrite, type WriteTools } from './stage-write.js';
import { type UndoEntry, undoOf } from './undo.js';

/** Why an update is taken back, for people. */
export type Objection = string;

export interface RolloutTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** One update on its way in, batch by batch: what is in, what came of it, and how to take all of it back. */
export class Rollout {
  applied = 0;
  /** Other processes that serve it. */
  released = 0;
  /** Set where somebody does not want it any more. */
  objection: Objection | undefined;
  private readonly entries: UndoEntry[] = [];
  private readonly made = new Map<string, ConfigurationVersion>();
  private readonly watch: ChangeWatch;
  private readonly startedMs: number;
  private alarm: { readonly timer: Scheduled; readonly ring: () => void } | undefined;

  /**
   * @param delivery absent: what the API was asked
   * @param goesRound true: other processes get it only once all of it has stood the test here
   */
  constructor(
    readonly pending: Pending,
    readonly batches: readonly (readonly Change[])[],
    private readonly delivery: Delivery | undefined,
    private readonly times: RolloutTimes,
    private readonly judge: AutoRollback,
    private readonly clock: Clock,
    readonly goesRound: boolean,
  ) {
    this.watch = new ChangeWatch(judge.meter);
    this.startedMs = clock.monotonicMs();
  }

  /** Who ends it: a person, or what came of it. */
  get trigger(): 'manual' | 'auto' {
    return this.objection === undefined ? 'auto' : 'manual';
  }

  get isLastNext(): boolean {
    return this.applied >= this.batches.length - 1;
  }

  /** The next batch; with the last one goes all that is left to make it as if everything had gone in at once. */
  async stageNext(state: PipelineState, tools: WriteTools): Promise<Staged<unknown>> {
    const staged = await (this.isLastNext ? this.stageLast(state, tools) : this.stageBatch(state, tools));
    if (!this.goesRound) return staged;
    const keys = staged.versions.map(({ configType, configId }) => ({ configType, configId }));
    return { ...staged, commit: { ...staged.commit, held: [{ id: this.pending.id, keys }] } };
  }

  /** The others put it in force: some of them, or all, and then it is through. */
  stageRelease(state: PipelineState, replicas: readonly string[] | 'all'): Staged<undefined> {
    const { id } = this.pending;
    const isEnd = replicas === 'all';
    return {
      state: isEnd ? { ...state, pending: state.pending.delete(id), heldBack: state.heldBack.delete(id) } : state,
      changes: [],
      versions: [],
      events: [],
      commit: { released: [{ id, replicas }], ...(isEnd && { removePending: [id] }) },
      result: undefined,
    };
  }

  /** The batch is in force. */
  advanced({ versions }: Staged, entries: readonly UndoEntry[]): void {
    this.applied++;
    this.entries.push(...entries);
    for (const version of versions) this.made.set(keyText(version), version);
  }

  /** Watches the batch that went in last for as long as the policy says. @returns what speaks against going on */
  async watched(): Promise<Objection | undefined> {
    const { intervalMs, timeoutMs } = this.times;
    const untilMs = this.clock.monotonicMs() + intervalMs;
    for (;;) {
      if (this.objection !== undefined) return this.objection;
      const now = this.clock.monotonicMs();
      if (now - this.startedMs > timeoutMs) return `it took longer than its timeout of ${timeoutMs} ms`;
      const isOver = now >= untilMs;
      const evidence = !this.judge.isOn
        ? undefined
        : isOver
          ? this.watch.judge(this.judge.rule)
          : this.watch.look(this.judge.rule);
      if (evidence) return describeEvidence(evidence);
      if (isOver) return undefined;
      await this.pause(Math.min(AutoRollback.lookEveryMs(intervalMs), untilMs - now));
    }
  }

  /** Ends the pause. */
  wake(): void {
    this.alarm?.timer.cancel();
    this.alarm?.ring();
  }

  async pause(delayMs: number): Promise<void> {
    await new Promise<void>((ring) => (this.alarm = { timer: this.clock.schedule(delayMs, ring), ring }));
    this.alarm = undefined;
  }

  /** All batches taken back in one step. What a source says stays barred until it says something else. */
  async stageTakeBack(state: PipelineState, reason: string, tools: WriteTools): Promise<Staged<unknown>> {
    const pending = state.pending.delete(this.pending.id);
    const removePending = [this.pending.id];
    const { delivery } = this;
    if (this.goesRound && this.applied === this.batches.length) {
      const undo = { source: this.pending.source, entries: this.entries };
      const undone = await stageUndo({ ...state, pending }, undo, { actor: 'rolling-update', reason }, tools);
      return { ...undone, commit: { ...undone.commit, removePending } };
    }
    const cause: Cause = {
      source: this.pending.source,
      actor: 'rolling-update',
      reason,
      rollback: rollbackOf(this.entries, this.trigger),
    };
    const texts = this.entries.map(keyText);
    if (!delivery) return this.stageReturn({ ...state, pending }, texts, cause, { removePending }, tools);
    return stageBarred({ ...state, pending }, delivery, this.entries, cause, { removePending }, tools);
  }

  private async stageReturn(
    state: PipelineState,
    texts: readonly string[],
    cause: Cause,
    commit: StoreCommit,
    { merger, versionClock }: WriteTools,
  ): Promise<Staged<unknown>> {
    const precedenceOf = (name: string): number => merger.precedenceOf(name);
    const plan = await planChanges(state.desired, state.running.configurations, state.holds, texts, precedenceOf);
    const staging = new StageChanges(state, versionClock, cause);
    await staging.takeAll(plan.changes);
    return staging.finish(plan, {}, commit, undefined);
  }

  private async stageBatch(state: PipelineState, tools: WriteTools): Promise<Staged<unknown>> {
    const texts = new Set((this.batches[this.applied] ?? []).map(keyText));
    const { desired, holds } = await this.target(state, tools);
    const precedenceOf = (name: string): number => tools.merger.precedenceOf(name);
    const plan = await planChanges(desired, state.running.configurations, holds, texts, precedenceOf);
    const { source } = this.pending;
    const staged = this.delivery
      ? await stagePart(state, { source, rejections: [] }, plan.changes, tools, this.clock.now())
      : await this.stageOwn(state, plan.changes, tools);
    return { ...staged, watch: this.watch };
  }

  private async stageOwn(
    state: PipelineState,
    changes: readonly Change[],
    tools: WriteTools,
  ): Promise<Staged<unknown>> {
    const staging = new StageChanges(state, tools.versionClock, causeOf(this.pending));
    await staging.takeAll(changes);
    return staging.finish({ changes, lifted: [] }, {}, {}, undefined);
  }

  private async stageLast(before: PipelineState, tools: WriteTools): Promise<Staged<unknown>> {
    const { id, source, requests = [] } = this.pending;
    // While others are to follow, it goes on.
    const state = this.goesRound ? before : { ...before, pending: before.pending.delete(id) };
    const staged: Staged<unknown> = this.delivery
      ? await stageDelivery(state, this.delivery, tools, this.clock.now())
      : await stageWrite(state, requests, causeOf(this.pending), tools, this.made);
    const removePending = [...(staged.commit.removePending ?? []), ...(this.goesRound ? [] : [id])];
    const entries = [...this.entries, ...(await undoOf(before, staged, source)).entries];
    return { ...staged, commit: { ...staged.commit, removePending }, undo: { source, entries }, watch: this.watch };
  }

  /** What is desired, and held, once everything is in. */
  private async target(state: PipelineState, tools: WriteTools): Promise<Pick<PipelineState, 'desired' | 'holds'>> {
    if (this.delivery) return { ...(await planDelivery(state, this.delivery, tools)), holds: state.holds };
    const { requests = [] } = this.pending;
    return (await stageWrite(state, requests, causeOf(this.pending), tools, this.made)).state;
  }
}

export function causeOf({ source, actor, reason }: Pending): Cause {
  return { source, actor, ...(reason !== undefined && { reason }) };
}

/** Takes the documents of a source in, and holds everything that they would change as it was. */
export async function stageBarred(
  state: PipelineState,
  delivery: Delivery,
  applied: readonly UndoEntry[],
  cause: Cause & { readonly reason?: string },
  commit: StoreCommit,
  tools: WriteTools,
): Promise<Staged<unknown>> {
  const { source, documents } = delivery;
  const { desired, touched, plan } = await planDelivery(state, delivery, tools);
  const known = new Set(applied.map(keyText));
  const waiting = plan.changes
    .filter((change) => !known.has(keyText(change)) && !isRelocation(change))
    .map(({ configType, configId }): UndoEntry => {
      const running = state.running.configurations.get(keyText({ configType, configId }));
      const previous = running ? { version: running.version, configuration: running.configuration } : null;
      return { configType, configId, version: running?.version ?? '', previous, api: null };
    });
  const held = holdsOf({ desired }, source, [...applied, ...waiting], cause.reason ?? 'cancelled');
  const holds = state.holds.withMutations((map) => held.forEach((hold) => map.set(keyText(hold), hold)));
  const all = new Set([...touched, ...known]);
  const precedenceOf = (name: string): number => tools.merger.precedenceOf(name);
  const back = await planChanges(desired, state.running.configurations, holds, all, precedenceOf);
  const staging = new StageChanges(state, tools.versionClock, cause);
  await staging.takeAll(back.changes);
  return staging.finish(
    back,
    { desired, holds },
    { ...documentsCommit(documents), ...commit, putHolds: held },
    undefined,
  );
}

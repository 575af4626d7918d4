import { Logger } from '@nestjs/common';
import {
  type Clock,
  type ConfigurationKey,
  ConfigurationRejectedEvent,
  ConfigurationStoreError,
  ConfigurationValidationError,
  GatewayError,
  keyText,
  PendingChangeNotFoundError,
  type Problem,
  RolloutAdvancedEvent,
  RouteCompileError,
  type Scheduled,
  type SourceName,
} from '@tigateway/model';
import { isRelocation } from '../planner/configuration-planner.js';
import { isOperatorOwned } from '../parser/global-settings.js';
import type { ChangeQueue } from './change-queue.js';
import type { PendingChange, WriteOutcome, WriteRequest } from './configuration-api.js';
import { type AutoRollback } from './judge/auto-rollback.js';
import { keysOf, type Pending, type PendingChanges, pendingRow, shownPending, withoutKeys } from './pending.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { causeOf, Rollout, stageBarred } from './rollout.js';
import { batchesOf } from './rollout-plan.js';
import type { Cause } from './stage-changes.js';
import { type Delivery, planDelivery, stageDelivery, stageKnown, stagePart } from './stage-delivery.js';
import { API, stageWrite, type WriteTools } from './stage-write.js';
import { undoOf } from './undo.js';
import { nextTimeMs, type UpdatePolicySettings } from './update-policy.settings.js';

/** A source's delivery with what has to be told to its intake. */
export interface ReadDelivery extends Delivery {
  readonly told: () => void;
  readonly settle: () => void;
}

/** What the pipeline does for changes that wait. */
export interface PipelineHands {
  readonly queue: ChangeQueue;
  readonly tools: WriteTools;
  /** Whether this process decides what watched sources change, and lets in what waits. */
  readonly leads: boolean;
  /** Other processes that are alive. */
  readonly others: readonly string[];
  /** Reads a source again and takes everything in at once. @throws where it cannot be read */
  takeInNow(source: SourceName): Promise<void>;
  /** Reads a source again. @throws where it cannot be read */
  readAgain(source: SourceName): Promise<ReadDelivery>;
  /** A batch of an update is in force. */
  advanced(event: RolloutAdvancedEvent): void;
  /** An update was taken back. */
  takenBack(pending: Pending, trigger: 'manual' | 'auto', keys: readonly ConfigurationKey[], detail: string): void;
  /** An update was refused when its time came. */
  refused(source: SourceName, changes: number, detail: string): void;
}

/** What became of a delivery. */
export type DeliveryOutcome =
  | { readonly kind: 'applied'; readonly changed: number }
  | { readonly kind: 'pending'; readonly changed: number }
  /** Another process decides what comes of it. */
  | { readonly kind: 'noted'; readonly changed: 0 };

/** The longest that the wall clock is trusted for, in milliseconds: it may be set while something waits. */
const LONGEST_WAIT_MS = 60_000;
/** Before what could not be done for outside reasons is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/** Lets changes in when the update policy says so: at once, batch by batch, or at set times. */
export class DeferredChanges {
  private readonly logger = new Logger('Configuration');
  private rollout: Rollout | undefined;
  private isPreparing = false;
  private isRunning = false;
  private timer: Scheduled | undefined;
  private isStopped = false;
  /** Settles when the update under way is through or taken back. */
  private rolling: Promise<void> = Promise.resolve();

  constructor(
    private readonly hands: PipelineHands,
    private readonly policy: () => UpdatePolicySettings,
    private readonly judge: AutoRollback,
    private readonly clock: Clock,
  ) {}

  /** Goes on with what an earlier run had accepted. */
  start(): void {
    this.arm();
  }

  /** Others have changed what waits, or who lets it in. */
  look(): void {
    this.arm();
  }

  /** What has begun is left as it is: the next start takes it back and begins anew. */
  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    this.rollout?.wake();
  }

  get list(): PendingChange[] {
    return [...this.state.pending.values()].map((pending) => this.shown(pending));
  }

  find(id: string): PendingChange | undefined {
    const pending = this.state.pending.get(id);
    return pending && this.shown(pending);
  }

  async write(requests: readonly WriteRequest[], cause: Cause): Promise<WriteOutcome> {
    const { strategy } = this.policy().update;
    const urgent = requests.filter(neverWaits);
    if (strategy === 'immediate' || urgent.length === requests.length) {
      return this.hands.queue.enqueue((state) => this.writeNow(state, requests, cause));
    }
    if (urgent.length > 0) throw new ConfigurationValidationError(urgent.map(mixed));
    const outcome = await this.hands.queue.enqueue((state) => this.accept(state, requests, cause, strategy));
    if (outcome.kind === 'applied') return outcome;
    this.logger.log(`accepted, and waits (${strategy}): ${outcome.pending.id}`);
    if (strategy === 'scheduled') {
      this.arm();
      return outcome;
    }
    await this.proceed();
    return { kind: 'pending', pending: this.find(outcome.pending.id) ?? outcome.pending };
  }

  /** @param now lets it in whatever the policy says */
  async deliver(delivery: Delivery, isNew: boolean, now: boolean): Promise<DeliveryOutcome> {
    const { strategy } = this.policy().update;
    const isImmediate = strategy === 'immediate' || now || isNew;
    // Who leads is asked again each time that it is tried on what others have committed meanwhile.
    const outcome = await this.hands.queue.enqueue((state) => {
      if (!this.hands.leads) return this.takeNote(state, delivery);
      return isImmediate ? this.deliverNow(state, delivery, isNew) : this.acceptDelivery(state, delivery, strategy);
    });
    if (outcome.kind !== 'pending') return outcome;
    this.logger.log(`delivered by ${delivery.source}, and waits (${strategy})`);
    if (strategy === 'scheduled') this.arm();
    // Its turn may be one that this very delivery has to end first.
    else void this.proceed();
    return outcome;
  }

  /**
   * Lets nothing come of a change that waits; one that goes in batch by batch is taken back.
   * @throws PendingChangeNotFoundError, ConfigurationStoreError
   */
  async cancel(id: string, actor: string): Promise<PendingChange> {
    const shown = this.find(id);
    const pending = this.state.pending.get(id);
    if (!shown || !pending) throw new PendingChangeNotFoundError(id);
    if (this.rollout?.pending.id === id) {
      await this.object(this.rollout, `cancelled by ${actor}`);
      return shown;
    }
    if (pending.requests) {
      await this.hands.queue.enqueue((state) => Promise.resolve(dropped(state, id)));
      return shown;
    }
    const delivery = await this.readAgain(pending.source);
    const cause = { source: pending.source, actor, reason: `cancelled by ${actor}` };
    await this.hands.queue.enqueue((state) => {
      const rest = { ...state, pending: state.pending.delete(id) };
      return stageBarred(rest, delivery, [], cause, { removePending: [id] }, this.hands.tools);
    });
    delivery.told();
    delivery.settle();
    return shown;
  }

  /** A person wants something else with this configuration: an update that is changing it is taken back first. */
  async giveWay(key: ConfigurationKey, actor: string): Promise<void> {
    const { rollout } = this;
    if (!rollout?.pending.changes.some((change) => keyText(change) === keyText(key))) return;
    await this.object(rollout, `a rollback of ${keyText(key)} by ${actor}`);
  }

  /** Changes of these keys that wait are replaced by the one that is staged. */
  replacing<Result>(state: PipelineState, staged: Staged<Result>, keys: readonly ConfigurationKey[]): Staged<Result> {
    const { pending, commit } = withoutKeys(state.pending, keys, this.begun);
    return { ...staged, state: { ...staged.state, pending }, commit: { ...staged.commit, ...commit } };
  }

  private get state(): PipelineState {
    return this.hands.queue.state;
  }

  private get isAlone(): boolean {
    return this.hands.others.length === 0;
  }

  private get begun(): ReadonlySet<string> {
    return new Set(this.rollout ? [this.rollout.pending.id] : []);
  }

  private shown(pending: Pending): PendingChange {
    if (pending.strategy !== 'rolling') return shownPending(pending);
    const { rollout } = this;
    const isBegun = rollout?.pending.id === pending.id;
    const size = this.policy().update.batchSize;
    const total = isBegun ? rollout.batches.length : Math.ceil(pending.changes.length / size);
    const others = isBegun && rollout.goesRound && { served: rollout.released, total: this.hands.others.length };
    return shownPending(pending, { applied: isBegun ? rollout.applied : 0, total }, others || undefined);
  }

  private isBusy({ pending }: PipelineState): boolean {
    return this.isPreparing || this.rollout !== undefined || pending.some(({ strategy }) => strategy === 'rolling');
  }

  private async writeNow(state: PipelineState, requests: readonly WriteRequest[], cause: Cause) {
    const staged = await stageWrite(state, requests, cause, this.hands.tools);
    return { ...this.replacing(state, staged, requests), undo: await undoOf(state, staged, API) };
  }

  private async accept(
    state: PipelineState,
    requests: readonly WriteRequest[],
    cause: Cause,
    strategy: Pending['strategy'],
  ): Promise<Staged<WriteOutcome>> {
    const { tools } = this.hands;
    const { pending: rest, commit } = withoutKeys(state.pending, requests, this.begun);
    const foreseen = await this.foresee({ ...state, pending: rest });
    const staged = await stageWrite(foreseen, requests, cause, tools);
    const changes = staged.changes.filter((change) => !isRelocation(change));
    if (changes.length === 0) return this.writeNow(state, requests, cause);
    const { batchSize } = this.policy().update;
    if (strategy === 'rolling' && this.hands.leads && !this.isBusy({ ...state, pending: rest })) {
      if (this.isAlone && batchesOf(changes, batchSize).length <= 1) return this.writeNow(state, requests, cause);
    }
    const pending: Pending = {
      ...this.accepted(strategy, cause),
      changes: keysOf(requests),
      requests: requests.map((request) => asStored(request, staged.state)),
    };
    return {
      state: { ...state, pending: rest.set(pending.id, pending) },
      changes: [],
      versions: [],
      events: [],
      commit: { ...commit, putPending: [...commit.putPending, pendingRow(pending)] },
      result: { kind: 'pending', pending: this.shown(pending) },
    };
  }

  /** What will be in force once everything that waits has gone in. */
  private async foresee(state: PipelineState): Promise<PipelineState> {
    let foreseen = state;
    for (const pending of state.pending.values()) {
      if (!pending.requests) continue;
      try {
        foreseen = (await stageWrite(foreseen, pending.requests, causeOf(pending), this.hands.tools)).state;
      } catch (error) {
        // It will be refused when its turn comes, and says so then.
        if (!(error instanceof GatewayError)) throw error;
      }
    }
    return foreseen;
  }

  private accepted(strategy: Pending['strategy'], { source, actor, reason }: Cause): Omit<Pending, 'changes'> {
    const acceptedMs = this.clock.now();
    const dueMs = strategy === 'scheduled' ? nextTimeMs(this.policy(), acceptedMs) : undefined;
    return {
      id: this.hands.tools.versionClock.mint().replace('v', 'p'),
      strategy,
      source,
      actor,
      ...(reason !== undefined && { reason }),
      acceptedMs,
      ...(dueMs !== undefined && { dueMs }),
    };
  }

  private async takeNote(state: PipelineState, delivery: Delivery): Promise<Staged<DeliveryOutcome>> {
    const staged = await stageKnown(state, delivery, this.hands.tools);
    return { ...staged, result: { kind: 'noted', changed: 0 } };
  }

  private async deliverNow(
    before: PipelineState,
    delivery: Delivery,
    isNew: boolean,
  ): Promise<Staged<DeliveryOutcome>> {
    const waiting = waitingOf(before.pending, delivery.source, this.begun);
    const state = waiting ? { ...before, pending: before.pending.delete(waiting.id) } : before;
    const staged = await stageDelivery(state, delivery, this.hands.tools, this.clock.now());
    return {
      ...staged,
      commit: { ...staged.commit, removePending: waiting ? [waiting.id] : [] },
      result: { kind: 'applied', changed: staged.result },
      ...(!isNew && { undo: await undoOf(state, staged, delivery.source) }),
    };
  }

  private async acceptDelivery(
    state: PipelineState,
    delivery: Delivery,
    strategy: Pending['strategy'],
  ): Promise<Staged<DeliveryOutcome>> {
    const { source } = delivery;
    const { plan } = await planDelivery(state, delivery, this.hands.tools);
    const urgent = plan.changes.filter(neverWaits);
    const changes = plan.changes.filter((change) => !neverWaits(change) && !isRelocation(change));
    if (changes.length === 0) return this.deliverNow(state, delivery, false);
    const waiting = waitingOf(state.pending, source, this.begun);
    const others = waiting ? { ...state, pending: state.pending.delete(waiting.id) } : state;
    if (strategy === 'rolling' && !this.isBusy(others)) {
      const { batchSize } = this.policy().update;
      if (this.isAlone && batchesOf(changes, batchSize).length <= 1) return this.deliverNow(state, delivery, false);
    }
    const pending: Pending = {
      ...(waiting?.strategy === strategy ? waiting : this.accepted(strategy, { source, actor: source })),
      changes: changes.map(({ op, configType, configId }) => ({ op, configType, configId })),
    };
    const staged = await stagePart(state, delivery, urgent, this.hands.tools, this.clock.now());
    const removePending = waiting && waiting.id !== pending.id ? [waiting.id] : [];
    return {
      ...staged,
      state: { ...staged.state, pending: others.pending.set(pending.id, pending) },
      commit: { ...staged.commit, putPending: [pendingRow(pending)], removePending },
      result: { kind: 'pending', changed: staged.versions.length },
    };
  }

  /** Sets the timer to the next time that something is due. */
  private arm(atLeastMs = 0): void {
    if (this.isStopped || !this.hands.leads) return;
    const now = this.clock.now();
    const isIdle = !this.rollout && !this.isPreparing;
    const due = [...this.state.pending.values()].flatMap(({ strategy, dueMs }) =>
      strategy === 'rolling' && isIdle ? now : (dueMs ?? []),
    );
    this.timer?.cancel();
    if (due.length === 0) return;
    const delayMs = Math.max(atLeastMs, Math.min(LONGEST_WAIT_MS, Math.min(...due) - now));
    this.timer = this.clock.schedule(delayMs, () => void this.run());
  }

  /** Lets in what is due. */
  private async run(): Promise<void> {
    if (this.isRunning || this.isStopped) return;
    this.isRunning = true;
    let isComplete = true;
    try {
      const nowMs = this.clock.now();
      const due = [...this.state.pending.values()].filter(({ dueMs }) => dueMs !== undefined && dueMs <= nowMs);
      const results = await Promise.all(due.map((pending) => this.letIn(pending, nowMs)));
      isComplete = results.every(Boolean) && (await this.proceed());
    } catch (error) {
      isComplete = false;
      this.logger.error(`what waits could not be let in: ${(error as Error).message}`, (error as Error).stack);
    } finally {
      this.isRunning = false;
      this.arm(isComplete ? 0 : RETRY_MS);
    }
  }

  /** @returns false where it has to be tried again */
  private async letIn(pending: Pending, nowMs: number): Promise<boolean> {
    const { id, source, requests } = pending;
    const lateMs = nowMs - (pending.dueMs as number);
    if (lateMs > this.policy().update.misfireLimitMs) return this.missed(pending, lateMs);
    try {
      if (!requests) {
        await this.hands.takeInNow(source);
        return true;
      }
      await this.hands.queue.enqueue(async (state) => {
        if (!state.pending.has(id)) return nothing(state);
        const rest = { ...state, pending: state.pending.delete(id) };
        const staged = await stageWrite(rest, requests, causeOf(pending), this.hands.tools);
        const removePending = [...(staged.commit.removePending ?? []), id];
        return { ...staged, commit: { ...staged.commit, removePending }, undo: await undoOf(state, staged, API) };
      });
      return true;
    } catch (error) {
      return this.failed(pending, error);
    }
  }

  /** What cannot go in any more is told and dropped; what could not go in for outside reasons waits. */
  private async failed(pending: Pending, error: unknown): Promise<boolean> {
    const { message } = error as Error;
    if (!(error instanceof GatewayError) || error instanceof ConfigurationStoreError || !pending.requests) {
      this.logger.warn(`still waits: ${pending.id} of ${pending.source}: ${message}`);
      return false;
    }
    await this.hands.queue.enqueue((state) => Promise.resolve(this.rejected(state, pending, problemsOf(error))));
    this.logger.warn(`refused when its time came: ${pending.id}: ${message}`);
    this.hands.refused(pending.source, pending.changes.length, message);
    return true;
  }

  private rejected(state: PipelineState, pending: Pending, errors: readonly Problem[]): Staged<unknown> {
    const sequence = state.eventSequence + 1;
    const { source, id } = pending;
    const position = { source, document: id, line: 0, column: 0 };
    const event = new ConfigurationRejectedEvent({ sequence, timestamp: this.clock.now(), source, position, errors });
    const staged = dropped({ ...state, eventSequence: sequence }, id);
    return { ...staged, events: [event], commit: { ...staged.commit, events: [{ ...event.facts, type: event.type }] } };
  }

  private async missed(pending: Pending, lateMs: number): Promise<boolean> {
    const { dueMs, ...rest } = pending;
    const next = nextTimeMs(this.policy(), this.clock.now());
    const later: Pending = { ...rest, ...(next !== undefined && { dueMs: next }), missedMs: dueMs };
    await this.hands.queue.enqueue((state) => {
      if (!state.pending.has(pending.id)) return Promise.resolve(nothing(state));
      const pendings = state.pending.set(pending.id, later);
      return Promise.resolve({
        ...nothing({ ...state, pending: pendings }),
        commit: { putPending: [pendingRow(later)] },
      });
    });
    const until = next === undefined ? 'it waits until it is made again or cancelled' : 'it waits for the next one';
    const minutes = Math.round(lateMs / 60_000);
    this.logger.warn(`missed its time by ${minutes} min: ${pending.id} of ${pending.source}; ${until}`);
    this.hands.refused(pending.source, pending.changes.length, `missed its time by ${minutes} min; ${until}`);
    return true;
  }

  /**
   * Begins the next update that goes in batch by batch, where none is under way. Settles once its first batch is in force.
   * @returns false where it has to be tried again
   */
  private async proceed(): Promise<boolean> {
    if (this.rollout || this.isPreparing || this.isStopped || !this.hands.leads) return true;
    const next = [...this.state.pending.values()].find(({ strategy }) => strategy === 'rolling');
    if (!next) return true;
    this.isPreparing = true;
    let begun: { readonly rollout: Rollout; readonly delivery: ReadDelivery | undefined };
    try {
      begun = await this.prepare(next);
    } catch (error) {
      const isDone = await this.failed(next, error);
      this.isPreparing = false;
      this.arm(isDone ? 0 : RETRY_MS);
      return isDone;
    }
    this.isPreparing = false;
    const { rollout, delivery } = begun;
    this.rollout = rollout;
    return new Promise((first) => {
      this.rolling = this.roll(rollout, delivery, first).then((isDone) => {
        this.rollout = undefined;
        this.arm(isDone ? 0 : RETRY_MS);
        first(isDone);
      });
    });
  }

  private async prepare(pending: Pending) {
    const { update } = this.policy();
    const delivery = pending.requests ? undefined : await this.readAgain(pending.source);
    const changes = delivery
      ? (await planDelivery(this.state, delivery, this.hands.tools)).plan.changes
      : (await stageWrite(this.state, pending.requests ?? [], causeOf(pending), this.hands.tools)).changes;
    const batches = batchesOf(
      changes.filter((change) => !isRelocation(change)),
      update.batchSize,
    );
    const rollout = new Rollout(pending, batches, delivery, update, this.judge, this.clock, !this.isAlone);
    return { rollout, delivery };
  }

  private async readAgain(source: SourceName): Promise<ReadDelivery> {
    try {
      return await this.hands.readAgain(source);
    } catch (error) {
      const reason = (error as Error).message;
      throw new ConfigurationStoreError(`the source "${source}" cannot be read now: ${reason}`, { cause: error });
    }
  }

  /** @param first told once the first batch is in force @returns false where it has to be tried again */
  private async roll(
    rollout: Rollout,
    delivery: ReadDelivery | undefined,
    first: (isComplete: boolean) => void,
  ): Promise<boolean> {
    const { pending } = rollout;
    const { queue, tools } = this.hands;
    for (;;) {
      const isLast = rollout.isLastNext;
      try {
        const advance = await queue.enqueue(async (state) => {
          if (!state.pending.has(pending.id)) return nothing(state);
          const staged = await rollout.stageNext(state, tools);
          const { entries } = await undoOf(state, staged, pending.source);
          return { ...staged, result: () => rollout.advanced(staged, entries) };
        });
        if (!advance) {
          if (rollout.applied > 0) await this.takeBack(rollout, delivery, 'cancelled');
          return true;
        }
        advance();
      } catch (error) {
        if (rollout.applied === 0) return this.failed(pending, error);
        await this.takeBack(rollout, delivery, `a batch could not be applied: ${(error as Error).message}`);
        return true;
      }
      this.advanced(rollout);
      first(true);
      if (isLast && !rollout.goesRound) {
        delivery?.told();
        delivery?.settle();
        return true;
      }
      if (!(await this.standsTheTest(rollout, delivery))) return true;
      if (isLast) return this.release(rollout, delivery);
    }
  }

  /** @returns false where it is over: taken back, or left to who decides from now on */
  private async standsTheTest(rollout: Rollout, delivery: ReadDelivery | undefined): Promise<boolean> {
    const objection = await rollout.watched();
    if (this.isStopped || !this.hands.leads) return false;
    if (objection === undefined) return true;
    await this.takeBack(rollout, delivery, objection);
    return false;
  }

  /** The other processes follow in groups, each of which is waited for. */
  private async release(rollout: Rollout, delivery: ReadDelivery | undefined): Promise<boolean> {
    const { others } = this.hands;
    const size = this.policy().update.batchSize;
    for (let from = 0; from + size < others.length; from += size) {
      const group = others.slice(from, from + size);
      if (!(await this.releaseTo(rollout, group))) return true;
      rollout.released += group.length;
      this.logger.log(`${rollout.pending.id} is in force on ${group.join(', ')}`);
      if (!(await this.standsTheTest(rollout, delivery))) return true;
    }
    if (!(await this.releaseTo(rollout, 'all'))) return true;
    this.logger.log(`${rollout.pending.id} is in force everywhere`);
    delivery?.told();
    delivery?.settle();
    return true;
  }

  /** Goes on until it is done. @returns false where others decide from now on */
  private async releaseTo(rollout: Rollout, replicas: readonly string[] | 'all'): Promise<boolean> {
    for (;;) {
      try {
        await this.hands.queue.enqueue((state) => Promise.resolve(rollout.stageRelease(state, replicas)));
        return true;
      } catch (error) {
        this.logger.error(`a rolling update cannot go on yet: ${(error as Error).message}`);
        await rollout.pause(RETRY_MS);
        if (this.isStopped || !this.hands.leads) return false;
      }
    }
  }

  private advanced({ pending, applied, batches }: Rollout): void {
    const keys = (batches[applied - 1] ?? []).map(({ configType, configId }) => ({ configType, configId }));
    const total = Math.max(1, batches.length);
    this.logger.log(`batch ${applied} of ${total} of ${pending.id} is in force`);
    this.hands.advanced(new RolloutAdvancedEvent(pending.id, applied, total, keys, this.clock.now()));
  }

  /** Goes on until it is done: a half-applied update is nobody's wish. */
  private async takeBack(rollout: Rollout, delivery: ReadDelivery | undefined, objection: string): Promise<void> {
    const { pending } = rollout;
    const reason = `rolling update taken back: ${objection}`;
    for (;;) {
      try {
        const keys = await this.hands.queue.enqueue(async (state) => {
          const staged = await rollout.stageTakeBack(state, reason, this.hands.tools);
          return { ...staged, result: staged.versions.map(({ configType, configId }) => ({ configType, configId })) };
        });
        delivery?.told();
        delivery?.settle();
        this.logger.warn(`${reason} (${pending.id} of ${pending.source})`);
        this.hands.takenBack(pending, rollout.trigger, keys, reason);
        return;
      } catch (error) {
        this.logger.error(`a rolling update could not be taken back yet: ${(error as Error).message}`);
        await rollout.pause(RETRY_MS);
        if (this.isStopped) return;
      }
    }
  }

  private async object(rollout: Rollout, objection: string): Promise<void> {
    rollout.objection = objection;
    rollout.wake();
    await this.rolling;
  }
}

function neverWaits({ configType, configId }: ConfigurationKey): boolean {
  return configType === 'global' && isOperatorOwned(configId);
}

function mixed({ configId, pointer = '' }: WriteRequest): Problem {
  const message = `"${configId}" never waits, and so cannot be in one batch with what does`;
  return { pointer, code: 'never-waits', message };
}

/** With secrets that were sent as `***` filled in, and without conditions: those were met when it was accepted. */
function asStored({ op, configType, configId }: WriteRequest, { api }: PipelineState): WriteRequest {
  const configuration = api.get(keyText({ configType, configId }))?.configuration ?? null;
  return op === 'delete' ? { op, configType, configId } : { op, configType, configId, configuration };
}

function waitingOf(pending: PendingChanges, source: SourceName, begun: ReadonlySet<string>): Pending | undefined {
  return pending.find((each) => each.source === source && !each.requests && !begun.has(each.id));
}

function nothing(state: PipelineState): Staged<undefined> {
  return { state, changes: [], versions: [], events: [], commit: {}, result: undefined };
}

function dropped(state: PipelineState, id: string): Staged<undefined> {
  return { ...nothing({ ...state, pending: state.pending.delete(id) }), commit: { removePending: [id] } };
}

function problemsOf(error: GatewayError): readonly Problem[] {
  if (error instanceof ConfigurationValidationError || error instanceof RouteCompileError) return error.problems;
  return [{ pointer: '', code: error.code, message: error.message }];
}

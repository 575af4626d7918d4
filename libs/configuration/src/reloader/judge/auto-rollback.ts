import { Injectable, Logger } from '@nestjs/common';
import { type Change, Clock, forEachSliced, keyText, type Scheduled } from '@tigateway/model';
import { type Snapshot, sumOf, type TrafficCount, TrafficMeter } from '@tigateway/routing';
import { ConfigurationStore, type StoreCommit, type StoredPending } from '../../history/configuration-store.js';
import { isRelocation } from '../../planner/configuration-planner.js';
import type { Staged } from '../pipeline-state.js';
import type { Undo, UndoEntry } from '../undo.js';
import { UpdatePolicy } from '../update-policy.js';
import { affectedRoutes, type AffectedRoutes } from './affected-routes.js';
import { ChangeWatch } from './change-watch.js';
import { watchRecords, watchRows } from './stored-watch.js';
import { describeEvidence, type Rule } from './verdict.js';

/** How often a watched change is looked at, in milliseconds; more often where the window is short. */
const LOOK_MS = 1_000;
const LOOKS_PER_WINDOW = 20;
const SHORTEST_LOOK_MS = 20;
/** Watched at once; of more, the oldest are let go. */
const MAX_WATCHES = 1_000;

interface Watched {
  readonly id: string;
  readonly undo: Undo;
  /** What is still this change's own, by key text. */
  readonly entries: Map<string, UndoEntry>;
  readonly watch: ChangeWatch;
  /** On the monotonic scale. */
  readonly untilMs: number;
  readonly rowIds: readonly string[];
}

/** A change that will be watched once it is in force. */
interface Prospect {
  /** Absent: it is one of several changes of which the last is the whole. */
  readonly undo: Undo | undefined;
  readonly watch: ChangeWatch;
  readonly affected: AffectedRoutes;
  readonly before: TrafficCount;
  readonly rows: readonly StoredPending[];
  readonly windowMs: number;
}

export interface Prepared {
  readonly prospects: readonly Prospect[];
  readonly commit: StoreCommit;
}

/** Takes a change back. @throws what stood in the way; it is tried again at the next look */
export type TakeBack = (undo: Undo, numbers: string) => Promise<void>;

/** Watches what traffic makes of every change, for as long as the update policy says, and takes back what makes it worse. */
@Injectable()
export class AutoRollback {
  private readonly logger = new Logger('Configuration');
  private readonly watched = new Map<string, Watched>();
  /** The newest watch of each key. */
  private readonly byKey = new Map<string, Watched>();
  private readonly byRoute = new Map<string, Set<Watched>>();
  private timer: Scheduled | undefined;
  private takeBack: TakeBack = () => Promise.resolve();
  private isStopped = false;

  constructor(
    readonly meter: TrafficMeter,
    private readonly policy: UpdatePolicy,
    private readonly store: ConfigurationStore,
    private readonly clock: Clock,
  ) {}

  get isOn(): boolean {
    const { enabled, autoRollback } = this.policy.current.rollback;
    return enabled && autoRollback;
  }

  get rule(): Rule {
    const { rollbackThreshold, minRequests } = this.policy.current.rollback;
    return { threshold: rollbackThreshold, minRequests };
  }

  /** How often to look, where a verdict is wanted within a time. In milliseconds. */
  static lookEveryMs(windowMs: number): number {
    return Math.min(LOOK_MS, Math.max(SHORTEST_LOOK_MS, windowMs / LOOKS_PER_WINDOW));
  }

  /** Goes on with what an earlier run was watching. */
  async start(stored: readonly StoredPending[], running: Snapshot, takeBack: TakeBack): Promise<void> {
    this.takeBack = takeBack;
    this.meter.remember(this.policy.current.rollback.rollbackWindowMs);
    for (const { id, undo, affected, before, untilMs, rowIds } of watchRecords(stored)) {
      const windowMs = untilMs - this.clock.now();
      if (windowMs <= 0) {
        this.forget(rowIds);
        continue;
      }
      const watch = new ChangeWatch(this.meter);
      await watch.add(affected, before, running);
      await this.keep({ id, undo, watch, rowIds, windowMs });
    }
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** Between compile and commit: what has to be stored with the changes for a restart to go on watching them. */
  async prepare(round: readonly Staged[], running: Snapshot, next: Snapshot): Promise<Prepared> {
    const prospects: Prospect[] = [];
    if (!this.isOn) return { prospects, commit: {} };
    const windowMs = this.policy.current.rollback.rollbackWindowMs;
    for (const { changes, undo, watch: known } of round.flatMap(judgedParts)) {
      if (!undo && !known) continue;
      const watch = known ?? new ChangeWatch(this.meter);
      const affected = await affectedRoutes(changes, next.changedRouteIds);
      const all = allOf(watch, affected);
      if (all !== 'all' && all.size === 0) continue;
      const before = await ChangeWatch.baseline(this.meter, affected, running);
      const untilMs = this.clock.now() + windowMs;
      const rows = undo
        ? watchRows({ id: idOf(undo), undo, affected: all, before: sumOf(watch.baselineSoFar, before), untilMs })
        : [];
      prospects.push({ undo, watch, affected, before, rows, windowMs });
    }
    return { prospects, commit: { putPending: prospects.flatMap(({ rows }) => rows) } };
  }

  /** Right after the swap. */
  async begin({ prospects }: Prepared, round: readonly Staged[], previous: Snapshot, running: Snapshot): Promise<void> {
    for (const { changes } of round) await this.supersede(changes);
    const goingOn = prospects.map(({ watch }) => watch).filter((watch) => watch.hasRoutes);
    await forEachSliced(running.changedRouteIds, (id) => {
      const others = this.byRoute.get(id);
      if (!others && goingOn.length === 0) return;
      const traffic = running.routes.get(id)?.traffic;
      for (const { watch } of others ?? []) watch.goOn(id, traffic);
      for (const watch of goingOn) watch.goOn(id, traffic);
    });
    for (const { undo, watch, affected, before, rows, windowMs } of prospects) {
      await watch.add(affected, before, running, previous);
      if (undo) await this.keep({ id: idOf(undo), undo, watch, rowIds: rows.map((row) => row.id), windowMs });
    }
    this.meter.remember(this.policy.current.rollback.rollbackWindowMs);
  }

  private async keep(facts: Omit<Watched, 'entries' | 'untilMs'> & { readonly windowMs: number }): Promise<void> {
    const { id, undo, watch, rowIds, windowMs } = facts;
    const entries = new Map<string, UndoEntry>();
    const watched: Watched = { id, undo, watch, rowIds, entries, untilMs: this.clock.monotonicMs() + windowMs };
    await forEachSliced(undo.entries, (entry) => {
      const key = keyText(entry);
      entries.set(key, entry);
      this.byKey.set(key, watched);
    });
    await forEachSliced(watch.routeIds, (routeId) => {
      const others = this.byRoute.get(routeId);
      if (others) others.add(watched);
      else this.byRoute.set(routeId, new Set([watched]));
    });
    this.watched.set(id, watched);
    if (this.watched.size > MAX_WATCHES) this.end(this.watched.values().next().value as Watched);
    this.lookLater(AutoRollback.lookEveryMs(windowMs));
  }

  /** What is changed again is no longer the doing of the change before. */
  private async supersede(changes: readonly Change[]): Promise<void> {
    if (this.byKey.size === 0) return;
    await forEachSliced(changes, (change) => {
      const watched = isRelocation(change) ? undefined : this.byKey.get(keyText(change));
      if (!watched) return;
      watched.entries.delete(keyText(change));
      this.byKey.delete(keyText(change));
      if (change.configType === 'route') {
        watched.watch.drop(change.configId);
        this.unlist(change.configId, watched);
      }
      if (watched.entries.size === 0) this.end(watched);
    });
  }

  private lookLater(delayMs: number): void {
    if (this.isStopped) return;
    this.timer ??= this.clock.schedule(delayMs, () => {
      void this.look().finally(() => {
        this.timer = undefined;
        if (this.watched.size > 0) this.lookLater(delayMs);
      });
    });
  }

  private async look(): Promise<void> {
    // The newest first: where two changes meet on a route, it is the one that came last before things went wrong.
    for (const watched of [...this.watched.values()].reverse()) {
      if (!this.isOn) {
        this.end(watched);
        continue;
      }
      const isOver = this.clock.monotonicMs() >= watched.untilMs;
      const evidence = isOver ? watched.watch.judge(this.rule) : watched.watch.look(this.rule);
      if (evidence) {
        const routeIds = watched.watch.watchesAll ? 'all' : new Set(watched.watch.routeIds);
        if (await this.decide(watched, describeEvidence(evidence))) this.startAnew(routeIds);
      } else if (isOver) this.end(watched);
    }
  }

  /** Those that were judged by the same routes get another chance. */
  private startAnew(routeIds: AffectedRoutes): void {
    for (const { watch } of this.watched.values()) {
      const meet = routeIds === 'all' || watch.watchesAll || [...watch.routeIds].some((id) => routeIds.has(id));
      if (meet) watch.startAnew();
    }
  }

  private async decide(watched: Watched, numbers: string): Promise<boolean> {
    try {
      await this.takeBack({ ...watched.undo, entries: [...watched.entries.values()] }, numbers);
    } catch (error) {
      this.logger.error(`a change that makes requests fail could not be taken back: ${(error as Error).message}`);
      return false;
    }
    this.end(watched);
    return true;
  }

  private end(watched: Watched): void {
    if (!this.watched.delete(watched.id)) return;
    for (const key of watched.entries.keys()) if (this.byKey.get(key) === watched) this.byKey.delete(key);
    for (const routeId of watched.watch.routeIds) this.unlist(routeId, watched);
    watched.watch.end();
    this.forget(watched.rowIds);
  }

  private unlist(routeId: string, watched: Watched): void {
    const others = this.byRoute.get(routeId);
    others?.delete(watched);
    if (others?.size === 0) this.byRoute.delete(routeId);
  }

  /** Rows that stay behind are dropped by the next start. */
  private forget(rowIds: readonly string[]): void {
    this.store
      .commit({ removePending: rowIds })
      .catch((error: unknown) => this.logger.warn(`a watch is still stored: ${(error as Error).message}`));
  }
}

/** What is judged by itself: a change, or each of several that others have committed together. */
function judgedParts({ changes, undo, watch, undos }: Staged): Pick<Staged, 'changes' | 'undo' | 'watch'>[] {
  if (!undos) return [{ changes, ...(undo && undo.entries.length > 0 && { undo }), ...(watch && { watch }) }];
  return undos
    .filter(({ entries }) => entries.length > 0)
    .map((each) => {
      const keys = new Set(each.entries.map(keyText));
      return { changes: changes.filter((change) => keys.has(keyText(change))), undo: each };
    });
}

function idOf({ entries }: Undo): string {
  return `watch-${(entries[0] as UndoEntry).version}`;
}

/** What is watched already and what comes to it. */
function allOf(watch: ChangeWatch, affected: AffectedRoutes): AffectedRoutes {
  if (affected === 'all' || watch.watchesAll) return 'all';
  const ids = [...watch.routeIds];
  return ids.length === 0 ? affected : new Set([...ids, ...affected]);
}

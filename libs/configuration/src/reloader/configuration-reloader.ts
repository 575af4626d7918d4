import { Injectable, Optional } from '@nestjs/common';
import {
  type Change,
  Clock,
  ConfigurationStoreError,
  EventBus,
  forEachSliced,
  FiltersUpdatedEvent,
  GlobalConfigurationUpdatedEvent,
  maskSecrets,
  RECORDED_EVENT_NAMES,
  type RolloutAdvancedEvent,
  RoutesUpdatedEvent,
} from '@tigateway/model';
import { ConfigurationStore, type StoreCommit } from '../history/configuration-store.js';
import { isRelocation } from '../planner/configuration-planner.js';
import { AutoRollback, type Prepared } from './judge/auto-rollback.js';
import type { Staged } from './pipeline-state.js';
import { RouteRefreshService } from './route-refresh.service.js';
import { type RunningConfigurations, ServingProcesses } from './serving-processes.js';
import { UpdatePolicy } from './update-policy.js';

const NO_CHANGES: readonly Change[] = [];

/** Puts staged changes in force: compile, commit, swap, announce. Whatever fails before the swap changes nothing. */
@Injectable()
export class ConfigurationReloader {
  constructor(
    private readonly refresh: RouteRefreshService,
    private readonly store: ConfigurationStore,
    private readonly policy: UpdatePolicy,
    private readonly events: EventBus,
    private readonly clock: Clock,
    private readonly judge: AutoRollback,
    @Optional() private readonly others?: ServingProcesses,
  ) {}

  /** Puts what was in force before in force again. @throws RouteCompileError */
  async restore(changes: readonly Change[], running: RunningConfigurations): Promise<void> {
    const snapshot = await this.refresh.prepare(changes);
    const isRefreshed = this.refresh.refreshRoutes(snapshot);
    this.others?.begin(running);
    if (isRefreshed) await this.refresh.announce(snapshot);
  }

  /** @throws RouteCompileError, ConfigurationStoreError: nothing has changed */
  async apply(round: readonly Staged[]): Promise<void> {
    // `flatMap` takes ten times as long.
    const changes = NO_CHANGES.concat(...round.map((staged) => staged.changes));
    const running = this.refresh.current;
    const snapshot = await this.refresh.prepare(changes);
    const last = round.at(-1);
    const elsewhere =
      last && changes.length > 0
        ? await this.others?.prepare({ changes, snapshot, running: last.state.running.configurations })
        : undefined;
    let watches: Prepared;
    try {
      watches = await this.judge.prepare(round, running, snapshot);
      const commit = together([...round.map((staged) => staged.commit), watches.commit]);
      if (last?.foreign) await this.store.adopt({ ...last.foreign, commit });
      else await this.commit({ ...commit, judged: round.flatMap(({ undo }) => undo ?? []) });
    } catch (error) {
      elsewhere?.discard();
      throw error;
    }
    await elsewhere?.swap();
    const isRefreshed = this.refresh.refreshRoutes(snapshot);
    if (last) this.policy.follow(last.state.running);
    await this.judge.begin(watches, round, running, snapshot);
    if (isRefreshed) await this.refresh.announce(snapshot);
  }

  /** A store that is out of reach for a moment is asked again, as the update policy says, and within its timeout. */
  private async commit(commit: StoreCommit): Promise<void> {
    if (Object.values(commit).every((part: readonly unknown[]) => part.length === 0)) return;
    const { retry, timeoutMs } = this.policy.current.update;
    const { maxAttempts, backoff, initialDelayMs, maxDelayMs } = retry;
    const endMs = this.clock.monotonicMs() + timeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.store.commit(commit);
      } catch (error) {
        if (!(error instanceof ConfigurationStoreError) || attempt >= maxAttempts) throw error;
        const factor = backoff === 'exponential' ? 2 ** (attempt - 1) : 1;
        const delayMs = Math.min(initialDelayMs * factor, maxDelayMs);
        if (this.clock.monotonicMs() + delayMs > endMs) throw error;
        await new Promise<void>((resolve) => void this.clock.schedule(delayMs, resolve));
      }
    }
  }

  /** A batch of an update is in force. */
  advanced(event: RolloutAdvancedEvent): void {
    this.events.publish('rollout.advanced', event);
  }

  /** Tells what has come into force. Gives the event loop away between events. */
  async announce(round: readonly Staged[]): Promise<void> {
    for (const { events } of round) {
      await forEachSliced(events, (event) => this.events.publish(RECORDED_EVENT_NAMES[event.type], event as never));
    }
    const routeIds: string[] = [];
    const filterIds: string[] = [];
    const globals: Change[] = [];
    for (const { changes } of round) {
      await forEachSliced(changes, (change) => {
        if (isRelocation(change)) return;
        if (change.configType === 'route') routeIds.push(change.configId);
        else if (change.configType === 'filter') filterIds.push(change.configId);
        else globals.push(change);
      });
    }
    const now = this.clock.now();
    if (routeIds.length > 0) this.events.publish('routes.updated', new RoutesUpdatedEvent(routeIds, now));
    if (filterIds.length > 0) this.events.publish('filters.updated', new FiltersUpdatedEvent(filterIds, now));
    for (const change of globals) {
      const configuration = change.op === 'upsert' ? maskSecrets(change.next.configuration) : null;
      this.events.publish('global.updated', new GlobalConfigurationUpdatedEvent(change.configId, configuration, now));
    }
  }
}

/** One transaction of many. Their keys are disjoint, so the order of their rows does not matter. */
function together(commits: readonly StoreCommit[]): StoreCommit {
  const whole: Record<string, unknown[]> = {};
  for (const commit of commits) {
    for (const [part, rows] of Object.entries(commit) as [string, readonly unknown[]][]) {
      whole[part] = whole[part] ? whole[part].concat(rows) : [...rows];
    }
  }
  return whole;
}

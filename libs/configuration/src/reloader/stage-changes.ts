import {
  type Change,
  ConfigurationDeleteEvent,
  ConfigurationRejectedEvent,
  ConfigurationRollbackEvent,
  ConfigurationUpdateEvent,
  forEachSliced,
  type ConfigurationVersion,
  hashOf,
  type Json,
  type ConfigurationKey,
  keyText,
  maskSecrets,
  type Operation,
  type Position,
  type Problem,
  type RecordedEvent,
  type SourceName,
} from '@tigateway/model';
import type { StoredCurrent, StoredEvent, StoredHold } from '../history/configuration-store.js';
import type { VersionClock } from '../history/version-clock.js';
import { versionMs } from '../history/version-name.js';
import { isRelocation, type Plan } from '../planner/configuration-planner.js';
import { Running, withRunning } from '../planner/running-state.js';
import type { PipelineState, Staged } from './pipeline-state.js';

/** Who caused a change, and how. */
export interface Cause {
  readonly source: SourceName;
  readonly actor: string;
  readonly reason?: string;
  /** Whose configuration a deletion ends; absent: `source`'s own. */
  readonly deletionOf?: (key: ConfigurationKey) => SourceName;
  /** A rollback's own facts: for each key the version that it brings back (`rollbackOf`), and the one that it takes away. */
  readonly rollback?: {
    readonly trigger: 'manual' | 'auto';
    of(key: ConfigurationKey): string | undefined;
    from(key: ConfigurationKey): string;
  };
}

/** A document that was refused. */
export interface Rejection {
  readonly position: Position;
  readonly problems: readonly Problem[];
}

/** Gives a plan its versions, events and store rows. The one place where they are made. */
export class StageChanges {
  /** By key text. */
  private readonly versions = new Map<string, ConfigurationVersion>();
  private readonly events: RecordedEvent[] = [];
  private readonly current: StoredCurrent[] = [];
  private readonly gone: ConfigurationKey[] = [];
  private readonly ranAs = new Map<string, Running | undefined>();
  private sequence: number;

  constructor(
    private readonly before: PipelineState,
    private readonly versionClock: VersionClock,
    private readonly cause: Cause,
  ) {
    this.sequence = before.eventSequence;
  }

  /** Records what the keys of a plan will run as. Gives the event loop away between them. */
  async takeAll(changes: readonly Change[]): Promise<void> {
    await forEachSliced(changes, (change) => this.take(change));
  }

  private take(change: Change): void {
    const key = { configType: change.configType, configId: change.configId };
    const text = keyText(key);
    if (change.op === 'upsert' && isRelocation(change)) {
      const running = this.before.running.configurations.get(text) as Running;
      this.ranAs.set(text, new Running(change.next, running.version));
      return;
    }
    const configuration = change.op === 'upsert' ? change.next.configuration : null;
    const operation: Operation = change.op === 'delete' ? 'delete' : change.previous ? 'update' : 'create';
    const source = change.op === 'upsert' ? change.next.source : (this.cause.deletionOf?.(key) ?? this.cause.source);
    const hash = change.op === 'upsert' ? change.next.hash : undefined;
    const { version } = this.mint(key, configuration, operation, source, hash);
    this.events.push(this.event(change, version, source));
    if (change.op === 'upsert') {
      this.ranAs.set(text, new Running(change.next, version));
      this.current.push({
        configType: key.configType,
        configId: key.configId,
        version,
        hash: change.next.hash,
        source,
      });
    } else {
      this.ranAs.set(text, undefined);
      this.gone.push(key);
    }
  }

  /** Makes a version of what is accepted but shadowed: nothing in force changes, so there is no event. */
  mint(
    key: ConfigurationKey,
    configuration: Json,
    operation: Operation,
    source: SourceName,
    hash = hashOf(configuration),
  ): ConfigurationVersion {
    const { actor, reason, rollback } = this.cause;
    const version = this.versionClock.mint();
    const rollbackOf = rollback?.of(key);
    const made: ConfigurationVersion = {
      configType: key.configType,
      configId: key.configId,
      version,
      configuration,
      timestamp: new Date(versionMs(version) as number).toISOString(),
      hash,
      operation: rollback ? 'rollback' : operation,
      source,
      actor,
      ...(reason !== undefined && { reason }),
      ...(rollbackOf !== undefined && { rollbackOf }),
    };
    this.versions.set(keyText(key), made);
    return made;
  }

  reject({ position, problems }: Rejection, timestamp: number): void {
    const facts = { sequence: ++this.sequence, timestamp, source: this.cause.source, position, errors: problems };
    this.events.push(new ConfigurationRejectedEvent(facts));
  }

  /** What the key will run as, where this changes it and it is not deleted. */
  willRun(key: ConfigurationKey): Running | undefined {
    return this.ranAs.get(keyText(key));
  }

  versionOf(key: ConfigurationKey): ConfigurationVersion | undefined {
    return this.versions.get(keyText(key));
  }

  /** @param next the state's other parts, as the caller has changed them; `commit` likewise */
  async finish<Result>(
    plan: Plan,
    next: Partial<PipelineState>,
    commit: Staged['commit'],
    result: Result,
  ): Promise<Staged<Result>> {
    const versions = [...this.versions.values()];
    const events: StoredEvent[] = [];
    await forEachSliced(this.events, (event) => events.push({ type: event.type, ...event.facts }));
    const holds = (next.holds ?? this.before.holds).withMutations((map) => {
      for (const hold of plan.lifted) if (map.get(keyText(hold)) === hold) map.delete(keyText(hold));
    });
    const removeHolds = [...plan.lifted.map(keyOf), ...(commit.removeHolds ?? [])];
    return {
      state: {
        ...this.before,
        ...next,
        holds,
        running: await withRunning(this.before.running, this.ranAs),
        eventSequence: this.sequence,
      },
      changes: plan.changes,
      versions,
      events: this.events,
      commit: {
        ...commit,
        versions,
        putCurrent: this.current,
        removeCurrent: this.gone,
        removeHolds,
        events,
      },
      result,
    };
  }

  private event(change: Change, version: string, source: SourceName): RecordedEvent {
    const { actor, reason, rollback } = this.cause;
    const { configType, configId } = change;
    const previous = change.previous && maskSecrets(change.previous.configuration);
    const facts = {
      sequence: ++this.sequence,
      timestamp: versionMs(version) as number,
      source,
      configType,
      configId,
      version,
      actor,
      ...(reason !== undefined && { reason }),
    };
    if (rollback) {
      const rollbackOf = rollback.of(change);
      return new ConfigurationRollbackEvent({
        ...facts,
        configuration: change.op === 'upsert' ? maskSecrets(change.next.configuration) : null,
        ...(previous !== undefined && { previous }),
        from: rollback.from(change),
        to: version,
        ...(rollbackOf !== undefined && { rollbackOf }),
        trigger: rollback.trigger,
      });
    }
    if (change.op === 'delete') {
      return new ConfigurationDeleteEvent(
        Object.assign(facts, { previous: maskSecrets(change.previous.configuration) }),
      );
    }
    const configuration = maskSecrets(change.next.configuration);
    return new ConfigurationUpdateEvent(
      Object.assign(facts, { configuration, ...(previous !== undefined && { previous }) }),
    );
  }
}

function keyOf({ configType, configId }: StoredHold): ConfigurationKey {
  return { configType, configId };
}

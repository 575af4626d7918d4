import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  Clock,
  type ConfigType,
  type ConfigurationKey,
  ConfigurationConflictError,
  ConfigurationNotFoundError,
  ConfigurationPreconditionError,
  ConfigurationStoreError,
  ConfigurationValidationError,
  type ConfigurationVersion,
  compareRank,
  emptyRecord,
  forEachSliced,
  isJsonObject,
  type Json,
  keyText,
  maskSecrets,
  type ParsedObject,
  PendingChangeNotFoundError,
  type Problem,
  RouteCompileError,
  SourceDisabledError,
  type SourceName,
  type SourceUpdate,
  sortedSliced,
  TimeSlice,
} from '@tigateway/model';
import {
  ConfigurationStore,
  type ForeignCommit,
  type StoreCommit,
  type StoredCurrent,
  type StoredHold,
  type StoredState,
  type StoreFollower,
} from '../history/configuration-store.js';
import { VersionClock } from '../history/version-clock.js';
import { ConfigurationMerger, type DocumentChanges } from '../merger/configuration-merger.js';
import { DocumentParser } from '../parser/document-parser.js';
import { withoutPlaceholders } from '../parser/placeholders.js';
import { planChanges } from '../planner/configuration-planner.js';
import { keyFromText } from '../planner/key-from-text.js';
import { type Running, type RunningState, stateHash } from '../planner/running-state.js';
import type { ConfigurationSource } from '../sources/configuration-source.js';
import { ConfigurationValidator } from '../validator/configuration-validator.js';
import { ALL_STEPS, type Surroundings } from '../validator/validation-context.js';
import { ChangeQueue } from './change-queue.js';
import type {
  ConfigurationInForce,
  ConfigurationStatus,
  Conflict,
  DryRunReport,
  PendingChange,
  RefreshReport,
  RollbackOptions,
  SourceStatus,
  ValidationReport,
  WriteOptions,
  WriteOutcome,
  WriteRequest,
} from './configuration-api.js';
import { ConfigurationObserver } from './configuration-observer.js';
import { conflictsOf } from './conflicts.js';
import { ConfigurationReloader } from './configuration-reloader.js';
import { DeferredChanges, type PipelineHands, type ReadDelivery } from './deferred-changes.js';
import { impactOf } from './impact.js';
import { DynamicConfigurationService } from './dynamic-configuration.service.js';
import { pendingOf, pendingRow } from './pending.js';
import { EMPTY_PIPELINE, type PipelineState, type Staged } from './pipeline-state.js';
import { AutoRollback } from './judge/auto-rollback.js';
import { RouteRefreshService } from './route-refresh.service.js';
import { WatchedSource } from './source-board.js';
import { SourceIntake } from './source-intake.js';
import { commitTowards, stageForeign } from './stage-foreign.js';
import { stageRestored } from './stage-restored.js';
import { stageRollback } from './stage-rollback.js';
import { stageUndo } from './stage-undo.js';
import { API, checkVersion, stageWrite, storedApiDocument, type WriteTools } from './stage-write.js';
import type { Undo } from './undo.js';
import { UpdatePolicy } from './update-policy.js';
import { historyRetention } from './update-policy.settings.js';

/** The watched sources that are enabled: `readonly ConfigurationSource[]`. */
export const CONFIGURATION_SOURCES = Symbol('CONFIGURATION_SOURCES');

export interface PipelineOptions {
  /** The first wins. */
  readonly precedence: readonly SourceName[];
  readonly apiEnabled: boolean;
}

export const PIPELINE_OPTIONS = Symbol('PIPELINE_OPTIONS');

/** How often the history is cleaned when nothing changes, in milliseconds. */
const PRUNE_INTERVAL_MS = 60_000;
/** Before a source that could not be asked is asked again, in milliseconds. */
const SWEEP_RETRY_MS = 2_000;
/** How many past rollbacks the status shows. */
const SHOWN_ROLLBACKS = 20;
const LOGGED_KEYS = 20;
/** Who takes back what traffic does not bear. */
const AUTO_ROLLBACK = 'auto-rollback';

const ROLLBACK_DISABLED: Problem = {
  pointer: '',
  code: 'rollback-disabled',
  message: 'rollbacks are switched off by the update policy (rollback.enabled)',
};

/** What is asked of a delivery besides what the update policy says. */
interface DeliveryWish {
  /** Deletions beyond `max-deletions` are meant. */
  readonly confirmed?: boolean;
  /** It goes in at once. */
  readonly now?: boolean;
}

/** Refusals that follow from what is there. */
const MAY_BE_BEHIND = [
  ConfigurationConflictError,
  ConfigurationNotFoundError,
  ConfigurationPreconditionError,
  PendingChangeNotFoundError,
];

type LastUpdate = NonNullable<ConfigurationStatus['lastUpdate']>;

/** The stages of a change, joined. Every change of every source passes its one queue. */
@Injectable()
export class ConfigurationPipeline extends DynamicConfigurationService {
  private readonly logger = new Logger('Configuration');
  private readonly merger: ConfigurationMerger;
  private readonly watched: readonly WatchedSource[];
  private queue = new ChangeQueue(EMPTY_PIPELINE, () => Promise.resolve());
  /** Deliveries of one source are taken in one after the other. */
  private readonly turns = new Map<SourceName, Promise<unknown>>();
  private lastUpdate: LastUpdate | undefined;
  private rollbacks: ConfigurationStatus['rollbacks'] = [];
  private isStopped = false;
  /** What the store holds, from `open` until it is restored. */
  private opened: Promise<StoredState> | undefined;
  private readonly deferred: DeferredChanges;

  constructor(
    @Inject(PIPELINE_OPTIONS) private readonly options: PipelineOptions,
    @Inject(CONFIGURATION_SOURCES) sources: readonly ConfigurationSource[],
    private readonly documentParser: DocumentParser,
    private readonly validator: ConfigurationValidator,
    private readonly reloader: ConfigurationReloader,
    private readonly refresher: RouteRefreshService,
    private readonly store: ConfigurationStore,
    private readonly versionClock: VersionClock,
    private readonly policy: UpdatePolicy,
    private readonly observer: ConfigurationObserver,
    private readonly clock: Clock,
    private readonly autoRollback: AutoRollback,
  ) {
    super();
    this.merger = new ConfigurationMerger(options.precedence);
    this.watched = sources.map(
      (source) => new WatchedSource(source, new SourceIntake(source.name, documentParser, validator)),
    );
    this.deferred = new DeferredChanges(this.hands(), () => policy.current, autoRollback, clock);
  }

  /** Has the store read what it holds; `restore` waits for it. A failure is told there. */
  open(): void {
    this.opened = this.store.open();
    this.opened.catch(() => undefined);
  }

  /**
   * Puts the last good state in force, before any source is asked.
   * @throws ConfigurationStoreError
   */
  async restore(): Promise<void> {
    const stored = await (this.opened ?? this.store.open());
    this.opened = undefined;
    this.versionClock.seed(stored.lastVersionMs);
    const changes = this.options.apiEnabled ? [await this.restoreApi(stored)] : [];
    for (const watched of this.watched) {
      const documents = stored.documents.filter(({ source }) => source === watched.name);
      if (documents.length === 0) continue;
      watched.isRestored();
      changes.push(await watched.intake.restore(await this.stillValid(documents)));
    }
    const state = await this.serve(stored, changes);
    this.queue = new ChangeQueue(
      state,
      (round) => this.apply(round),
      (round) => this.applied(round),
    );
    this.policy.follow(state.running);
    await this.followOthers();
    await this.autoRollback.start(stored.pending, this.refresher.current, (undo, numbers) =>
      this.takeBack(undo, numbers),
    );
    const { running, holds } = this.queue.state;
    this.observer.counted(running.counts);
    this.observer.drifts(holds.size > 0);
    this.prune();
  }

  /** Every enabled source has a last good state, and it is in force: there is no need to wait for any of them. */
  get servesLastGoodState(): boolean {
    return this.watched.every(({ status }) => status.state === 'stale');
  }

  /** Starts the watching of every source. Settles when each has delivered or said that it cannot. */
  async start(): Promise<void> {
    await Promise.all(
      this.watched.map(async (watched) => {
        await watched.source.start({
          deliver: async (update) => void (await this.deliver(watched, update)),
          down: (reason) => this.isDown(watched, reason),
        });
      }),
    );
    this.deferred.start();
  }

  /** What is being applied is finished, and nothing more is taken in. The store may be closed then. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.autoRollback.stop();
    this.deferred.stop();
    await Promise.all(this.watched.map(({ source }) => source.stop()));
    await Promise.allSettled(this.turns.values());
    await this.queue.idle();
  }

  override async write(requests: readonly WriteRequest[], { actor, reason }: WriteOptions): Promise<WriteOutcome> {
    this.refuseIfDisabled();
    const cause = { source: API, actor, ...(reason !== undefined && { reason }) };
    try {
      return await this.observer.changing(() => this.onNewest(() => this.deferred.write(requests, cause)));
    } catch (error) {
      for (const request of requests) this.observe(request, request.op, false);
      if (error instanceof ConfigurationValidationError) this.noteRejected(API, requests.length, error.message);
      throw error;
    }
  }

  override async preview(requests: readonly WriteRequest[]): Promise<DryRunReport> {
    this.refuseIfDisabled();
    try {
      const cause = { source: API, actor: API };
      const { changes, result } = await stageWrite(this.queue.state, requests, cause, this.tools);
      const changed = new Set(changes.map(keyText));
      const next = await this.refresher.prepare(changes);
      return {
        valid: true,
        errors: [],
        warnings: result.warnings,
        changes: requests
          .filter((request) => changed.has(keyText(request)) || result.shadowedBy.has(keyText(request)))
          .map(({ op, configType, configId }) => {
            const shadowedBy = result.shadowedBy.get(keyText({ configType, configId }));
            return { op, configType, configId, ...(shadowedBy !== undefined && { shadowedBy }) };
          }),
        impact: await impactOf(this.autoRollback.meter.lastRequests, this.refresher.current.table, next.table),
      };
    } catch (error) {
      if (!(error instanceof ConfigurationValidationError || error instanceof RouteCompileError)) throw error;
      return { valid: false, errors: error.problems, warnings: [], changes: [] };
    }
  }

  override async rollback(
    key: ConfigurationKey,
    version: string,
    { ifMatch, ifNoneMatch, ...cause }: RollbackOptions,
  ): Promise<ConfigurationVersion> {
    this.refuseIfDisabled();
    if (!this.policy.current.rollback.enabled) throw new ConfigurationValidationError([ROLLBACK_DISABLED]);
    const target = await this.store.version(key, version);
    if (!target) throw new ConfigurationNotFoundError(key, version);
    await this.deferred.giveWay(key, cause.actor);
    const made = await this.onNewest(() =>
      this.queue.enqueue(async (state) => {
        checkVersion(state, { ...key, ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch && { ifNoneMatch }) });
        // Where nothing runs, it is the deletion that is taken away.
        const [newest = target] = await this.store.versions(key);
        const staged = await stageRollback(state, key, { target, newest }, cause, this.tools);
        return this.deferred.replacing(state, staged, [key]);
      }),
    );
    this.observer.rolledBack('manual');
    this.showRollback({ at: made.timestamp, trigger: 'manual', keys: [key], version: made.version });
    return made;
  }

  /** What is refused for what it finds here may be right on what others have made of it meanwhile: it is tried once more on that. */
  private async onNewest<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!this.store.isShared || !MAY_BE_BEHIND.some((kind) => error instanceof kind)) throw error;
      await this.store.catchUp();
      return work();
    }
  }

  override async refresh(confirm?: SourceName): Promise<RefreshReport> {
    const startedMs = this.clock.monotonicMs();
    let changed = 0;
    const sources: RefreshReport['sources'][number][] = [];
    if (this.options.apiEnabled) {
      const documents = this.queue.state.api.size;
      sources.push({ name: API, documents, accepted: documents, rejected: 0 });
    }
    for (const watched of this.watched) {
      let error: string | undefined;
      const update = await watched.source.read().catch((failure: unknown) => {
        error = (failure as Error).message;
        this.isDown(watched, error);
      });
      if (update) changed += await this.deliver(watched, update, { confirmed: watched.name === confirm });
      const { documents, rejected } = watched.intake;
      const accepted = documents - rejected.length;
      const { name } = watched;
      sources.push({ name, documents, accepted, rejected: rejected.length, ...(error !== undefined && { error }) });
    }
    const durationMs = Math.round(this.clock.monotonicMs() - startedMs);
    return { sources, routes: this.queue.state.running.counts.route, changed, durationMs };
  }

  override get(key: ConfigurationKey): ConfigurationInForce | undefined {
    const running = this.queue.state.running.configurations.get(keyText(key));
    return running && inForce(key, running);
  }

  override list(configType: ConfigType): Promise<ConfigurationInForce[]> {
    return allOf(configType, this.queue.state.running);
  }

  override async validateDocument(text: string, format: 'yaml' | 'json'): Promise<ValidationReport> {
    const document = { kind: 'text', name: 'request', format, text, placeholders: true } as const;
    // Defaults count; whoever asks must not learn anything of the environment, neither now nor from what is resolved later.
    const parsed = await this.documentParser.read('request', document, {});
    const objects = parsed.objects.map(({ deferredPlaceholders: _, ...object }) => object);
    const surroundings = this.surroundings;
    return this.validator.validateDocument(
      { ...parsed, objects },
      {
        steps: ALL_STEPS,
        surroundings,
        missingDependency: 'warning',
        text,
      },
    );
  }

  override async validateRunning(): Promise<ValidationReport> {
    const objects: ParsedObject[] = [];
    await forEachSliced(this.queue.state.running.configurations, ([text, running]) => {
      const { configuration, position, deferredPlaceholders } = running;
      const deferred = deferredPlaceholders && { deferredPlaceholders };
      objects.push({ ...keyFromText(text), configuration, pointer: '', position, ...deferred });
    });
    const { problems, warnings } = await this.validator.validate(objects, {
      steps: ALL_STEPS,
      surroundings: this.surroundings,
      missingDependency: 'warning',
    });
    return { valid: problems.length === 0, errors: problems, warnings };
  }

  override async export(source?: SourceName): Promise<Json> {
    // All of it as of one moment, however long it takes.
    const { running } = this.queue.state;
    const contents = async (type: ConfigType): Promise<{ id: string; configuration: Json }[]> => {
      const shown: { id: string; configuration: Json }[] = [];
      await forEachSliced(
        await allOf(type, running),
        ({ configId, configuration, deferredPlaceholders, source: from }) => {
          if (source !== undefined && from !== source) return;
          const masked = maskSecrets(configuration);
          // Those that are resolved only where they take effect stand in the configuration as the operator wrote them.
          shown.push({ id: configId, configuration: deferredPlaceholders ? masked : withoutPlaceholders(masked) });
        },
      );
      return shown;
    };
    const globals = emptyRecord();
    for (const { id, configuration } of await contents('global')) globals[id] = configuration;
    return {
      routes: (await contents('route')).map(({ configuration }) => configuration),
      filters: (await contents('filter')).map(({ configuration }) => configuration),
      globals,
    };
  }

  override sources(): SourceStatus[] {
    const api = { name: API, state: 'up' as const, documents: this.queue.state.api.size, rejected: [] };
    return [...(this.options.apiEnabled ? [api] : []), ...this.watched.map(({ status }) => status)];
  }

  override pending(): PendingChange[] {
    return this.deferred.list;
  }

  override held(): ConfigurationStatus['held'] {
    return [...this.queue.state.holds.values()].map(
      ({ configType, configId, source, version, barredHash, reason }) => ({
        configType,
        configId,
        source,
        version,
        barredHash,
        reason,
      }),
    );
  }

  override async cancel(pendingId: string, { actor }: WriteOptions): Promise<PendingChange> {
    this.refuseIfDisabled();
    return this.onNewest(() => this.deferred.cancel(pendingId, actor));
  }

  override conflicts(): Promise<Conflict[]> {
    return conflictsOf(this.queue.state);
  }

  override fingerprint(): Pick<ConfigurationStatus, 'revision' | 'hash'> {
    return { revision: this.refresher.revision, hash: stateHash(this.queue.state.running) };
  }

  override async status(): Promise<ConfigurationStatus> {
    const conflicts = await conflictsOf(this.queue.state);
    const { running, holds } = this.queue.state;
    const { place } = this.store;
    const shadowed: Record<ConfigType, { id: string; source: SourceName; by: SourceName }[]> = {
      route: [],
      filter: [],
      global: [],
    };
    for (const { configType, configId, winner, losers } of conflicts) {
      for (const { source } of losers) shadowed[configType].push({ id: configId, source, by: winner.source });
    }
    return {
      ...this.fingerprint(),
      ...(place && { store: place }),
      sources: this.sources(),
      configurations: {
        route: { count: running.counts.route, shadowed: shadowed.route },
        filter: { count: running.counts.filter, shadowed: shadowed.filter },
        global: { count: running.counts.global, shadowed: shadowed.global },
      },
      pending: this.deferred.list,
      held: this.held(),
      drift: holds.size > 0,
      ...(this.lastUpdate && { lastUpdate: this.lastUpdate }),
      rollbacks: this.rollbacks,
    };
  }

  /** @returns how many configurations in force it changed */
  private async deliver(watched: WatchedSource, update: SourceUpdate, wish: DeliveryWish = {}): Promise<number> {
    if (this.isStopped) return 0;
    return this.inTurn(watched, () => this.observer.changing(() => this.takeIn(watched, update, wish)));
  }

  private async inTurn<Result>({ name }: WatchedSource, work: () => Promise<Result>): Promise<Result> {
    const before = this.turns.get(name) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    this.turns.set(name, turn);
    return turn;
  }

  private async takeIn(
    watched: WatchedSource,
    update: SourceUpdate,
    { confirmed, now }: DeliveryWish,
  ): Promise<number> {
    const { name, isNew } = watched;
    const { told, settle, ...read } = await this.read(watched, update, confirmed);
    const sweeps = this.store.isShared && this.store.leads && !watched.isSwept;
    const delivery = { ...read, sweeps };
    const { kind, changed } = await this.deferred.deliver(delivery, isNew, now ?? false);
    watched.isSwept ||= sweeps && kind !== 'noted';
    told();
    if (kind !== 'pending') settle();
    watched.delivered(update.revision);
    // While it was only taken note of, this process may have begun to decide; before its first delivery nobody asks a source.
    if (this.store.isShared && this.store.leads && !watched.isSwept) void this.sweep(watched);
    this.observer.sourceIsUp(name, true);
    for (const { problems, position } of delivery.rejections) {
      this.observer.rejected(name);
      const { message } = new ConfigurationValidationError(problems);
      this.logger.warn(`rejected ${position.document}: ${message}`);
      this.noteRejected(name, changed, message);
    }
    const { heldBack } = watched.intake;
    if (heldBack) {
      const { deletions, of } = heldBack;
      this.logger.warn(`held back: the source "${name}" would drop ${deletions} of ${of} configurations`);
    }
    return changed;
  }

  private async read({ intake, name }: WatchedSource, update: SourceUpdate, confirmed = false): Promise<ReadDelivery> {
    const { surroundings } = this;
    const { changes, ...rest } = await intake.take(update, { policy: this.policy.current, surroundings, confirmed });
    return { source: name, documents: changes, ...rest };
  }

  /** What changes that wait need of the pipeline. */
  private hands(): PipelineHands {
    const sourceOf = (name: SourceName): WatchedSource => {
      const watched = this.watched.find((each) => each.name === name);
      if (!watched) throw new ConfigurationStoreError(`the source "${name}" is switched off`);
      return watched;
    };
    const queueOf = (): ChangeQueue => this.queue;
    const toolsOf = (): WriteTools => this.tools;
    const leads = (): boolean => this.store.leads;
    const others = (): readonly string[] => this.store.others;
    return {
      get queue() {
        return queueOf();
      },
      get tools() {
        return toolsOf();
      },
      get leads() {
        return leads();
      },
      get others() {
        return others();
      },
      takeInNow: async (name) => {
        const watched = sourceOf(name);
        await this.deliver(watched, await watched.source.read(), { now: true });
      },
      readAgain: async (name) => {
        const watched = sourceOf(name);
        return this.inTurn(watched, async () => ({
          ...(await this.read(watched, await watched.source.read())),
          // It may have been taken note of while another process decided.
          sweeps: this.store.isShared,
        }));
      },
      advanced: (event) => this.reloader.advanced(event),
      takenBack: ({ source }, trigger, keys, detail) => {
        this.observer.rolledBack(trigger);
        const at = new Date(this.clock.now()).toISOString();
        const version = keys[0] && this.queue.state.running.configurations.get(keyText(keys[0]))?.version;
        this.showRollback({ at, trigger, keys, ...(version !== undefined && { version }), detail });
        this.note({ source, changes: keys.length, outcome: 'rolled-back', detail }, this.clock.monotonicMs());
      },
      refused: (source, changes, detail) => this.noteRejected(source, changes, detail),
    };
  }

  private async apply(round: readonly Staged[]): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    const sources = new Set<SourceName>();
    let changes = 0;
    for (const { versions } of round) {
      await forEachSliced(versions, ({ source }) => sources.add(source));
      changes += versions.length;
    }
    try {
      await this.reloader.apply(round);
    } catch (error) {
      this.note(
        { source: [...sources].join(', '), changes, outcome: 'failed', detail: (error as Error).message },
        startedMs,
      );
      throw error;
    }
    if (changes === 0) return;
    this.note({ source: [...sources].join(', '), changes, outcome: 'applied' }, startedMs);
    this.observer.applied(this.clock.monotonicMs() - startedMs);
  }

  private async applied(round: readonly Staged[]): Promise<void> {
    this.store.swapped();
    const last = round.at(-1) as Staged;
    this.observer.counted(last.state.running.counts);
    this.observer.drifts(last.state.holds.size > 0);
    for (const { versions } of round) {
      await forEachSliced(versions, (version) =>
        this.observe(version, version.configuration === null ? 'delete' : 'upsert', true),
      );
    }
    await this.reloader.announce(round);
    if (round.some(({ versions }) => versions.length > 0)) this.clean();
  }

  /** Takes back what a change changed, because of what traffic made of it. */
  private async takeBack(undo: Undo, numbers: string): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    const cause = { actor: AUTO_ROLLBACK, reason: `rolled back by itself: ${numbers}` };
    const versions = await this.queue.enqueue((state) => stageUndo(state, undo, cause, this.tools));
    const newest = versions.at(-1);
    if (!newest) return;
    const keys = versions.map(({ configType, configId }) => ({ configType, configId }));
    this.observer.rolledBack('auto');
    this.showRollback({ at: newest.timestamp, trigger: 'auto', keys, version: newest.version, detail: numbers });
    const { source } = undo;
    this.note({ source, changes: versions.length, outcome: 'rolled-back', detail: numbers }, startedMs);
    this.logger.warn(
      `rolled back by itself: ${keys.map(keyText).slice(0, LOGGED_KEYS).join(', ')} of ${source}: ${numbers}`,
    );
  }

  private showRollback(entry: ConfigurationStatus['rollbacks'][number]): void {
    this.rollbacks = [entry, ...this.rollbacks].slice(0, SHOWN_ROLLBACKS);
  }

  private noteRejected(source: SourceName, changes: number, detail: string): void {
    this.note({ source, changes, outcome: 'rejected', detail }, this.clock.monotonicMs());
  }

  private note(update: Omit<LastUpdate, 'at' | 'durationMs'>, startedMs: number): void {
    const durationMs = Math.round((this.clock.monotonicMs() - startedMs) * 1_000) / 1_000;
    this.lastUpdate = { at: new Date(this.clock.now()).toISOString(), durationMs, ...update };
  }

  private observe(key: ConfigurationKey, op: 'upsert' | 'delete', success: boolean): void {
    if (op === 'delete') this.observer.deleted(key, success);
    else this.observer.updated(key, success);
  }

  private isDown(watched: WatchedSource, reason: string): void {
    if (watched.status.reason !== reason) this.logger.warn(`the source "${watched.name}" cannot be read: ${reason}`);
    watched.down(reason);
    this.observer.sourceIsUp(watched.name, false);
  }

  private async restoreApi(stored: StoredState): Promise<DocumentChanges> {
    const documents = stored.apiObjects.map(storedApiDocument);
    const valid = await this.stillValid(documents);
    const kept = new Set(valid.filter(({ objects }) => objects.length > 0).map(({ name }) => name));
    return { source: API, put: documents.filter(({ name }) => kept.has(name)), remove: [] };
  }

  /** What an earlier release accepted and this one cannot run is left out and said; it must not keep the rest from serving. */
  private async stillValid<Document extends { name: string; objects: readonly ParsedObject[] }>(
    documents: readonly Document[],
  ): Promise<Document[]> {
    const result: Document[] = [];
    const slice = new TimeSlice();
    const steps = { ...ALL_STEPS, dependencies: false };
    const context = { steps, surroundings: this.surroundings, missingDependency: 'warning' } as const;
    for (const document of documents) {
      const whole = await this.validator.validate(document.objects, context);
      if (whole.problems.length === 0) {
        result.push(document);
        continue;
      }
      const objects: ParsedObject[] = [];
      // Each by itself: pointers of several YAML documents in one file may be the same.
      for (const object of document.objects) {
        const { problems } = await this.validator.validate([object], context);
        for (const { pointer, message } of problems)
          this.logger.warn(`not restored: ${document.name} ${pointer}: ${message}`);
        if (problems.length === 0) objects.push(object);
        if (slice.isUsedUp) await slice.breathe();
      }
      result.push(objects.length === document.objects.length ? document : { ...document, objects });
    }
    return result;
  }

  /** Compiles what was restored. What runs as it did when it was stored keeps its version. */
  private async serve(stored: StoredState, documents: readonly DocumentChanges[]): Promise<PipelineState> {
    const holds = await this.soundHolds(stored.holds);
    // Switched off, the API's configurations stay in the store and come back with it.
    const apiObjects = this.options.apiEnabled ? stored.apiObjects : [];
    let state: PipelineState = {
      ...EMPTY_PIPELINE,
      holds: EMPTY_PIPELINE.holds.withMutations((map) => holds.forEach((hold) => map.set(keyText(hold), hold))),
      api: EMPTY_PIPELINE.api.withMutations((map) => apiObjects.forEach((each) => map.set(keyText(each), each))),
      apiSequence: stored.apiObjects.reduce((max, { createdSequence }) => Math.max(max, createdSequence), 0),
      eventSequence: stored.lastSequence,
      pending: EMPTY_PIPELINE.pending.withMutations((map) =>
        pendingOf(stored.pending).forEach((each) => map.set(each.id, each)),
      ),
    };
    const touched = new Set(state.holds.keys());
    for (const change of documents) {
      const merged = await this.merger.merge(state.desired, change);
      state = { ...state, desired: merged.state };
      for (const key of merged.touched) touched.add(key);
    }
    if (this.store.isShared) return this.serveShared(state, stored);
    const plan = await planChanges(state.desired, state.running.configurations, state.holds, touched, (source) =>
      this.merger.precedenceOf(source),
    );
    const { store, versionClock } = this;
    const staged = await stageRestored(state, plan.changes, stored.current, { store, versionClock });
    await this.reloader.restore(plan.changes, staged.state.running.configurations);
    const removeHolds = stored.holds.filter((hold) => !state.holds.has(keyText(hold)));
    if (staged.versions.length > 0 || removeHolds.length > 0) await store.commit({ ...staged.commit, removeHolds });
    await this.reloader.announce([staged]);
    return staged.state;
  }

  /** What runs is what all processes agreed on, whatever the sources say meanwhile. */
  private async serveShared(state: PipelineState, stored: StoredState): Promise<PipelineState> {
    const versions = new Map<string, ConfigurationVersion>();
    for (const current of stored.current) {
      const content = await this.store.version(current, current.version);
      if (content) versions.set(keyText(current), content);
    }
    const commit = commitTowards(state, { ...stored, sequence: 0, versions });
    const without = new Set<string>();
    for (;;) {
      const staged = await stageForeign(state, { sequence: 0, commit }, this.tools, without);
      try {
        await this.reloader.restore(staged.changes, staged.state.running.configurations);
        return { ...staged.state, eventSequence: stored.lastSequence };
      } catch (error) {
        without.add(this.unfit(error));
      }
    }
  }

  /** What others have committed so far is in force before traffic is served. */
  private async followOthers(): Promise<void> {
    await this.store.follow(this.follower());
    await this.queue.idle();
    this.store.swapped();
    if (!this.store.isShared) return;
    // What all share holds what a source said, even where nothing of it was kept here.
    const sources = new Set(this.queue.state.running.configurations.map(({ source }) => source).values());
    for (const watched of this.watched) if (sources.has(watched.name)) watched.isRestored();
  }

  /** Puts in force what others commit, before anything that is wanted here. */
  private follower(): StoreFollower {
    return {
      committed: (foreign) => void this.takeForeign(() => foreign),
      replaced: (shared) => {
        this.versionClock.seed(shared.lastVersionMs);
        const { sequence, lastSequence: eventSequence } = shared;
        void this.takeForeign((state) => ({ sequence, eventSequence, commit: commitTowards(state, shared) }));
      },
      everything: () => this.everything(),
      leads: (isLeading) => this.isLeading(isLeading),
    };
  }

  private async everything(): Promise<StoreCommit> {
    const { running, api, holds, pending } = this.queue.state;
    const versions: ConfigurationVersion[] = [];
    const putCurrent: StoredCurrent[] = [];
    for (const [text, { version, hash, source }] of running.configurations) {
      putCurrent.push({ ...keyFromText(text), version, hash, source });
    }
    for (const each of [...putCurrent, ...api.values()]) {
      const content = await this.store.version(each, each.version);
      if (content) versions.push(content);
    }
    return {
      versions,
      putCurrent,
      putApiObjects: [...api.values()],
      putHolds: [...holds.values()],
      putPending: [...pending.values()].map(pendingRow),
    };
  }

  private async takeForeign(foreignOn: (state: PipelineState) => ForeignCommit): Promise<void> {
    const without = new Set<string>();
    for (;;) {
      try {
        await this.queue.enqueueForeign((state) => stageForeign(state, foreignOn(state), this.tools, without));
        this.deferred.look();
        return;
      } catch (error) {
        if (error instanceof RouteCompileError) {
          without.add(this.unfit(error));
          continue;
        }
        this.logger.error(`what others have changed is not in force here: ${(error as Error).message}`);
        // It is left out, and what comes after it is not.
        await this.store.adopt({ ...foreignOn(this.queue.state), commit: {} });
        return;
      }
    }
  }

  /** @returns the key text of what others run and this release cannot. @throws what is another error */
  private unfit(error: unknown): string {
    if (!(error instanceof RouteCompileError)) throw error;
    this.logger.error(`others run what cannot run here, so it stays as it is: ${error.message}`);
    return keyText({ configType: error.configType, configId: error.routeId });
  }

  private isLeading(isLeading: boolean): void {
    this.logger.log(isLeading ? 'decides what the sources change' : 'no longer decides what the sources change');
    for (const watched of this.watched) {
      watched.isSwept = false;
      if (isLeading && watched.hasDelivered) void this.sweep(watched);
    }
    this.deferred.look();
  }

  /** Whoever decides from now on asks the source itself: what was heard of it may be older than what others decided. */
  private async sweep(watched: WatchedSource): Promise<void> {
    try {
      await this.deliver(watched, await watched.source.read());
    } catch (error) {
      this.isDown(watched, (error as Error).message);
      this.clock.schedule(SWEEP_RETRY_MS, () => {
        if (!this.isStopped && this.store.leads && !watched.isSwept) void this.sweep(watched);
      });
    }
  }

  /** Holds of what this release cannot run are left out and said: the source's own content is in force then. */
  private async soundHolds(holds: readonly StoredHold[]): Promise<StoredHold[]> {
    const documents = holds.map((hold) => {
      const position = { source: hold.source, document: hold.version, line: 0, column: 0 };
      const { configType, configId, configuration } = hold;
      const objects = configuration === null ? [] : [{ configType, configId, configuration, pointer: '', position }];
      return { name: `${keyText(hold)} held at ${hold.version}`, objects };
    });
    const valid = await this.stillValid(documents);
    return holds.filter((_, index) => valid[index]?.objects.length === documents[index]?.objects.length);
  }

  private get surroundings(): Surroundings {
    return { exists: (key) => this.queue.state.desired.candidates.has(keyText(key)) };
  }

  private get tools(): WriteTools {
    const { validator, merger, versionClock } = this;
    return { validator, merger, versionClock, policy: this.policy.current };
  }

  private refuseIfDisabled(): void {
    if (this.options.apiEnabled) return;
    throw new SourceDisabledError('the API source is disabled (tigateway.sources.api.enabled)');
  }

  private prune(): void {
    if (this.isStopped) return;
    this.clean();
    this.clock.schedule(PRUNE_INTERVAL_MS, () => this.prune());
  }

  private clean(): void {
    this.store
      .prune(historyRetention(this.policy.current), this.clock.now())
      .catch((error: unknown) => this.logger.warn(`the history was not cleaned: ${(error as Error).message}`));
  }
}

/** In route order for routes, else by id; gives the event loop away in between. */
async function allOf(
  configType: ConfigType,
  { configurations, filters }: RunningState,
): Promise<ConfigurationInForce[]> {
  const found: InForceAtRank[] = [];
  await forEachSliced(configType === 'filter' ? filters : configurations.keys(), (text) => {
    if (!text.startsWith(`${configType}:`)) return;
    const running = configurations.get(text) as Running;
    found.push({ shown: inForce(keyFromText(text), running), running });
  });
  const sorted = await sortedSliced(found, configType === 'route' ? inRouteOrder : byId);
  return sorted.map(({ shown }) => shown);
}

interface InForceAtRank {
  readonly shown: ConfigurationInForce;
  readonly running: Running;
}

function inRouteOrder({ running: a }: InForceAtRank, { running: b }: InForceAtRank): number {
  return orderOf(a) - orderOf(b) || compareRank(a.rank, b.rank);
}

function orderOf({ configuration }: Running): number {
  return isJsonObject(configuration) ? Number(configuration['order'] ?? 0) : 0;
}

function byId({ shown: a }: InForceAtRank, { shown: b }: InForceAtRank): number {
  return a.configId < b.configId ? -1 : 1;
}

function inForce(key: ConfigurationKey, running: Running): ConfigurationInForce {
  const { configuration, version, hash, source, position, deferredPlaceholders } = running;
  const deferred = deferredPlaceholders && { deferredPlaceholders };
  return { ...key, configuration, version, hash, source, position, ...deferred };
}

import { BackOff, type BackOffOptions } from './back-off.js';
import { type KubernetesClient, type WatchState, withoutManagedFields } from './kubernetes-client.js';
import { KubernetesError } from './kubernetes-error.js';
import type { KubernetesObject } from './kubernetes-object.js';
import { objectKey, type ResourceSelection, type ResourceType } from './resources.js';
import { hasSameContent } from './same-content.js';
import { pause, SYSTEM_TIMING, type Timing } from './timing.js';
import { type WatchEvent, watchEvents } from './watch-events.js';

export interface ResourceListener<T> {
  /** All is known: after the first list, and after each list anew; the differences were told before by `changed`. */
  synced(objects: ReadonlyMap<string, T>): void;
  /** Events that arrived together come together; the first list is one of them. */
  changed(change: { readonly upserted: readonly T[]; readonly removed: readonly T[] }): void;
  /** Cannot be read at the moment; objects stay as they were. Said once, until `up` ends it. */
  down(reason: string): void;
  up(): void;
}

export interface WatchedResources extends ResourceSelection {
  readonly type: ResourceType;
}

export interface ResourceWatchOptions {
  readonly timing?: Timing;
  /** After which the server is asked to end a watch, in milliseconds; up to double that, at random. */
  readonly lifetimeMs?: number;
  /** Silence after which a watch is taken for dead, in milliseconds. Bookmarks come about every minute. */
  readonly silenceMs?: number;
  readonly backOff?: BackOffOptions;
  /**
   * How soon after the last list, in milliseconds, all is listed again when a watch has broken since: a server that came back with
   * a restored past is not always told by its revision.
   */
  readonly relistMs?: number;
}

/** A watch that lived as long as this, in milliseconds, was a good one: the next failure is a first one. */
const GOOD_LIFE_MS = 5_000;

/** What the server may take to end a watch by itself, in milliseconds. */
const LIFETIME_GRACE_MS = 15_000;

type Step = 'list' | 'verify' | 'watch';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: KubernetesError) => void;
}

/**
 * All objects of a selection, as they are: one list, then a watch from there, for ever. A watch that ends goes on from the last
 * revision that was seen; where the server has forgotten that one, or has itself gone back behind it, all is listed anew and the
 * differences are told. Lists are consistent reads, so that no list is older than what was seen before.
 */
export class ResourceWatch<T extends KubernetesObject> implements WatchState {
  private readonly known = new Map<string, T>();
  private readonly timing: Timing;
  private readonly backOff: BackOff;
  private readonly stopping = new AbortController();
  private waiting: Waiting[] = [];
  private interrupt = new AbortController();
  private listener: ResourceListener<T> | undefined;
  private firstAnswer: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private version = '';
  private failure: string | undefined;
  private opened = 0;
  private listedAtMs = 0;
  private isListDue = false;
  /** While a watch is open and told all, as far as is known. */
  private isOpen = false;
  private forgetRecovery: (() => void) | undefined;
  /** A watch has broken since the last list. */
  private isDoubtful = false;

  constructor(
    private readonly client: KubernetesClient,
    private readonly watched: WatchedResources,
    private readonly options: ResourceWatchOptions = {},
  ) {
    this.timing = options.timing ?? SYSTEM_TIMING;
    this.backOff = new BackOff(options.backOff ?? { firstMs: 100, maxMs: 10_000 });
  }

  /** By `namespace/name`, or by name. */
  get objects(): ReadonlyMap<string, T> {
    return this.known;
  }

  /** Up to which all is known; empty before the first list. */
  get resourceVersion(): string {
    return this.version;
  }

  get type(): ResourceType {
    return this.watched.type;
  }

  get namespace(): string | undefined {
    return this.watched.namespace;
  }

  get isUp(): boolean {
    return this.failure === undefined && this.version !== '';
  }

  get downReason(): string | undefined {
    return this.failure;
  }

  get restarts(): number {
    return Math.max(0, this.opened - 1);
  }

  get size(): number {
    return this.known.size;
  }

  /** Settles after the first list, or after the first `down`; the listener must not throw. */
  async start(listener: ResourceListener<T>): Promise<void> {
    if (this.running) throw new Error('a watch starts once');
    this.listener = listener;
    this.client.watches.add(this);
    this.forgetRecovery = this.client.onRecovery(() => this.checkSoon());
    const answered = new Promise<void>((resolve) => (this.firstAnswer = resolve));
    this.running = this.run();
    await answered;
  }

  /**
   * Reads all now; differences reach the listener before this settles.
   * @throws KubernetesError where it cannot be read; the watch itself goes on trying
   */
  async relist(): Promise<void> {
    if (!this.running || this.stopping.signal.aborted) throw stopped();
    const listed = new Promise<void>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.listSoon();
    await listed;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.interrupt.abort();
    await this.running;
    this.forgetRecovery?.();
    this.client.watches.delete(this);
  }

  private listSoon(): void {
    this.isListDue = true;
    this.interrupt.abort();
  }

  /** A watch that was open while others were not answered may be dead, and silent about it. */
  private checkSoon(): void {
    if (!this.isOpen) return;
    this.isDoubtful = true;
    this.interrupt.abort();
  }

  private async run(): Promise<void> {
    let step: Step = 'list';
    while (!this.stopping.signal.aborted) {
      this.interrupt = new AbortController();
      if (this.isListDue) step = 'list';
      try {
        step = await this.take(step);
      } catch (error) {
        if (this.stopping.signal.aborted) break;
        step = await this.failed(step, error);
      }
    }
    this.firstAnswer?.();
    for (const { reject } of this.waiting.splice(0)) reject(stopped());
  }

  /** @returns what comes next */
  private async take(step: Step): Promise<Step> {
    switch (step) {
      case 'list':
        await this.list();
        return 'watch';
      case 'verify':
        return (await this.hasGoneBack()) ? 'list' : 'watch';
      case 'watch':
        return this.watch();
    }
  }

  private async failed(step: Step, error: unknown): Promise<Step> {
    const isExpired = error instanceof KubernetesError && error.isExpired;
    if (!isExpired) this.down(error as Error);
    const askedMs = error instanceof KubernetesError ? (error.retryAfterMs ?? 0) : 0;
    await pause(this.timing, Math.max(this.backOff.next(), askedMs), this.interrupt.signal);
    if (isExpired || step === 'list') return 'list';
    return this.afterBreak();
  }

  private async list(): Promise<void> {
    const waiting = this.waiting.splice(0);
    this.isListDue = false;
    try {
      const { signal } = this.stopping;
      const { items, resourceVersion } = await this.client.list<T>(this.watched.type, this.watched, { signal });
      if (signal.aborted) throw stopped();
      this.takeOver(items, resourceVersion);
    } catch (error) {
      for (const { reject } of waiting) reject(error as KubernetesError);
      throw error;
    }
    for (const { resolve } of waiting) resolve();
  }

  private takeOver(items: readonly T[], resourceVersion: string): void {
    // In a restored past the same revision may be another state.
    const isSame = this.isDoubtful || isBefore(resourceVersion, this.version) ? hasSameContent : isSameState;
    const gone = new Map(this.known);
    const upserted: T[] = [];
    for (const item of items) {
      const key = objectKey(item);
      const previous = gone.get(key);
      gone.delete(key);
      if (previous && isSame(previous, item)) continue;
      this.known.set(key, item);
      upserted.push(item);
    }
    for (const key of gone.keys()) this.known.delete(key);
    this.version = resourceVersion;
    this.listedAtMs = this.timing.monotonicMs();
    this.isDoubtful = false;
    const removed = [...gone.values()];
    if (upserted.length + removed.length > 0) this.listener?.changed({ upserted, removed });
    this.listener?.synced(this.known);
    this.firstAnswer?.();
  }

  private async hasGoneBack(): Promise<boolean> {
    const { signal } = this.stopping;
    return isBefore(await this.client.currentVersion(this.watched.type, this.watched, { signal }), this.version);
  }

  private async watch(): Promise<Step> {
    const { lifetimeMs = 300_000, silenceMs = 75_000 } = this.options;
    const timeoutSeconds = Math.ceil((lifetimeMs * (1 + Math.random())) / 1_000);
    const { signal } = this.interrupt;
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion: this.version, timeoutSeconds };
    const deadline = new AbortController();
    const timers = [this.timing.schedule(timeoutSeconds * 1_000 + LIFETIME_GRACE_MS, () => deadline.abort())];
    const startedMs = this.timing.monotonicMs();
    const livedMs = (): number => this.timing.monotonicMs() - startedMs;
    let isTelling = false;
    try {
      const both = AbortSignal.any([signal, deadline.signal]);
      const chunks = await this.client.stream(this.watched.type, this.watched, query, { signal: both, silenceMs });
      this.isOpen = true;
      this.opened++;
      this.up();
      if (this.isDoubtful) timers.push(this.timing.schedule(this.untilRelistMs(), () => this.listSoon()));
      for await (const events of watchEvents<T>(chunks)) {
        isTelling = true;
        this.apply(events);
        isTelling = false;
      }
    } catch (error) {
      if (signal.aborted) return this.isDoubtful ? 'verify' : 'watch';
      // A connection that breaks was good as long as it was open; whether the server can be read, the next step shows.
      if (!this.isOpen || isTelling || error instanceof SyntaxError) throw error;
    } finally {
      this.isOpen = false;
      for (const timer of timers) timer.cancel();
      if (livedMs() >= GOOD_LIFE_MS) this.backOff.reset();
    }
    if (livedMs() >= timeoutSeconds * 1_000 - 500) return 'watch';
    await pause(this.timing, this.backOff.next(), signal);
    return this.afterBreak();
  }

  private afterBreak(): Step {
    this.isDoubtful = true;
    return this.untilRelistMs() === 0 ? 'list' : 'verify';
  }

  private untilRelistMs(): number {
    const { relistMs = 300_000 } = this.options;
    return Math.max(0, this.listedAtMs + relistMs - this.timing.monotonicMs());
  }

  private apply(events: readonly WatchEvent<T>[]): void {
    const upserted = new Map<string, T>();
    const removed = new Map<string, T>();
    for (const { type, object } of events) {
      if (type === 'ERROR') throw watchFailure(object);
      this.version = object.metadata.resourceVersion ?? this.version;
      if (type === 'BOOKMARK') continue;
      const key = objectKey(object);
      const previous = this.known.get(key);
      if (type === 'DELETED') {
        if (!previous) continue;
        this.known.delete(key);
        upserted.delete(key);
        removed.set(key, previous);
      } else {
        if (previous && isSameState(previous, object)) continue;
        this.known.set(key, withoutManagedFields(object));
        removed.delete(key);
        upserted.set(key, object);
      }
    }
    if (upserted.size + removed.size === 0) return;
    this.listener?.changed({ upserted: [...upserted.values()], removed: [...removed.values()] });
  }

  private down({ message }: Error): void {
    const wasUp = this.failure === undefined;
    this.failure = message;
    if (wasUp) this.listener?.down(message);
    this.firstAnswer?.();
  }

  private up(): void {
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.listener?.up();
  }
}

function isSameState(a: KubernetesObject, b: KubernetesObject): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
}

/** Revisions are decimal numbers that grow. */
function isBefore(a: string, b: string): boolean {
  return b !== '' && BigInt(a) < BigInt(b);
}

/** An event `ERROR` carries a status in place of an object. */
function watchFailure(status: KubernetesObject): KubernetesError {
  const { code } = status as { code?: number };
  return KubernetesError.ofAnswer(code ?? 500, JSON.stringify(status));
}

function stopped(): KubernetesError {
  return new KubernetesError(0, 'Stopped', 'the watch has been stopped');
}

import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { Clock } from '@tigateway/model';
import type { WorkerPlaceFacts } from '@tigateway/observability';
import {
  type BreakerFacts,
  type ListeningAddress,
  MemoryBuckets,
  type PoolFacts,
  type ServiceFacts,
  TrafficPlane,
} from '@tigateway/proxy';
import type { WorkerConfiguration } from './worker-configuration.js';
import { type Said, WorkerLink } from './worker-link.js';
import type { BucketTake, BucketVerdict, WorkerFacts, WorkerSetup } from './worker-messages.js';
import type { WorkerServices } from './worker-services.js';
import { type WorkerSums } from './worker-sums.js';
import type { WorkerTraffic } from './worker-traffic.js';

const WORKER = fileURLToPath(new URL('../worker.js', import.meta.url));
/** How often each worker is asked how it is, in milliseconds. */
const ASK_MS = 250;
/** So many questions without an answer: it hangs. A process that was held up itself has asked no more than one meanwhile. */
const MAX_SILENT = 20;
/** What costs something to find out is asked for with every so many questions. */
const FACTS_EVERY = 20;
/** Whoever reads metrics waits so long for a worker, in milliseconds. */
const REFRESH_LIMIT_MS = 1_000;
/** To load its code, in milliseconds. */
const LOAD_LIMIT_MS = 60_000;
/** A worker that has served for so long has not ended because of how it began, in milliseconds. */
const STABLE_MS = 10_000;
const FIRST_BACK_OFF_MS = 250;
const MAX_BACK_OFF_MS = 30_000;
/** How long a client that keeps its connection to a worker that is replaced may still use it, in milliseconds. */
const LINGER_MS = 5_000;
/** Beyond the time that draining may take, in milliseconds. */
const END_LIMIT_MS = 5_000;

export interface WorkerPoolOptions {
  readonly count: number;
  readonly setup: WorkerSetup;
}

/** What the pool works with, each with a job of its own. */
export interface WorkerPoolParts {
  /** Those that have not ended. */
  readonly links: Set<WorkerLink>;
  readonly configuration: WorkerConfiguration;
  readonly services: WorkerServices;
  readonly traffic: WorkerTraffic;
  readonly sums: WorkerSums;
  readonly clock: Clock;
}

/** The place of one worker. */
interface Slot {
  readonly number: number;
  link: WorkerLink | undefined;
  /** Workers in a row that ended soon, or did not begin. */
  failures: number;
  isReplacing: boolean;
  cpuSecondsOfTheGone: number;
}

/** The processes that serve traffic: it starts them, watches over them, and replaces those that end. */
export class WorkerPool extends TrafficPlane {
  private readonly logger = new Logger('Workers');
  private readonly slots: Slot[];
  private readonly buckets: MemoryBuckets;
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private rolling: Promise<void> | undefined;
  private refreshing: Promise<void> | undefined;
  private lastAsked = 0;
  /** Workers that took the place of one that had ended by itself. */
  replacements = 0;

  constructor(
    private readonly options: WorkerPoolOptions,
    private readonly parts: WorkerPoolParts,
  ) {
    super();
    this.buckets = new MemoryBuckets(parts.clock);
    this.slots = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      link: undefined,
      failures: 0,
      isReplacing: false,
      cpuSecondsOfTheGone: 0,
    }));
  }

  override get inFlight(): number {
    return this.sum(({ live }) => live.inFlight);
  }

  override get openWebSockets(): number {
    return this.sum(({ live }) => live.openWebSockets);
  }

  override get isListening(): boolean {
    return this.slots.every(({ link }) => link?.isListening && link.state === 'serving');
  }

  override get services(): readonly ServiceFacts[] {
    return this.parts.sums.services(this.facts);
  }

  override get pools(): readonly PoolFacts[] {
    return this.facts.flatMap(({ pools }) => pools);
  }

  get breakers(): readonly BreakerFacts[] {
    return this.parts.sums.breakers(this.facts);
  }

  /** Those that have not ended, in the order of their places. */
  get links(): readonly WorkerLink[] {
    return [...this.parts.links].sort((a, b) => a.slot - b.slot || a.sinceMs - b.sinceMs);
  }

  /** @throws what kept a worker from starting: the system's error where the address or a certificate cannot be had */
  override async start(): Promise<ListeningAddress> {
    cluster.setupPrimary({ exec: WORKER, args: [], serialization: 'advanced' });
    this.timer = setInterval(() => this.askAll(), ASK_MS);
    try {
      const [first] = await Promise.all(this.slots.map((slot) => this.fill(slot)));
      return first as ListeningAddress;
    } catch (error) {
      this.stopping.abort();
      for (const link of this.parts.links) link.kill();
      clearInterval(this.timer);
      throw error;
    }
  }

  override async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(
      this.links.map((link) => (link.state === 'starting' ? this.end(link) : this.drain(link, { lingerMs: 0 }))),
    );
    clearInterval(this.timer);
  }

  /** Replaces the workers one after the other, each when the next one serves. Settles when all have been. */
  restart(): Promise<void> {
    this.rolling ??= this.replaceAll().finally(() => (this.rolling = undefined));
    return this.rolling;
  }

  /** Settles when all that serve have told what they know, or did not in time. */
  refresh(): Promise<void> {
    this.refreshing ??= Promise.all(this.links.map((link) => this.ask(link, { withFacts: true }))).then(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  /** What the workers take of the machine. */
  get places(): readonly WorkerPlaceFacts[] {
    return this.slots.map(({ number, cpuSecondsOfTheGone }) => {
      const known = this.links.flatMap(({ slot, facts }) => (slot === number && facts ? [facts] : []));
      return {
        worker: number,
        cpuSeconds: known.reduce((sum, each) => sum + each.cpuSeconds, cpuSecondsOfTheGone),
        residentBytes: known.reduce((sum, each) => sum + each.residentBytes, 0),
      };
    });
  }

  private get facts(): WorkerFacts[] {
    return this.links.flatMap(({ facts }) => facts ?? []);
  }

  private sum(value: (link: WorkerLink) => number): number {
    return this.links.reduce((sum, link) => sum + value(link), 0);
  }

  /** Has a worker serve in this place. @throws Error with what kept it from that */
  private async fill(slot: Slot): Promise<ListeningAddress> {
    const { links, configuration } = this.parts;
    const link = new WorkerLink(slot.number, cluster.fork(), (from, said) => this.hear(from, said));
    links.add(link);
    void link.ended.then(() => this.onEnd(link, slot));
    if (!(await link.next(['hello'], undefined, LOAD_LIMIT_MS))) throw await this.failed(link, 'it does not load');
    void link.say({ type: 'begin', setup: this.options.setup });
    const refusal = await configuration.join(link);
    if (refusal !== undefined) throw await this.failed(link, refusal);
    const answer = link.next(['listening']);
    if (link.state !== 'gone') link.state = 'serving';
    void link.say({ type: 'listen' });
    const listening = await answer;
    if (!listening) throw await this.failed(link, 'it does not listen');
    slot.link = link;
    return { address: listening.address, port: listening.port };
  }

  /** Ends a worker that cannot serve. @returns why, in its own words where it had any */
  private async failed(link: WorkerLink, why: string): Promise<Error> {
    const wasGone = link.state === 'gone';
    await this.end(link);
    const { failure } = link;
    if (failure) return Object.assign(new Error(failure.message), failure);
    return new Error(`worker ${link.slot}: ${wasGone ? `ended with ${link.ending} before it served` : why}`);
  }

  private async end(link: WorkerLink): Promise<void> {
    if (link.state !== 'gone') link.kill();
    await link.ended;
  }

  private onEnd(link: WorkerLink, slot: Slot): void {
    this.parts.links.delete(link);
    if (link.facts) {
      this.parts.sums.gone(link.facts);
      slot.cpuSecondsOfTheGone += link.facts.cpuSeconds;
    }
    if (slot.link !== link) return;
    slot.link = undefined;
    if (this.stopping.signal.aborted || link.hadOrder) return;
    this.logger.error(`worker ${slot.number} (${link.pid}) has ended with ${link.ending}`);
    slot.failures = Date.now() - link.sinceMs < STABLE_MS ? slot.failures + 1 : 0;
    if (!slot.isReplacing) void this.refill(slot);
  }

  /** Tries until a worker serves in this place, at ever longer intervals. */
  private async refill(slot: Slot): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const backOffMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (slot.failures - 1));
      if (slot.failures > 0) await delay(backOffMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.replacements++;
      try {
        await this.fill(slot);
        this.logger.log(`worker ${slot.number} serves again`);
        return;
      } catch (error) {
        slot.failures++;
        if (!signal.aborted) this.logger.error(`worker ${slot.number} did not begin: ${(error as Error).message}`);
      }
    }
  }

  private async replaceAll(): Promise<void> {
    for (const slot of this.slots) {
      const old = slot.link;
      // Where there is none, one that is as new is about to serve.
      if (!old || this.stopping.signal.aborted) continue;
      slot.isReplacing = true;
      try {
        await this.fill(slot);
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        throw new Error(`the workers stay from ${slot.number} on: ${(error as Error).message}`, { cause: error });
      } finally {
        slot.isReplacing = false;
        if (slot.link === undefined && !this.stopping.signal.aborted) void this.refill(slot);
      }
      await this.drain(old, { lingerMs: LINGER_MS });
      this.logger.log(`worker ${slot.number} (${old.pid}) has been replaced`);
    }
  }

  /** Lets a worker finish what it has begun, and ends it where that takes too long. */
  private async drain(link: WorkerLink, { lingerMs }: { readonly lingerMs: number }): Promise<void> {
    if (link.state === 'gone') return;
    link.state = 'draining';
    void link.say({ type: 'drain', lingerMs });
    const late = new AbortController();
    const limitMs = this.options.setup.dataPlane.drainTimeoutMs + END_LIMIT_MS;
    const limit = delay(limitMs, undefined, { signal: late.signal }).then(
      () => link.kill(),
      () => undefined,
    );
    await link.ended;
    late.abort();
    await limit;
  }

  private askAll(): void {
    for (const link of this.parts.links) {
      if (!link.hasBegun) continue;
      if (!link.isAsked) {
        void this.ask(link, { withFacts: link.asked % FACTS_EVERY === 0 });
      } else if (++link.silent === MAX_SILENT) {
        this.logger.error(
          `worker ${link.slot} (${link.pid}) has not answered for ${MAX_SILENT * ASK_MS} ms and is ended`,
        );
        link.kill();
      }
    }
  }

  private async ask(link: WorkerLink, { withFacts }: { readonly withFacts: boolean }): Promise<void> {
    if (link.state === 'gone' || !link.hasBegun) return;
    const id = ++this.lastAsked;
    link.isAsked = true;
    link.asked++;
    const answer = link.next(['report'], id, REFRESH_LIMIT_MS);
    void link.send({ type: 'ask', id, withFacts });
    await answer;
  }

  private hear(link: WorkerLink, said: Said): void {
    const { traffic, services } = this.parts;
    if ('counts' in said && said.counts) traffic.add(said.counts);
    else if (said.type === 'seek') services.seek(said.service, link);
    else if (said.type === 'take') {
      void link.send({ type: 'verdicts', verdicts: said.takes.map((take) => this.take(take)) });
    }
  }

  private take([id, bucket, settings]: BucketTake): BucketVerdict {
    const { isAllowed, remaining } = this.buckets.take(bucket, settings);
    return [id, isAllowed, remaining];
  }
}

import { Logger } from '@nestjs/common';
import {
  keyFromText,
  type PreparedElsewhere,
  type RunningConfigurations,
  type ServedChange,
  ServingProcesses,
} from '@tigateway/configuration';
import { type Change, forEachSliced, RouteCompileError } from '@tigateway/model';
import { ROUTING_GLOBAL_SETTINGS, type Snapshot } from '@tigateway/routing';
import { writtenChanges } from './change-text.js';
import type { WorkerLink } from './worker-link.js';
import type { CompileRefusal, ToWorker } from './worker-messages.js';
import type { WorkerServices } from './worker-services.js';
import type { WorkerTraffic } from './worker-traffic.js';

/** For a worker that answers otherwise: to compile a change, and to swap it in. In milliseconds. */
const PREPARE_LIMIT_MS = 120_000;
const SWAP_LIMIT_MS = 10_000;

/** The globals that routing obeys; others are nothing to a worker, and may hold secrets. */
const SERVED_GLOBALS: ReadonlySet<string> = new Set(ROUTING_GLOBAL_SETTINGS.map(({ configId }) => configId));

interface NumberedChange {
  readonly sequence: number;
  readonly changes: readonly Change[];
}

/** Keeps workers in step with what this process decides: all compile a change aside, then all put it in force. */
export class WorkerConfiguration extends ServingProcesses {
  private readonly logger = new Logger('Workers');
  private running: RunningConfigurations = [];
  /** Of what serves, and of the newest change. */
  private sequence = 0;
  private lastSequence = 0;
  /** What workers are compiling, or have compiled. */
  private underWay: NumberedChange | undefined;

  constructor(
    private readonly links: ReadonlySet<WorkerLink>,
    private readonly services: WorkerServices,
    private readonly traffic: WorkerTraffic,
  ) {
    super();
  }

  /** The change that serves. */
  get servingSequence(): number {
    return this.sequence;
  }

  override begin(running: RunningConfigurations): void {
    this.running = running;
  }

  override async prepare({ changes: all, snapshot, running }: ServedChange): Promise<PreparedElsewhere> {
    const changes = all.filter(isServed);
    if (changes.length === 0) {
      return {
        swap: () => {
          this.running = running;
          return Promise.resolve();
        },
        discard: () => undefined,
      };
    }
    const sequence = ++this.lastSequence;
    this.services.follow(await servicesOf(changes, snapshot));
    this.underWay = { sequence, changes };
    const refusal = await this.compileEverywhere(this.underWay);
    if (refusal) {
      this.discard(sequence);
      throw errorOf(refusal);
    }
    return { swap: () => this.swap(sequence, running), discard: () => this.discard(sequence) };
  }

  /**
   * Brings a new worker to what serves, and what is to serve next. It hears of every change from here on.
   * @returns why it cannot serve it; `undefined`: it can, or has ended
   */
  async join(link: WorkerLink): Promise<string | undefined> {
    const { sequence, running, underWay } = this;
    const answer = link.next(['prepared', 'refused'], sequence, PREPARE_LIMIT_MS);
    void link.say({ type: 'services', services: this.services.all() });
    link.isJoined = true;
    void link.inTurn(() => sendChanges(inOrder(link), { sequence, changes: upsertsOf(running) }));
    void link.say({ type: 'swap', sequence });
    if (underWay) void link.inTurn(() => sendChanges(inOrder(link), underWay));
    const said = await answer;
    if (said?.type === 'refused') return said.refusal.message;
    return said || link.state === 'gone' ? undefined : 'it did not compile what runs in time';
  }

  /** @returns why a worker that serves cannot; the others have compiled it */
  private async compileEverywhere(change: NumberedChange): Promise<CompileRefusal | undefined> {
    const joined = this.joined();
    const serving = joined.filter(({ state }) => state !== 'starting');
    const answers = serving.map((link) => link.next(['prepared', 'refused'], change.sequence, PREPARE_LIMIT_MS));
    for (const link of joined)
      if (link.state === 'starting') void link.inTurn(() => sendChanges(inOrder(link), change));
    if (serving.length > 0) {
      await sendChanges((message) => Promise.all(serving.map((link) => link.say(message))), change);
    }
    const said = await Promise.all(answers);
    await this.endSilent(serving.filter((_, at) => said[at] === undefined));
    const at = said.findIndex((each) => each?.type === 'refused');
    const refused = said[at];
    if (refused?.type !== 'refused') return undefined;
    const { refusal } = refused;
    this.logger.error(`the worker ${serving[at]?.pid} refuses what compiles here: ${refusal.message}`);
    return refusal;
  }

  private async swap(sequence: number, running: RunningConfigurations): Promise<void> {
    const joined = this.joined();
    const serving = joined.filter(({ state }) => state !== 'starting');
    const answers = serving.map((link) => link.next(['swapped'], sequence, SWAP_LIMIT_MS));
    for (const link of joined) void link.say({ type: 'swap', sequence });
    // Whoever joins from here on begins with it.
    this.sequence = sequence;
    this.running = running;
    this.underWay = undefined;
    this.traffic.expect(sequence);
    const said = await Promise.all(answers);
    await this.endSilent(serving.filter((_, at) => said[at] === undefined));
  }

  private discard(sequence: number): void {
    this.underWay = undefined;
    for (const link of this.joined()) void link.say({ type: 'discard', sequence });
  }

  /** Who says nothing must not serve what is no longer in force. */
  private async endSilent(links: readonly WorkerLink[]): Promise<void> {
    const silent = links.filter(({ state }) => state !== 'gone');
    for (const link of silent) {
      this.logger.error(`the worker ${link.pid} does not answer to a change and is ended`);
      link.kill();
    }
    await Promise.all(silent.map(({ ended }) => ended));
  }

  private joined(): WorkerLink[] {
    return [...this.links].filter(({ isJoined, state }) => isJoined && state !== 'gone');
  }
}

/** Each part is written once, for however many workers, and said when the one before it is on its way. */
async function sendChanges(
  say: (message: ToWorker) => Promise<unknown>,
  { sequence, changes }: { readonly sequence: number; readonly changes: Iterable<Change> },
): Promise<void> {
  for await (const { part, isLast } of writtenChanges(changes)) await say({ type: 'changes', sequence, part, isLast });
}

/** It is this work's turn already. */
function inOrder(link: WorkerLink): (message: ToWorker) => Promise<void> {
  return (message) => link.send(message);
}

function* upsertsOf(running: RunningConfigurations): Generator<Change> {
  for (const [text, next] of running) {
    const change: Change = { op: 'upsert', ...keyFromText(text), next };
    if (isServed(change)) yield change;
  }
}

function isServed({ configType, configId }: Change): boolean {
  return configType !== 'global' || SERVED_GLOBALS.has(configId);
}

async function servicesOf(changes: readonly Change[], { routes }: Snapshot): Promise<Set<string>> {
  const services = new Set<string>();
  await forEachSliced(changes, ({ configType, configId }) => {
    const uri = configType === 'route' ? routes.get(configId)?.uri : undefined;
    if (uri?.kind === 'balanced') services.add(uri.service);
  });
  return services;
}

function errorOf({ of, message }: CompileRefusal): Error {
  return of ? new RouteCompileError(of.id, of.problems, of.configType) : new Error(`a worker: ${message}`);
}

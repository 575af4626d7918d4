import { Logger } from '@nestjs/common';
import { type Change, RouteCompileError } from '@tigateway/model';
import type { Snapshot } from '@tigateway/routing';
import { JsonLogger } from '../logging/json-logger.js';
import { terminalStream } from '../logging/terminal-stream.js';
import { readChanges } from './change-text.js';
import { ControlBuckets } from './control-buckets.js';
import { ToldServiceInstances } from './told-service-instances.js';
import { workerDataPlane, type WorkerDataPlane } from './worker-data-plane.js';
import type {
  CompileRefusal,
  FromWorker,
  StartFailure,
  ToWorker,
  WorkerReport,
  WorkerSetup,
} from './worker-messages.js';

/** Nobody has asked for it. */
const LAST_REPORT = -1;

/** The process's side of the channel. */
export type Channel = Pick<NodeJS.Process, 'on' | 'send' | 'exit'>;

/** A process that serves traffic by what the control process decides, and ends when that does. */
export class WorkerProcess {
  private readonly services = new ToldServiceInstances((service) => this.say({ type: 'seek', service }));
  private readonly buckets = new ControlBuckets((takes) => this.say({ type: 'take', takes }));
  private dataPlane: WorkerDataPlane | undefined;
  /** Of the change that is coming in. */
  private incoming: Change[] = [];
  private prepared: { readonly sequence: number; readonly snapshot: Snapshot } | undefined;
  private sequence = 0;
  /** What has to happen in the order in which it was said. */
  private turn: Promise<void> = Promise.resolve();

  private constructor(private readonly channel: Channel) {}

  static run(channel: Channel): void {
    const worker = new WorkerProcess(channel);
    channel.on('message', (message: ToWorker) => worker.hear(message));
    worker.say({ type: 'hello' });
  }

  private hear(message: ToWorker): void {
    switch (message.type) {
      case 'ask':
        return this.say({ type: 'report', id: message.id, ...this.report(message.withFacts) });
      case 'verdicts':
        return this.buckets.answered(message.verdicts);
      case 'services':
        return this.services.tell(message.services);
      case 'drain':
        this.drain(message.lingerMs).catch((error: unknown) => this.fail(error));
        return;
      default:
        this.turn = this.turn.then(() => this.obey(message)).catch((error: unknown) => this.fail(error));
    }
  }

  private obey(message: ToWorker): Promise<void> | void {
    switch (message.type) {
      case 'begin':
        return this.begin(message.setup);
      case 'changes':
        return this.change(message.sequence, message.part, message.isLast);
      case 'swap':
        return this.swap(message.sequence);
      case 'discard':
        this.prepared = undefined;
        return;
      case 'listen':
        return this.listen();
      default:
        throw new Error(`the control process said "${message.type}" out of turn`);
    }
  }

  private async begin(setup: WorkerSetup): Promise<void> {
    const terminal = process.stdout.isTTY ? terminalStream(process.stdout) : undefined;
    Logger.overrideLogger(new JsonLogger(setup.logLevel, terminal));
    const { services, buckets } = this;
    this.dataPlane = await workerDataPlane(setup, { services, buckets });
  }

  private async change(sequence: number, part: string, isLast: boolean): Promise<void> {
    for (const change of readChanges(part)) this.incoming.push(change);
    if (!isLast) return;
    const { routes, compiler } = this.running;
    const changes = this.incoming;
    this.incoming = [];
    try {
      this.prepared = { sequence, snapshot: await compiler.compile(routes.current, { changes }) };
      this.say({ type: 'prepared', sequence });
    } catch (error) {
      this.say({ type: 'refused', sequence, refusal: refusalOf(error) });
    }
  }

  private swap(sequence: number): void {
    const { prepared } = this;
    if (prepared?.sequence !== sequence) throw new Error(`change ${sequence} is to serve and was not compiled`);
    const { counts, routes } = this.running;
    const until = counts.take(this.sequence);
    routes.swap(prepared.snapshot);
    this.sequence = sequence;
    this.prepared = undefined;
    this.say({ type: 'swapped', sequence, counts: until });
  }

  private async listen(): Promise<void> {
    const { address, port } = await this.running.plane.start();
    this.say({ type: 'listening', address, port });
  }

  private report(withFacts: boolean): WorkerReport {
    const { dataPlane } = this;
    if (dataPlane === undefined) return {};
    const { plane, counts } = dataPlane;
    const { inFlight, openWebSockets } = plane;
    return {
      counts: counts.take(this.sequence),
      live: { inFlight, openWebSockets },
      ...(withFacts && { facts: dataPlane.facts() }),
    };
  }

  /** The last word is what has been counted and what is known at the end. */
  private async drain(lingerMs: number): Promise<void> {
    const { running } = this;
    await running.plane.stop(undefined, lingerMs);
    await running.close();
    this.say({ type: 'report', id: LAST_REPORT, ...this.report(true) }, () => this.channel.exit(0));
  }

  private fail(error: unknown): void {
    this.say({ type: 'failed', failure: failureOf(error) }, () => this.channel.exit(1));
  }

  private get running(): WorkerDataPlane {
    if (this.dataPlane === undefined) throw new Error('the control process has not said what to begin with');
    return this.dataPlane;
  }

  /** @param done called when it is on its way */
  private say(message: FromWorker, done?: () => void): void {
    if (done) this.channel.send?.(message, done);
    else this.channel.send?.(message);
  }
}

function refusalOf(error: unknown): CompileRefusal {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof RouteCompileError)) return { of: undefined, message };
  const { configType, routeId: id, problems } = error;
  return { of: { configType, id, problems }, message };
}

/** The fields by which the cause of a failed start is told. */
function failureOf(error: unknown): StartFailure {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code, syscall, address, port } = error as Error & Partial<StartFailure>;
  return {
    message,
    ...(code !== undefined && { code }),
    ...(syscall !== undefined && { syscall }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
  };
}

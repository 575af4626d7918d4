import type { Worker } from 'node:cluster';
import { once } from 'node:events';
import type { FromWorker, LiveFacts, ToWorker, WorkerFacts } from './worker-messages.js';

/** How a worker stands. */
export type WorkerState =
  /** It loads its code, and then what runs. */
  | 'starting'
  /** It takes connections, or has been told to: a change counts as in force once it is in force there. */
  | 'serving'
  /** It takes no more, and ends when its requests have. */
  | 'draining'
  | 'gone';

/** What a worker says, once each: the answer to something that it was told. */
type Answer = Extract<FromWorker, { type: 'hello' | 'prepared' | 'refused' | 'swapped' | 'listening' | 'report' }>;
export type Said = Exclude<FromWorker, { type: 'failed' | 'hello' }>;

const NOTHING: LiveFacts = { inFlight: 0, openWebSockets: 0 };

/** One worker as the control process knows it. */
export class WorkerLink {
  state: WorkerState = 'starting';
  readonly sinceMs = Date.now();
  /** What runs there. */
  sequence = -1;
  /** It has been told what runs, and hears of every change from then on. */
  isJoined = false;
  isListening = false;
  live: LiveFacts = NOTHING;
  facts: WorkerFacts | undefined;
  /** Why it could not start, in its own words. */
  failure: Extract<FromWorker, { type: 'failed' }>['failure'] | undefined;
  /** Times in a row that it was asked how it is and did not answer. */
  silent = 0;
  isAsked = false;
  asked = 0;
  /** It ended because it was told to. */
  hadOrder = false;
  /** It has loaded its code: from here on it has to answer. */
  hasBegun = false;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;
  private readonly waiting = new Map<string, (answer: Answer | undefined) => void>();
  private readonly unsent = new Set<() => void>();
  private turn: Promise<void> = Promise.resolve();

  /**
   * @param slot its number, kept by the one that takes its place
   * @param hear told of everything that it says, before whoever waits for it
   */
  constructor(
    readonly slot: number,
    private readonly worker: Worker,
    private readonly hear: (link: WorkerLink, said: Said) => void,
  ) {
    worker.on('message', (message: FromWorker) => this.onMessage(message));
    // A channel that breaks is noticed by the end of the process.
    worker.on('error', () => undefined);
    // What it said last is read before its channel ends, and that may be after the process has.
    this.ended = Promise.all([once(worker, 'exit'), once(worker, 'disconnect')]).then(() => undefined);
    void this.ended.then(() => this.onEnd());
  }

  get pid(): number {
    return this.worker.process.pid ?? 0;
  }

  /** How the process ended, in words. */
  get ending(): string {
    const { exitCode, signalCode } = this.worker.process;
    return this.failure?.message ?? (signalCode ? `signal ${signalCode}` : `code ${exitCode}`);
  }

  /** Says something after all that was to be said before it. Settles when it is on its way, or nobody is there to hear it. */
  say(message: ToWorker): Promise<void> {
    return this.inTurn(() => this.send(message));
  }

  /** As `say`, for something that is said in parts. */
  inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work);
    return this.turn;
  }

  /** Says something ahead of all that waits to be said. Settles as `say` does. */
  send(message: ToWorker): Promise<void> {
    return new Promise((resolve) => {
      if (this.state === 'gone' || !this.worker.isConnected()) return resolve();
      const done = (): void => {
        this.unsent.delete(done);
        resolve();
      };
      this.unsent.add(done);
      this.worker.send(message, done);
    });
  }

  /**
   * The next answer of one of these types. One waits for each at a time.
   * @param to the change or the question that it answers
   * @returns `undefined`: it ended, or `limitMs` was over
   */
  next<Type extends Answer['type']>(
    types: readonly Type[],
    to?: number,
    limitMs?: number,
  ): Promise<Extract<Answer, { type: Type }> | undefined> {
    return new Promise((resolve) => {
      if (this.state === 'gone') return resolve(undefined);
      const keys = types.map((type) => keyOf(type, to));
      const settle = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        for (const key of keys) if (this.waiting.get(key) === settle) this.waiting.delete(key);
        resolve(answer as Extract<Answer, { type: Type }> | undefined);
      };
      const timer = limitMs === undefined ? undefined : setTimeout(settle, limitMs, undefined);
      for (const key of keys) this.waiting.set(key, settle);
    });
  }

  kill(): void {
    this.worker.process.kill('SIGKILL');
  }

  private onMessage(message: FromWorker): void {
    this.silent = 0;
    if (message.type === 'failed') {
      this.failure = message.failure;
      return;
    }
    if (message.type === 'hello') this.hasBegun = true;
    else this.note(message);
    if (message.type === 'take' || message.type === 'seek') return;
    const to = 'sequence' in message ? message.sequence : 'id' in message ? message.id : undefined;
    this.waiting.get(keyOf(message.type, to))?.(message);
  }

  private note(message: Said): void {
    if (message.type === 'report') {
      this.isAsked = false;
      if (message.live) this.live = message.live;
      if (message.facts) this.facts = message.facts;
    } else if (message.type === 'swapped') this.sequence = message.sequence;
    else if (message.type === 'listening') this.isListening = true;
    this.hear(this, message);
  }

  private onEnd(): void {
    this.hadOrder = this.state === 'draining';
    this.state = 'gone';
    this.isListening = false;
    this.live = NOTHING;
    for (const settle of [...this.waiting.values()]) settle(undefined);
    for (const done of [...this.unsent]) done();
  }
}

function keyOf(type: string, to: number | undefined): string {
  return to === undefined ? type : `${type} ${to}`;
}

import { setImmediate } from 'node:timers/promises';
import type { KubernetesClient } from './kubernetes-client.js';
import { KubernetesError } from './kubernetes-error.js';
import type { ResourceType } from './resources.js';
import type { Timing } from './timing.js';

type Scheduled = ReturnType<Timing['schedule']>;

/** What the status of an object shall be. */
export interface StatusWish {
  readonly type: ResourceType;
  readonly name: string;
  readonly namespace?: string;
  /** Of the object that this is about: another one of its name is left alone. */
  readonly uid?: string;
  /** That the status was made for: where it is another by now it is not written, and the watch brings the key up again. */
  readonly resourceVersion?: string;
  readonly status: Readonly<Record<string, unknown>>;
  /** Equal marks mean equal statuses; what only says when (transition times) does not count. */
  readonly mark: string;
  /** What is known of the object says all of this already. */
  readonly isWritten: boolean;
  /** `apply` (the default) leaves to others what is not in `status`; `merge` replaces lists whole. */
  readonly as?: 'apply' | 'merge';
}

/** Whoever knows what statuses shall be. */
export interface StatusWishes {
  /** All objects that may have a status to be written. */
  keys(): Iterable<string>;
  /** `undefined`: nothing is to be said of it (any more), or not yet. */
  wish(key: string): StatusWish | undefined;
}

/** Who may write: one replica of several. */
export interface Leadership {
  readonly isLeader: boolean;
  onChange(listener: (isLeader: boolean) => void): () => void;
}

export interface StatusWriterOptions {
  /** As which the fields of the status are owned. */
  readonly fieldManager: string;
  /** Told once when writing begins to fail, not for each. */
  readonly failed: (reason: string) => void;
}

/** Requests under way at once, and the pause of each of these after one, in milliseconds: some 300 a second at most. */
const WORKERS = 4;
const PAUSE_MS = 10;
/** Wait after a failure, in milliseconds; doubled for each further one. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** Keys looked at in one go. */
const LOOK_AT_ONCE = 64;

/**
 * Writes the statuses of objects: by the leader alone, a few at a time, and only what is different from what was written or read.
 * What a status shall be is asked at its turn, so whatever happened in between counts. Where two disagree about one object, each
 * writes when its own view changes, and never because of what the other wrote.
 */
export class StatusWriter {
  private readonly queue = new Set<string>();
  /** Marks of what was written or found, by key. */
  private readonly known = new Map<string, string>();
  private readonly unsubscribe: () => void;
  private readonly workers = new Set<Promise<void>>();
  private readonly pauses = new Map<Scheduled, () => void>();
  private retryMs = FIRST_RETRY_MS;
  private retry: Scheduled | undefined;
  private isStopped = false;

  constructor(
    private readonly client: Pick<KubernetesClient, 'patch'>,
    private readonly leadership: Leadership,
    private readonly wishes: StatusWishes,
    private readonly timing: Timing,
    private readonly options: StatusWriterOptions,
  ) {
    this.unsubscribe = leadership.onChange((isLeader) => {
      // What others wrote meanwhile is found by reading.
      this.known.clear();
      if (isLeader) this.want(this.wishes.keys());
      else this.queue.clear();
    });
  }

  /** These may have to be written anew. */
  want(keys: Iterable<string>): void {
    if (this.isStopped || !this.leadership.isLeader) return;
    for (const key of keys) this.queue.add(key);
    if (!this.retry) this.work();
  }

  /** What is under way is finished; nothing more is written. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.unsubscribe();
    this.queue.clear();
    this.retry?.cancel();
    for (const [pause, end] of this.pauses) {
      pause.cancel();
      end();
    }
    await Promise.all(this.workers);
  }

  private work(): void {
    if (!this.leadership.isLeader) this.queue.clear();
    while (this.workers.size < WORKERS && this.queue.size > 0) {
      const worker = this.writeQueued().finally(() => {
        this.workers.delete(worker);
        if (this.queue.size > 0 && !this.retry) this.work();
      });
      this.workers.add(worker);
    }
  }

  private async writeQueued(): Promise<void> {
    let looked = 0;
    for (let key = this.next(); key !== undefined; key = this.next()) {
      if (++looked % LOOK_AT_ONCE === 0) await setImmediate();
      const wish = this.wishes.wish(key);
      if (!wish) this.known.delete(key);
      if (!wish || this.isKnown(key, wish)) continue;
      if (!(await this.write(key, wish))) return;
      await this.pause();
      looked = 0;
    }
  }

  private next(): string | undefined {
    if (this.retry || !this.leadership.isLeader) return undefined;
    const [key] = this.queue;
    if (key !== undefined) this.queue.delete(key);
    return key;
  }

  private isKnown(key: string, { mark, isWritten }: StatusWish): boolean {
    const known = this.known.get(key);
    if (known === undefined && isWritten) this.known.set(key, mark);
    return known === mark || (known === undefined && isWritten);
  }

  /** @returns whether there is a point in going on */
  private async write(key: string, wish: StatusWish): Promise<boolean> {
    const { type, name, namespace, uid, resourceVersion, status, mark, as = 'apply' } = wish;
    const scope = namespace !== undefined && { namespace };
    const expected = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
    const metadata = { name, ...scope, ...expected };
    const body = { metadata, status };
    const { fieldManager } = this.options;
    try {
      await this.client.patch(type, { name, ...scope, subresource: 'status', body, as, fieldManager });
      this.known.set(key, mark);
      this.retryMs = FIRST_RETRY_MS;
      return true;
    } catch (error) {
      // Gone, changed, or another one of its name: whoever watches will say.
      if (error instanceof KubernetesError && (error.status === 404 || error.status === 409)) return true;
      this.fail(key, (error as Error).message);
      return false;
    }
  }

  private fail(key: string, reason: string): void {
    if (this.isStopped) return;
    this.queue.add(key);
    if (this.retry) return;
    if (this.retryMs === FIRST_RETRY_MS) this.options.failed(reason);
    this.retry = this.timing.schedule(this.retryMs, () => {
      this.retry = undefined;
      this.work();
    });
    this.retryMs = Math.min(this.retryMs * 2, MAX_RETRY_MS);
  }

  private pause(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((end) => {
      const pause = this.timing.schedule(PAUSE_MS, () => {
        this.pauses.delete(pause);
        end();
      });
      this.pauses.set(pause, end);
    });
  }
}

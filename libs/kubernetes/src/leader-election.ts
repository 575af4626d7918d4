import { randomBytes } from 'node:crypto';
import { BackOff } from './back-off.js';
import type { KubernetesClient } from './kubernetes-client.js';
import { KubernetesError } from './kubernetes-error.js';
import type { KubernetesObject } from './kubernetes-object.js';
import { LEASES } from './resources.js';
import { pause, SYSTEM_TIMING, type Timing } from './timing.js';

export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    /** RFC 3339 with microseconds. */
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface LeaderElectionOptions {
  /** Of the Lease, which lies in the client's namespace. */
  readonly name: string;
  /** Of this candidate; a suffix makes it unlike that of any other process. */
  readonly identity: string;
  /** Silence of the holder, in milliseconds, after which another takes over; whole seconds are written, rounded up. */
  readonly durationMs: number;
  readonly renewIntervalMs: number;
  /** Between two looks of who is not the holder, and between two attempts of a holder that could not renew, in milliseconds. */
  readonly retryIntervalMs: number;
  readonly timing?: Timing;
  /** Why the Lease could not be read or written; said once until it could again. */
  readonly onProblem?: (error: Error) => void;
}

/**
 * At most one of all candidates is the leader: who holds the Lease and renewed it in time. The holder counts from before it wrote, the
 * others from after they read, and the holder gives up one retry interval before the end, so that clocks need not agree on the time
 * and hardly on its pace.
 */
export class LeaderElection {
  private readonly me: string;
  private readonly timing: Timing;
  private readonly stopping = new AbortController();
  private readonly listeners = new Set<(isLeader: boolean) => void>();
  private running: Promise<void> | undefined;
  /** What was last read or written, and when it was seen for the first time, on the monotonic scale. */
  private observed: { readonly lease: Lease; readonly atMs: number } | undefined;
  /** On the monotonic scale; before it this one leads. */
  private leadsUntilMs = Number.NEGATIVE_INFINITY;
  private end: { cancel(): void } | undefined;
  private saidLeader = false;
  private saidProblem = false;

  constructor(
    private readonly client: KubernetesClient,
    private readonly options: LeaderElectionOptions,
  ) {
    this.timing = options.timing ?? SYSTEM_TIMING;
    this.me = `${options.identity}_${randomBytes(4).toString('hex')}`;
  }

  /** Asked anew each time: a process that was stopped for too long finds that it leads no more. */
  get isLeader(): boolean {
    return this.timing.monotonicMs() < this.leadsUntilMs;
  }

  /** The identity of who held the Lease when it was last looked at; `undefined` where nobody did. */
  get holder(): string | undefined {
    return this.observed?.lease.spec?.holderIdentity?.replace(/_[0-9a-f]{8}$/, '') || undefined;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Gives the Lease back, so that another takes over at its next look. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    if (this.isLeader) await this.release();
    this.lead(Number.NEGATIVE_INFINITY);
  }

  /** @returns what takes the listener away */
  onChange(listener: (isLeader: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async run(): Promise<void> {
    const { renewIntervalMs, retryIntervalMs } = this.options;
    const retry = new BackOff({ firstMs: retryIntervalMs, maxMs: retryIntervalMs });
    while (!this.stopping.signal.aborted) {
      const isDone = await this.attempt();
      await pause(this.timing, isDone && this.isLeader ? renewIntervalMs : retry.next(), this.stopping.signal);
    }
  }

  /** @returns whether the Lease could be read and, where it was ours to write, written */
  private async attempt(): Promise<boolean> {
    try {
      await this.acquireOrRenew();
      this.saidProblem = false;
      return true;
    } catch (error) {
      // Another candidate was faster: who it was is seen at the next look.
      if (error instanceof KubernetesError && error.status === 409) return true;
      if (!this.saidProblem && !this.stopping.signal.aborted) this.options.onProblem?.(error as Error);
      this.saidProblem = true;
      return false;
    }
  }

  private async acquireOrRenew(): Promise<void> {
    const { name, durationMs, retryIntervalMs } = this.options;
    const call = { timeoutMs: Math.max(retryIntervalMs, Math.ceil(durationMs / 3)) };
    const { signal } = this.stopping;
    const found = await this.client.get<Lease>(LEASES, name, this.client.namespace, { ...call, signal });
    this.observe(found);
    if (found && !this.mayTake(found)) {
      this.lead(Number.NEGATIVE_INFINITY);
      return;
    }
    const startedMs = this.timing.monotonicMs();
    const wanted = this.leaseOver(found);
    const written = await (found
      ? this.client.replace<Lease>(LEASES, wanted, call)
      : this.client.create<Lease>(LEASES, wanted, call));
    this.observe(written);
    if (!this.stopping.signal.aborted) this.lead(startedMs + durationMs - retryIntervalMs);
  }

  private observe(lease: Lease | undefined): void {
    if (!lease) {
      this.observed = undefined;
    } else if (this.observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      this.observed = { lease, atMs: this.timing.monotonicMs() };
    }
  }

  private mayTake({ spec = {} }: Lease): boolean {
    if (!spec.holderIdentity || spec.holderIdentity === this.me) return true;
    const durationMs = spec.leaseDurationSeconds ? spec.leaseDurationSeconds * 1_000 : this.options.durationMs;
    return this.timing.monotonicMs() >= (this.observed?.atMs ?? Number.POSITIVE_INFINITY) + durationMs;
  }

  private leaseOver(found: Lease | undefined): Lease {
    const now = microTime(this.timing.now());
    const isMine = found?.spec?.holderIdentity === this.me;
    const transitions = found?.spec?.leaseTransitions ?? 0;
    return {
      metadata: found?.metadata ?? { name: this.options.name, namespace: this.client.namespace },
      spec: {
        ...found?.spec,
        holderIdentity: this.me,
        leaseDurationSeconds: Math.ceil(this.options.durationMs / 1_000),
        acquireTime: isMine ? found.spec?.acquireTime : now,
        renewTime: now,
        leaseTransitions: found && !isMine ? transitions + 1 : transitions,
      },
    };
  }

  private lead(untilMs: number): void {
    this.leadsUntilMs = untilMs;
    this.end?.cancel();
    this.end = undefined;
    if (this.isLeader) {
      this.end = this.timing.schedule(untilMs - this.timing.monotonicMs(), () => this.lead(Number.NEGATIVE_INFINITY));
    }
    if (this.isLeader === this.saidLeader) return;
    this.saidLeader = this.isLeader;
    for (const listener of [...this.listeners]) listener(this.saidLeader);
  }

  private async release(): Promise<void> {
    const lease = this.observed?.lease;
    if (!lease) return;
    // Before it is given away nobody else may hold it, and afterwards not this one.
    this.lead(Number.NEGATIVE_INFINITY);
    const spec = {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: microTime(this.timing.now()),
    };
    // Where it cannot be given back, it runs out.
    await this.client.replace<Lease>(LEASES, { ...lease, spec }, { timeoutMs: 2_000 }).catch(() => undefined);
  }
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

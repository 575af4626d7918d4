import { Logger } from '@nestjs/common';
import type { Clock, Scheduled } from '@tigateway/model';
import {
  type KubernetesClient,
  type KubernetesError,
  type KubernetesObject,
  type LeaderElection,
  LEASES,
  ResourceWatch,
} from '@tigateway/kubernetes';
import { Replicas, type ReplicaStatus } from './replicas.js';

/** What a process says of itself. */
export interface ReplicaState {
  readonly sequence: number;
  readonly revision: number;
  readonly hash: string;
}

export interface ClusterReplicasOptions {
  readonly gateway: string;
  readonly identity: string;
  /** A process that was not heard of for so long is lost. */
  readonly durationMs: number;
  readonly renewMs: number;
}

export interface ClusterReplicasPorts {
  readonly client: KubernetesClient;
  readonly election: LeaderElection;
  readonly clock: Clock;
  readonly state: () => ReplicaState;
}

interface ReplicaLease extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
  };
}

interface Peer {
  readonly identity: string;
  readonly state: ReplicaState;
  readonly renewTime: string;
  /** When its Lease last changed, on this process's monotonic scale: clocks of machines differ. */
  readonly seenMs: number;
}

/** Progress is told at most this often, in milliseconds. */
const PROGRESS_MS = 100;
/** The Lease of a process that was lost for this many durations is deleted by whoever leads. */
const FORGET_DURATIONS = 40;
const SEQUENCE = 'tigateway.cn/sequence';
const REVISION = 'tigateway.cn/revision';
const HASH = 'tigateway.cn/hash';

/** Each process has a small Lease, renewed as a sign of life, that says how far it has come. */
export class ClusterReplicas extends Replicas {
  private readonly logger = new Logger('Replicas');
  private readonly watch: ResourceWatch<ReplicaLease>;
  private readonly peers = new Map<string, Peer>();
  private readonly waiting = new Set<() => void>();
  private beat: Scheduled | undefined;
  private isDue = false;
  private lastBeatMs = Number.NEGATIVE_INFINITY;
  private beating: Promise<void> = Promise.resolve();
  private isStopped = false;
  private isSilent = false;

  constructor(
    private readonly options: ClusterReplicasOptions,
    private readonly ports: ClusterReplicasPorts,
  ) {
    super();
    const { client } = ports;
    const labelSelector = `app=tigateway,component=replica,gateway=${options.gateway}`;
    this.watch = new ResourceWatch<ReplicaLease>(client, { type: LEASES, namespace: client.namespace, labelSelector });
  }

  async start(): Promise<void> {
    await this.watch.start({
      synced: () => undefined,
      changed: ({ upserted, removed }) => {
        for (const lease of removed) this.peers.delete(lease.metadata.name);
        for (const lease of upserted) this.saw(lease);
        for (const wake of this.waiting) wake();
      },
      down: () => undefined,
      up: () => undefined,
    });
    await this.sendBeat();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.beat?.cancel();
    await this.beating;
    await this.watch.stop();
    const { client } = this.ports;
    await client.delete(LEASES, { name: this.name, namespace: client.namespace }).catch(() => undefined);
  }

  /** Something has come into force here. */
  progressed(): void {
    if (this.isDue || this.isStopped) return;
    this.isDue = true;
    this.beat?.cancel();
    const sinceMs = this.ports.clock.monotonicMs() - this.lastBeatMs;
    this.beat = this.ports.clock.schedule(Math.max(0, PROGRESS_MS - sinceMs), () => void this.sendBeat());
  }

  /** Identities, in order. */
  get liveOthers(): readonly string[] {
    return [...this.peers.values()]
      .filter((peer) => peer.identity !== this.options.identity && this.isLive(peer))
      .map(({ identity }) => identity)
      .sort();
  }

  override list(): readonly ReplicaStatus[] {
    const { election, state } = this.ports;
    const { identity: own } = this.options;
    const now = state();
    const others = [...this.peers.values()].filter(({ identity }) => identity !== own);
    return [
      this.shown({ identity: own, state: now, renewTime: '', seenMs: this.ports.clock.monotonicMs() }, now),
      ...others.map((peer) => this.shown(peer, now)),
    ]
      .map((status) => ({ ...status, isLeader: status.identity === election.holder }))
      .sort((a, b) => (a.identity < b.identity ? -1 : 1));
  }

  override async untilApplied(timeoutMs: number): Promise<readonly string[]> {
    const { clock, state } = this.ports;
    const { sequence } = state();
    const untilMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const lagging = [...this.peers.values()]
        .filter(
          (peer) => peer.identity !== this.options.identity && this.isLive(peer) && peer.state.sequence < sequence,
        )
        .map(({ identity }) => identity);
      const leftMs = untilMs - clock.monotonicMs();
      if (lagging.length === 0 || leftMs <= 0 || this.isStopped) return lagging;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.waiting.delete(wake);
          timer.cancel();
          resolve();
        };
        const timer = clock.schedule(Math.min(leftMs, this.options.renewMs), wake);
        this.waiting.add(wake);
      });
    }
  }

  private get name(): string {
    return `tigateway-${this.options.gateway}-${this.options.identity}`;
  }

  private saw({ metadata, spec = {} }: ReplicaLease): void {
    const { name, annotations = {} } = metadata;
    const known = this.peers.get(name);
    const renewTime = spec.renewTime ?? '';
    const state = {
      sequence: Number(annotations[SEQUENCE] ?? 0),
      revision: Number(annotations[REVISION] ?? 0),
      hash: annotations[HASH] ?? '',
    };
    const isBeat = known?.renewTime !== renewTime;
    const seenMs = isBeat ? this.ports.clock.monotonicMs() : known.seenMs;
    this.peers.set(name, { identity: spec.holderIdentity ?? name, state, renewTime, seenMs });
  }

  private isLive({ seenMs }: Peer): boolean {
    return this.ports.clock.monotonicMs() - seenMs <= this.options.durationMs;
  }

  private shown(peer: Peer, own: ReplicaState): Omit<ReplicaStatus, 'isLeader'> {
    const { identity, state, seenMs } = peer;
    const { clock } = this.ports;
    const behind = own.sequence - state.sequence;
    return {
      identity,
      isSelf: identity === this.options.identity,
      state: !this.isLive(peer) ? 'lost' : behind > 0 ? 'lagging' : behind < 0 ? 'ahead' : 'current',
      ...state,
      seenAt: new Date(clock.now() - (clock.monotonicMs() - seenMs)).toISOString(),
    };
  }

  private sendBeat(): Promise<void> {
    this.beating = this.beating.then(async () => {
      if (this.isStopped) return;
      const { clock } = this.ports;
      this.isDue = false;
      this.lastBeatMs = clock.monotonicMs();
      try {
        await this.writeLease();
        this.isSilent = false;
      } catch (error) {
        if (!this.isSilent) this.logger.warn(`the others cannot be told of this process: ${(error as Error).message}`);
        this.isSilent = true;
      }
      if (this.isStopped || this.isDue) return;
      this.beat = clock.schedule(this.options.renewMs, () => void this.sendBeat());
      if (this.ports.election.isLeader) this.forgetLost();
    });
    return this.beating;
  }

  private async writeLease(): Promise<void> {
    const { client, clock, state } = this.ports;
    const { gateway, identity, durationMs } = this.options;
    const { sequence, revision, hash } = state();
    const lease: ReplicaLease = {
      metadata: {
        name: this.name,
        namespace: client.namespace,
        labels: { app: 'tigateway', component: 'replica', gateway },
        annotations: { [SEQUENCE]: String(sequence), [REVISION]: String(revision), [HASH]: hash },
      },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(durationMs / 1_000),
        renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
      },
    };
    try {
      await client.patch(LEASES, { name: this.name, namespace: client.namespace, body: lease, as: 'merge' });
    } catch (error) {
      if ((error as KubernetesError).status !== 404) throw error;
      await client.create(LEASES, lease);
    }
  }

  private forgetLost(): void {
    const { client, clock } = this.ports;
    const limitMs = clock.monotonicMs() - FORGET_DURATIONS * this.options.durationMs;
    for (const [name, { seenMs }] of this.peers) {
      if (seenMs < limitMs) void client.delete(LEASES, { name, namespace: client.namespace }).catch(() => undefined);
    }
  }
}

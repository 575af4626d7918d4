import type { Socket } from 'node:net';
import type { PoolFacts } from '../ports/upstream-client.js';
import type { PoolSettings } from '../ports/upstream-settings.js';
import type { Http1Limits } from '../http1/index.js';
import type { ReadMemory } from './read-memory.js';
import { Deadline, type TimerWheel } from './timer-wheel.js';
import { type ConnectionHome, UpstreamConnection } from './upstream-connection.js';

/** Opens one connection to the pool's target. `callback` is called once, later. */
export type Connect = (callback: (error: Error | null, socket: Socket | undefined, memory: ReadMemory) => void) => void;

/** Who wants a connection. Exactly one of the calls is made, once, unless `leave` was called. */
export interface ConnectionTaker {
  onConnection(connection: UpstreamConnection): void;
  onConnectFailed(error: Error): void;
  onAcquireTimeout(): void;
}

/** A taker's place in the queue. */
class Place extends Deadline {
  constructor(
    readonly taker: ConnectionTaker,
    private readonly pool: UpstreamPool,
  ) {
    super();
  }

  override onDeadline(): void {
    this.pool.leave(this.taker);
    this.taker.onAcquireTimeout();
  }
}

/** The connections to one target. */
export class UpstreamPool implements ConnectionHome {
  private readonly free: UpstreamConnection[] = [];
  private readonly queue = new Map<ConnectionTaker, Place>();
  private readonly connecting = new Set<ConnectionTaker>();
  private size = 0;
  private closed = false;

  constructor(
    private readonly connect: Connect,
    private readonly settings: PoolSettings,
    private readonly limits: Http1Limits,
    private readonly wheel: TimerWheel,
    /** The last connection is gone and nobody waits. */
    private readonly onEmpty: () => void,
  ) {}

  facts(target: string): PoolFacts {
    const { free, queue, size, settings } = this;
    return { name: settings.name, target, active: size - free.length, idle: free.length, waiting: queue.size };
  }

  /** Returns a free connection; where there is none, `taker` is told later. */
  acquire(taker: ConnectionTaker): UpstreamConnection | undefined {
    for (let connection = this.takeFree(); connection; connection = this.takeFree()) {
      this.wheel.cancel(connection);
      const { retiresAt } = connection;
      if (connection.isUsable && (retiresAt === Infinity || performance.now() < retiresAt)) return connection;
      connection.destroy();
    }
    if (this.hasRoom()) {
      this.open(taker);
      return undefined;
    }
    const place = new Place(taker, this);
    this.queue.set(taker, place);
    this.wheel.schedule(place, this.settings.acquireTimeoutMs);
    return undefined;
  }

  /** Tells `taker` of a connection that has carried nothing yet, beyond the limit if need be: it takes the place of a dead one. */
  open(taker: ConnectionTaker): void {
    this.size++;
    this.connecting.add(taker);
    this.connect((error, socket, memory) => {
      const isWanted = this.connecting.delete(taker);
      if (socket === undefined) {
        this.size--;
        if (isWanted) taker.onConnectFailed(error ?? new Error('no connection'));
        this.afterLoss();
        return;
      }
      const { maxLifeMs } = this.settings;
      const retiresAt = maxLifeMs > 0 ? performance.now() + maxLifeMs : Infinity;
      const connection = new UpstreamConnection(socket, memory, this.limits, this, retiresAt);
      if (isWanted) taker.onConnection(connection);
      else this.release(connection);
    });
  }

  /** Ends a wait. Without effect where it is over. */
  leave(taker: ConnectionTaker): void {
    this.connecting.delete(taker);
    const place = this.queue.get(taker);
    if (place === undefined) return;
    this.queue.delete(taker);
    this.wheel.cancel(place);
  }

  /** The request on this connection has ended well. */
  release(connection: UpstreamConnection): void {
    const { settings } = this;
    if (this.closed || settings.type === 'disabled' || !connection.persistent || !connection.isUsable) {
      connection.destroy();
      return;
    }
    const next = this.nextInQueue();
    if (next) {
      next.onConnection(connection);
      return;
    }
    this.free.push(connection);
    this.wheel.schedule(connection, settings.maxIdleMs);
  }

  onConnectionGone(connection: UpstreamConnection): void {
    const at = this.free.indexOf(connection);
    if (at >= 0) this.free.splice(at, 1);
    this.wheel.cancel(connection);
    this.size--;
    this.afterLoss();
  }

  /** Free connections close now, the others when their response has ended. */
  close(): void {
    this.closed = true;
    for (const connection of this.free.slice()) connection.destroy();
  }

  private takeFree(): UpstreamConnection | undefined {
    return this.settings.leasing === 'lifo' ? this.free.pop() : this.free.shift();
  }

  private hasRoom(): boolean {
    return this.settings.type !== 'fixed' || this.size < this.settings.maxConnections;
  }

  private nextInQueue(): ConnectionTaker | undefined {
    const first = this.queue.keys().next();
    if (first.done) return undefined;
    this.leave(first.value);
    return first.value;
  }

  private afterLoss(): void {
    if (this.hasRoom()) {
      const next = this.nextInQueue();
      if (next) this.open(next);
    }
    // Whoever found it too old takes another in its place, at once.
    if (this.size === 0) queueMicrotask(() => this.size === 0 && this.onEmpty());
  }
}

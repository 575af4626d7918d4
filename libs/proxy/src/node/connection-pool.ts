import type { Client, Dispatcher } from 'undici';
import type { PoolFacts } from '../ports/upstream-client.js';
import type { PoolSettings } from '../ports/upstream-settings.js';
import { undici } from './undici.js';

/** Who waits for a connection; `connectionFree` is called at most once, unless `leave` was. */
export interface Waiting {
  onConnectionFree(connection: PooledConnection): void;
  onAcquireTimeout(): void;
}

/** One connection of a pool, or the place for it: it connects when it is first used, and again after a close. */
export class PooledConnection {
  readonly client: Client;
  /** Requests written on the present connection; 0 right after a connect. */
  requests = 0;
  /** Where the monotonic clock stands beyond which it takes no more requests; `Infinity` without a limit. */
  retiresAt = Infinity;
  isConnected = false;

  constructor(
    origin: string,
    options: Client.Options,
    maxLifeMs: number,
    onDisconnect: (connection: PooledConnection) => void,
  ) {
    this.client = new (undici().Client)(origin, options);
    this.client.on('connect', () => {
      this.isConnected = true;
      this.requests = 0;
      if (maxLifeMs > 0) this.retiresAt = performance.now() + maxLifeMs;
    });
    this.client.on('disconnect', () => {
      this.isConnected = false;
      onDisconnect(this);
    });
    this.client.on('connectionError', () => undefined);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.client.dispatch(options, handler);
  }
}

/**
 * The connections to one target: each carries one request at a time, so that a slow response delays nobody and a death in the
 * middle has one victim. undici's own pool searches all its connections for a free one with every request and lets nobody
 * leave its queue; this one keeps the free ones in a list.
 */
export class ConnectionPool {
  private readonly free: PooledConnection[] = [];
  private readonly waiting = new Map<Waiting, NodeJS.Timeout>();
  private size = 0;
  private closed = false;

  constructor(
    private readonly origin: string,
    private readonly clientOptions: Client.Options,
    private readonly settings: PoolSettings,
    /** Called when the last connection is gone. */
    private readonly onEmpty: () => void,
  ) {}

  facts(): PoolFacts {
    const { free, waiting, size, settings, origin } = this;
    return {
      name: settings.name,
      target: origin,
      active: size - free.length,
      idle: free.length,
      waiting: waiting.size,
    };
  }

  /** Hands out a free or a new connection at once, or lets `waiting` know when one is free. */
  acquire(waiting: Waiting): PooledConnection | undefined {
    while (this.free.length > 0) {
      const connection = this.take();
      if (performance.now() < connection.retiresAt) return connection;
      this.drop(connection);
    }
    if (this.settings.type !== 'fixed' || this.size < this.settings.maxConnections) return this.open();
    const timer = setTimeout(() => {
      if (this.waiting.delete(waiting)) waiting.onAcquireTimeout();
    }, this.settings.acquireTimeoutMs);
    this.waiting.set(waiting, timer);
    return undefined;
  }

  /** Ends a wait. Without effect where it is over. */
  leave(waiting: Waiting): void {
    clearTimeout(this.waiting.get(waiting));
    this.waiting.delete(waiting);
  }

  /** The request on this connection has ended, well or not. */
  release(connection: PooledConnection): void {
    if (this.closed || this.settings.type === 'disabled') {
      this.drop(connection);
      return;
    }
    const next = this.waiting.entries().next();
    if (next.done) {
      if (connection.isConnected) this.free.push(connection);
      else this.drop(connection);
      return;
    }
    const [waiting, timer] = next.value;
    clearTimeout(timer);
    this.waiting.delete(waiting);
    waiting.onConnectionFree(connection);
  }

  /** Free connections close now, the others when they are released. */
  close(): void {
    this.closed = true;
    for (const connection of this.free.splice(0)) this.drop(connection);
  }

  private take(): PooledConnection {
    return (this.settings.leasing === 'lifo' ? this.free.pop() : this.free.shift()) as PooledConnection;
  }

  private open(): PooledConnection {
    this.size++;
    return new PooledConnection(this.origin, this.clientOptions, this.settings.maxLifeMs, (connection) => {
      // An idle connection that closed is no longer worth its place; one in use reconnects with its next request.
      const at = this.free.indexOf(connection);
      if (at < 0) return;
      this.free.splice(at, 1);
      this.drop(connection);
    });
  }

  private drop(connection: PooledConnection): void {
    this.size--;
    void connection.client.close();
    // Whoever found it too old takes another in its place, at once.
    queueMicrotask(() => {
      if (this.size === 0 && this.waiting.size === 0) this.onEmpty();
    });
  }
}

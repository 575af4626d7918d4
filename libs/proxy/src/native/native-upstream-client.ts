import type { UpstreamTarget } from '@tigateway/routing';
import type { UpstreamGuard } from '../addresses/upstream-guard.js';
import { connectFailureOf, upstreamConnector } from '../connect/upstream-connector.js';
import type { ResponseHead } from '../http1/index.js';
import {
  type PoolFacts,
  type UpstreamCall,
  UpstreamClient,
  UpstreamError,
  type UpstreamHandler,
  type UpstreamRequest,
} from '../ports/upstream-client.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';
import { ReadMemory } from './read-memory.js';
import { requestHead, RequestTransmission, type TransmissionListener } from './request-transmission.js';
import { Deadline, TimerWheel } from './timer-wheel.js';
import { responseLimits, type ResponseSink, type UpstreamConnection } from './upstream-connection.js';
import { type Connect, type ConnectionTaker, UpstreamPool } from './upstream-pool.js';

/** Response time-outs are this late at most. */
const TICK_MS = 20;

/** The engine on pooled sockets of our own. */
export class NativeUpstreamClient extends UpstreamClient {
  private readonly poolsBySettings = new Map<UpstreamSettings, Map<string, UpstreamPool>>();
  private readonly wheel = new TimerWheel(TICK_MS);
  /** Where the last request to a target went: a route's requests mostly go the same way. */
  private readonly lastPools = new WeakMap<UpstreamTarget, LastPool>();
  private forgotten = 0;

  constructor(private readonly guard: UpstreamGuard) {
    super();
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const connectTimeoutMs = request.connectTimeoutMs ?? request.settings.connectTimeoutMs;
    const call = new NativeCall(
      request,
      handler,
      this.poolFor(request.target, request.settings, connectTimeoutMs),
      this.wheel,
    );
    call.start();
    return call;
  }

  override pools(): readonly PoolFacts[] {
    return [...this.poolsBySettings].flatMap(([{ pool: settings }, pools]) =>
      settings.metrics ? [...pools].map(([target, pool]) => pool.facts(originOf(target))) : [],
    );
  }

  close(): Promise<void> {
    for (const pools of [...this.poolsBySettings.values()]) for (const pool of [...pools.values()]) pool.close();
    this.poolsBySettings.clear();
    this.forgotten++;
    return Promise.resolve();
  }

  /** A pool goes when its last connection is gone, so what no route uses any more costs nothing for long. */
  private poolFor(target: UpstreamTarget, settings: UpstreamSettings, connectTimeoutMs: number): UpstreamPool {
    const { forgotten } = this;
    const last = this.lastPools.get(target);
    const isSame = last?.settings === settings && last.connectTimeoutMs === connectTimeoutMs;
    if (isSame && last.forgotten === forgotten) return last.pool;
    const pool = this.findPool(target, settings, connectTimeoutMs);
    this.lastPools.set(target, { settings, connectTimeoutMs, pool, forgotten });
    return pool;
  }

  private findPool(target: UpstreamTarget, settings: UpstreamSettings, connectTimeoutMs: number): UpstreamPool {
    let pools = this.poolsBySettings.get(settings);
    if (pools === undefined) {
      pools = new Map();
      this.poolsBySettings.set(settings, pools);
    }
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;
    const key = `${target.scheme}://${host}:${target.port} ${connectTimeoutMs}`;
    const known = pools.get(key);
    if (known) return known;
    const pool = new UpstreamPool(
      this.connectTo(target, settings, connectTimeoutMs),
      settings.pool,
      responseLimits(settings),
      this.wheel,
      () => this.forget(settings, key, pool),
    );
    pools.set(key, pool);
    return pool;
  }

  private forget(settings: UpstreamSettings, key: string, pool: UpstreamPool): void {
    this.forgotten++;
    const pools = this.poolsBySettings.get(settings);
    if (pools?.get(key) !== pool) return;
    pools.delete(key);
    if (pools.size === 0) this.poolsBySettings.delete(settings);
  }

  private connectTo(target: UpstreamTarget, settings: UpstreamSettings, connectTimeoutMs: number): Connect {
    const connect = upstreamConnector(settings, connectTimeoutMs, this.guard);
    const options = { hostname: target.host, protocol: `${target.scheme}:`, port: String(target.port) };
    return (callback) => {
      const memory = new ReadMemory();
      connect({ ...options, onread: memory.onread }, (error, socket) => callback(error, socket ?? undefined, memory));
    };
  }
}

interface LastPool {
  readonly settings: UpstreamSettings;
  readonly connectTimeoutMs: number;
  readonly pool: UpstreamPool;
  /** How many pools had been forgotten when it was found: with one more, it may be this one. */
  readonly forgotten: number;
}

/** The beginning of a pool's key. */
function originOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

/** One request on its way, and its response on the way back. */
class NativeCall extends Deadline implements UpstreamCall, ResponseSink, ConnectionTaker, TransmissionListener {
  private head = '';
  private connection: UpstreamConnection | undefined;
  private transmission: RequestTransmission | undefined;
  private repeated = false;
  private over = false;
  private isSending = true;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly handler: UpstreamHandler,
    private readonly pool: UpstreamPool,
    private readonly wheel: TimerWheel,
  ) {
    super();
  }

  get method(): string {
    return this.request.method;
  }

  start(): void {
    try {
      this.head = requestHead(this.request);
    } catch (error) {
      this.fail(new UpstreamError('protocol', (error as Error).message, { cause: error }));
      return;
    }
    if (this.request.responseTimeoutMs > 0) this.wheel.schedule(this, this.request.responseTimeoutMs);
    const connection = this.pool.acquire(this);
    if (connection) this.onConnection(connection);
    this.isSending = false;
  }

  pause(): void {
    if (!this.over) this.connection?.pause();
  }

  resume(): void {
    if (!this.over) this.connection?.resume();
  }

  abort(): void {
    if (!this.over) this.stop();
  }

  onConnection(connection: UpstreamConnection): void {
    this.connection = connection;
    connection.begin(this);
    this.transmission = new RequestTransmission(this.request, connection.outgoing, this);
    this.transmission.start(this.head);
  }

  onConnectFailed(error: Error): void {
    this.fail(new UpstreamError(connectFailureOf(error), error.message, { cause: error }));
  }

  onAcquireTimeout(): void {
    this.fail(new UpstreamError('pool-exhausted', 'no connection became free in time'));
  }

  override onDeadline(): void {
    this.fail(new UpstreamError('response-timeout', `no response within ${this.request.responseTimeoutMs} ms`));
  }

  onInterim(head: ResponseHead): void {
    // `100 Continue` is about our own way of sending: the client was asked for its body before.
    if (head.status > 101) this.handler.onUpstreamInformational(head.status, head.fields);
  }

  onHead(head: ResponseHead): void {
    this.wheel.cancel(this);
    this.handler.onUpstreamHead(head.status, head.reason, head.fields);
  }

  onContent(content: Buffer): void {
    this.handler.onUpstreamData(content);
  }

  onEnd(trailers: readonly string[]): void {
    const { connection, transmission } = this;
    this.over = true;
    this.connection = undefined;
    transmission?.stop();
    if (connection && transmission?.complete) {
      connection.resume();
      this.pool.release(connection);
    } else {
      connection?.destroy();
    }
    this.handler.onUpstreamEnd(trailers as string[]);
  }

  onLost(error: UpstreamError, begun: boolean): void {
    const isReused = (this.connection?.requests ?? 0) > 1;
    this.connection = undefined;
    const { request } = this;
    if (
      isReused &&
      !begun &&
      !this.repeated &&
      request.repeatable &&
      request.body === undefined &&
      error.failure === 'reset'
    ) {
      // The upstream had closed the connection while it idled: that is no failure of this request.
      this.repeated = true;
      this.pool.open(this);
      return;
    }
    this.fail(error);
  }

  onDrain(): void {
    this.transmission?.drained();
  }

  onTransmissionFailed(error: Error): void {
    this.fail(new UpstreamError('request-body', error.message, { cause: error }));
  }

  private fail(error: UpstreamError): void {
    if (this.over) return;
    this.stop();
    // Nothing may be called before `send` has returned.
    if (this.isSending) queueMicrotask(() => this.handler.onUpstreamError(error));
    else this.handler.onUpstreamError(error);
  }

  private stop(): void {
    const { connection } = this;
    this.over = true;
    this.connection = undefined;
    this.wheel.cancel(this);
    this.transmission?.stop();
    if (connection) connection.destroy();
    else this.pool.leave(this);
  }
}

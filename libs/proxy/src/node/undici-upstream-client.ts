import type { Client, Dispatcher } from 'undici';
import type { UpstreamTarget } from '@tigateway/routing';
import type { UpstreamGuard } from '../addresses/upstream-guard.js';
import { connectFailureOf, upstreamConnector } from '../connect/upstream-connector.js';
import {
  type PoolFacts,
  type UpstreamCall,
  UpstreamClient,
  UpstreamError,
  type UpstreamHandler,
  type UpstreamRequest,
} from '../ports/upstream-client.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';
import { BodyStream } from './body-stream.js';
import { ConnectionPool, type PooledConnection, type Waiting } from './connection-pool.js';
import { undici } from './undici.js';

/** The engine on undici's `Client`, by its lowest interface: raw header lines in and out, no stream object for responses. */
export class UndiciUpstreamClient extends UpstreamClient {
  private readonly poolsBySettings = new Map<UpstreamSettings, Map<string, ConnectionPool>>();

  /** @param chunked carries requests whose body may end in trailers: undici drops them */
  constructor(
    private readonly guard: UpstreamGuard,
    private readonly chunked: UpstreamClient,
  ) {
    super();
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    if (request.body !== undefined && request.body.length === undefined) return this.chunked.send(request, handler);
    const connectTimeoutMs = request.connectTimeoutMs ?? request.settings.connectTimeoutMs;
    const call = new UndiciCall(request, handler, this.poolFor(request.target, request.settings, connectTimeoutMs));
    call.start();
    return call;
  }

  override pools(): readonly PoolFacts[] {
    const own = [...this.poolsBySettings].flatMap(([{ pool: settings }, pools]) =>
      settings.metrics ? [...pools.values()].map((pool) => pool.facts()) : [],
    );
    return [...own, ...this.chunked.pools()];
  }

  async close(): Promise<void> {
    for (const pools of [...this.poolsBySettings.values()]) for (const pool of [...pools.values()]) pool.close();
    this.poolsBySettings.clear();
    await this.chunked.close();
  }

  /** A pool goes when its last connection has idled out, so what no route uses any more costs nothing for long. */
  private poolFor(target: UpstreamTarget, settings: UpstreamSettings, connectTimeoutMs: number): ConnectionPool {
    let pools = this.poolsBySettings.get(settings);
    if (pools === undefined) {
      pools = new Map();
      this.poolsBySettings.set(settings, pools);
    }
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;
    const key = `${target.scheme}://${host}:${target.port}`;
    const keyWithTimeout = connectTimeoutMs === settings.connectTimeoutMs ? key : `${key} ${connectTimeoutMs}`;
    let pool = pools.get(keyWithTimeout);
    if (pool === undefined) {
      pool = new ConnectionPool(key, this.clientOptions(settings, connectTimeoutMs), settings.pool, () => {
        const pools = this.poolsBySettings.get(settings);
        if (pools === undefined || pools.get(keyWithTimeout) !== pool) return;
        pools.delete(keyWithTimeout);
        if (pools.size === 0) this.poolsBySettings.delete(settings);
      });
      pools.set(keyWithTimeout, pool);
    }
    return pool;
  }

  private clientOptions(settings: UpstreamSettings, connectTimeoutMs: number): Client.Options {
    return {
      connect: upstreamConnector(settings, connectTimeoutMs, this.guard),
      pipelining: settings.pool.type === 'disabled' ? 0 : 1,
      keepAliveTimeout: settings.pool.maxIdleMs,
      keepAliveMaxTimeout: settings.pool.maxIdleMs,
      maxHeaderSize: settings.maxHeaderBytes,
      // Ours run per request, from its start; undici's would run beside them.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }
}

/** One request on its way. */
class UndiciCall implements UpstreamCall, Waiting, Dispatcher.DispatchHandler {
  private connection: PooledConnection | undefined;
  private body: BodyStream | undefined;
  private timer: NodeJS.Timeout | undefined;
  private cancel: ((error?: Error) => void) | undefined;
  private flow: (() => void) | undefined;
  private paused = false;
  private held = false;
  private reused = false;
  private answered = false;
  private repeated = false;
  private over = false;
  private dispatching = false;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly handler: UpstreamHandler,
    private readonly pool: ConnectionPool,
  ) {}

  start(): void {
    const { responseTimeoutMs } = this.request;
    if (responseTimeoutMs > 0) {
      this.timer = setTimeout(
        () => this.giveUp(new UpstreamError('response-timeout', `no response within ${responseTimeoutMs} ms`)),
        responseTimeoutMs,
      );
    }
    const connection = this.pool.acquire(this);
    if (connection !== undefined) this.onConnectionFree(connection);
  }

  onConnectionFree(connection: PooledConnection): void {
    this.connection = connection;
    const { request } = this;
    const { body } = request;
    if (body !== undefined) this.body ??= new BodyStream(body);
    const headers =
      body === undefined ? (request.headers as string[]) : [...request.headers, 'content-length', String(body.length)];
    this.dispatching = true;
    connection.dispatch(
      {
        path: request.path,
        method: request.method,
        headers,
        body: this.body ?? null,
        idempotent: false,
        blocking: false,
        ...(request.target.scheme === 'https' ? { servername: request.target.host } : undefined),
      },
      this,
    );
    this.dispatching = false;
  }

  onAcquireTimeout(): void {
    this.fail(new UpstreamError('pool-exhausted', 'no connection became free in time'));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (!this.held) return;
    this.held = false;
    this.flow?.();
  }

  abort(): void {
    if (this.over) return;
    this.finish();
    this.stop();
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.over) {
      abort();
      return;
    }
    const connection = this.connection as PooledConnection;
    this.reused = connection.requests++ > 0;
    this.cancel = abort;
  }

  onResponseStarted(): void {
    this.answered = true;
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, reason: string): boolean {
    if (this.over) return true;
    const headers = textOf(rawHeaders);
    if (status < 200) {
      this.handler.onUpstreamInformational(status, headers);
      return true;
    }
    clearTimeout(this.timer);
    this.flow = resume;
    const { maxInitialLineBytes } = this.request.settings;
    if (BEFORE_REASON.length + reason.length > maxInitialLineBytes) {
      this.giveUp(new UpstreamError('protocol', `a status line of more than ${maxInitialLineBytes} bytes`));
      return true;
    }
    this.handler.onUpstreamHead(status, reason, headers);
    // A 304 may tell the length that a 200 would have, which undici then misses and takes for a broken response.
    if (status === 304 && this.finish()) this.handler.onUpstreamEnd([]);
    return this.goesOn();
  }

  onData(chunk: Buffer): boolean {
    if (this.over) return true;
    this.handler.onUpstreamData(chunk);
    return this.goesOn();
  }

  onComplete(rawTrailers: string[] | null): void {
    this.giveBack();
    if (!this.finish()) return;
    this.handler.onUpstreamEnd(rawTrailers === null ? [] : textOf(rawTrailers));
  }

  onError(error: Error): void {
    if (this.dispatching) {
      // undici throws back at once what it refuses to write; who sent it has not got the call yet.
      queueMicrotask(() => this.onError(error));
      return;
    }
    if (this.over) {
      this.giveBack();
      return;
    }
    if (
      this.reused &&
      !this.answered &&
      !this.repeated &&
      this.request.repeatable &&
      failureOf(error, true) === 'reset'
    ) {
      // The upstream had closed the connection while it idled: that is no failure of this request.
      this.repeated = true;
      this.cancel = undefined;
      (this.connection as PooledConnection).requests = 0;
      this.onConnectionFree(this.connection as PooledConnection);
      return;
    }
    this.giveBack();
    const failure = this.body?.errored ? 'request-body' : failureOf(error, this.cancel !== undefined);
    this.fail(new UpstreamError(failure, error.message, { cause: error }));
  }

  private goesOn(): boolean {
    if (!this.paused) return true;
    this.held = true;
    return false;
  }

  private giveUp(error: UpstreamError): void {
    if (!this.finish()) return;
    this.stop();
    this.handler.onUpstreamError(error);
  }

  private fail(error: UpstreamError): void {
    if (this.finish()) this.handler.onUpstreamError(error);
  }

  private finish(): boolean {
    if (this.over) return false;
    this.over = true;
    clearTimeout(this.timer);
    return true;
  }

  /** Undoes what was begun; the connection comes back through `onError`. */
  private stop(): void {
    if (this.connection === undefined) this.pool.leave(this);
    else this.cancel?.();
  }

  private giveBack(): void {
    const { connection } = this;
    this.connection = undefined;
    if (connection !== undefined) this.pool.release(connection);
  }
}

const BEFORE_REASON = 'HTTP/1.1 200 ';

function textOf(lines: readonly (string | Buffer)[]): string[] {
  const texts = new Array<string>(lines.length);
  for (let at = 0; at < lines.length; at++) texts[at] = (lines[at] as Buffer).toString('latin1');
  return texts;
}

function failureOf(error: Error & { code?: string }, connected: boolean): UpstreamError['failure'] {
  const { errors } = undici();
  if (
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError ||
    error instanceof errors.InvalidArgumentError ||
    error instanceof errors.ResponseContentLengthMismatchError
  ) {
    return 'protocol';
  }
  if (error instanceof errors.RequestContentLengthMismatchError || error instanceof errors.RequestAbortedError) {
    return 'request-body';
  }
  return connected ? 'reset' : connectFailureOf(error);
}

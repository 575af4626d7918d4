import {
  type CompiledRoute,
  Exchange,
  type GatewayFilter,
  type GatewayRequest,
  HeaderList,
  type ShortResponse,
  type UpstreamTarget,
  type UriVariables,
} from '@tigateway/routing';
import { UpstreamError, type UpstreamHandler, type UpstreamRequest } from '../ports/upstream-client.js';
import { errorPage } from './error-page.js';
import { statusOfFailure } from './failure-status.js';
import { dropHopByHop } from './hop-by-hop.js';
import { IncomingRequest } from './incoming-request.js';
import type { ClientWatcher, Transaction } from './transaction.js';
import { upstreamHeaders } from './upstream-headers.js';
import { upstreamSettingsOf } from './upstream-settings-of.js';

/** Routes that one request may be forwarded through: more than any sensible set-up needs, and an end to a loop. */
const MAX_HOPS = 10;

interface Attempt {
  resolve(): void;
  reject(error: unknown): void;
}

/** What a request was before the first attempt, for filters that call the upstream again. */
interface RequestState {
  readonly path: string;
  readonly query: string | undefined;
  readonly headers: readonly string[];
  readonly preservesHost: boolean;
  readonly target: UpstreamTarget | undefined;
  readonly rewrites: number;
}

/** An exchange on the data path: it runs the route's chain, calls the upstream and passes the response to the client. */
export class ProxiedExchange extends Exchange implements UpstreamHandler, ClientWatcher {
  /** Set while the head is waited for by filters around the call. */
  private attempt: Attempt | undefined;
  /** True once there is a head that the response hooks may see. */
  private hasHead = false;
  /** True once the response's head has been written: nothing can be answered any more. */
  private committed = false;
  /** Trailers of a response that ended before its head could be written. */
  private earlyEnd: readonly string[] | undefined;

  constructor(
    request: GatewayRequest,
    route: CompiledRoute,
    variables: UriVariables,
    private readonly transaction: Transaction,
    /** The exchange that forwarded to this one. */
    private readonly parent?: ProxiedExchange,
  ) {
    super(request, route, variables);
    if (route.uri.kind === 'forward') request.path = route.uri.path;
  }

  /** Keeps up to `limitBytes` of the request body, so that `proceed` may be called again by a filter around the call. */
  keepBody(limitBytes: number): void {
    this.transaction.keepBody(limitBytes);
  }

  /** Whether the upstream can be asked once more with the whole request. */
  get isRepeatable(): boolean {
    return this.transaction.canSendBodyAgain && !this.transaction.isOver;
  }

  start(): void {
    this.transaction.route ??= this.route;
    if (this.route.chain.hasAround) {
      this.transaction.watcher = this;
      this.runNested(0).then(
        () => this.finishHead(),
        (error: unknown) => this.fail(error),
      );
      return;
    }
    try {
      const { requestHooks } = this.route.chain;
      for (let at = 0; at < requestHooks.length; at++) {
        const pending = (requestHooks[at] as GatewayFilter).onRequest?.(this);
        if (pending !== undefined) {
          this.startLater(pending, at + 1);
          return;
        }
        if (this.shortResponse !== undefined) break;
      }
      this.callUpstream();
    } catch (error) {
      this.fail(error);
    }
  }

  onUpstreamInformational(status: number, headers: string[]): void {
    dropHopByHop(headers);
    this.transaction.response.informational(status, headers);
  }

  onUpstreamHead(status: number, reason: string, headers: string[]): void {
    dropHopByHop(headers);
    this.setHead(status, reason, headers);
  }

  onUpstreamData(chunk: Buffer): void {
    const { transaction } = this;
    transaction.responseBytes += chunk.length;
    if (!transaction.response.write(chunk)) transaction.call?.pause();
  }

  onUpstreamEnd(trailers: string[]): void {
    // Heads that wait for a filter hold the response back, but an empty one ends with its head.
    if (this.isCommitted) this.transaction.end(trailers);
    else this.earlyEnd = trailers;
  }

  onUpstreamError(error: UpstreamError): void {
    const { transaction } = this;
    transaction.call = undefined;
    if (this.attempt !== undefined) {
      const { attempt } = this;
      this.attempt = undefined;
      attempt.reject(error);
    } else if (this.isCommitted) {
      transaction.outcome = 'upstream-aborted';
      transaction.failed = true;
      transaction.response.abort();
    } else {
      this.hasHead = false;
      this.fail(error);
    }
  }

  onClientGone(): void {
    this.attempt?.reject(new UpstreamError('request-body', 'the client went away'));
    this.attempt = undefined;
  }

  /** The rest of a chain whose filter waits. */
  private startLater(pending: Promise<void>, next: number): void {
    const rest = async (): Promise<void> => {
      await pending;
      const { requestHooks } = this.route.chain;
      for (let at = next; at < requestHooks.length && this.shortResponse === undefined; at++) {
        await (requestHooks[at] as GatewayFilter).onRequest?.(this);
      }
    };
    rest()
      .then(() => this.callUpstream())
      .catch((error: unknown) => this.fail(error));
  }

  /** The chain from `from` on, where some filter goes around the call. */
  private async runNested(from: number): Promise<void> {
    const { filters } = this.route.chain;
    let at = from;
    for (; at < filters.length; at++) {
      const { filter } = filters[at] as { filter: GatewayFilter };
      await filter.onRequest?.(this);
      if (this.shortResponse !== undefined) return;
      if (filter.around === undefined) continue;
      await this.runAround(filter, at);
      break;
    }
    if (at === filters.length) {
      await this.callAndWait();
      at--;
    }
    for (; at >= from && this.hasHead && this.shortResponse === undefined; at--) {
      await filters[at]?.filter.onResponse?.(this);
    }
  }

  private async runAround(filter: GatewayFilter, at: number): Promise<void> {
    let before: RequestState | undefined;
    await filter.around?.(this, async () => {
      if (before === undefined) before = this.state();
      else this.restore(before);
      await this.runNested(at + 1);
    });
  }

  private callAndWait(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.attempt = { resolve, reject };
      this.callUpstream();
    });
  }

  /** Asks whoever the route and its filters point to; the answer comes through the handler's methods. */
  private callUpstream(): void {
    if (this.transaction.isOver) {
      this.attempt?.reject(new UpstreamError('request-body', 'the client went away'));
      return;
    }
    if (this.shortResponse !== undefined) {
      this.finishHead();
      return;
    }
    const uri = this.uri ?? this.route.uri;
    if (this.target !== undefined) return this.send(this.target);
    switch (uri.kind) {
      case 'direct':
        return this.send(uri.target);
      case 'balanced': {
        const target = this.transaction.policy.balancer.choose(uri);
        if (target !== undefined) return this.send(target);
        return this.giveUp(new UpstreamError('no-instance', `the service "${uri.service}" has no instance`));
      }
      case 'forward':
        return this.forward();
      case 'none':
        this.transaction.request.body?.discard();
        this.earlyEnd = [];
        return this.setHead(200, '', []);
    }
  }

  private send(target: UpstreamTarget): void {
    const { transaction, request, route } = this;
    const { policy, upgrade } = transaction;
    if (upgrade === undefined && (target.scheme === 'ws' || target.scheme === 'wss')) {
      this.answer({ status: request.method === 'GET' ? 400 : 405 });
      this.finishHead();
      return;
    }
    const settings = upstreamSettingsOf(transaction.snapshot.globals.httpclient);
    const body = transaction.takeBody();
    const upstreamRequest: UpstreamRequest = {
      target,
      method: request.method,
      path: request.query === undefined ? request.path : `${request.path}?${request.query}`,
      headers: upstreamHeaders(this, target, transaction.host, policy.forwarding),
      body,
      repeatable: body === undefined && isIdempotent(request.method),
      connectTimeoutMs: route.connectTimeoutMs,
      responseTimeoutMs: Math.max(0, route.responseTimeoutMs ?? settings.responseTimeoutMs),
      settings,
    };
    transaction.call =
      upgrade === undefined
        ? policy.upstreams.send(upstreamRequest, this)
        : upgrade.connect(route, upstreamRequest, this);
  }

  /** `forward:`: another route answers, found with the request as the filters have left it. */
  private forward(): void {
    const { transaction, request } = this;
    if (++transaction.hops > MAX_HOPS) {
      this.giveUp(new Error(`forwarded more than ${MAX_HOPS} times`));
      return;
    }
    const headers = request.headers.clone();
    headers.remove('origin');
    const forwarded = new IncomingRequest(request.method, request, headers, request);
    const match = transaction.snapshot.table.match(forwarded);
    if (match?.route === undefined) {
      if (match !== undefined) return this.giveUp(match.failure);
      this.shortResponse = errorPage(404, request.path, request.headers.get('accept'));
      this.finishHead();
      return;
    }
    new ProxiedExchange(forwarded, match.route, match.variables, transaction, this).start();
  }

  /** There is a response that filters may change. */
  private setHead(status: number, reason: string, headers: string[]): void {
    const { response, transaction } = this;
    response.status = status;
    response.reason = reason;
    const { corsLines } = transaction;
    if (corsLines !== undefined && this.parent === undefined) headers = [...corsLines, ...headers];
    response.headers = new HeaderList(headers);
    this.hasHead = true;
    if (this.attempt !== undefined) {
      transaction.call?.pause();
      const { attempt } = this;
      this.attempt = undefined;
      attempt.resolve();
      return;
    }
    if (this.route.chain.hasAround) return;
    try {
      const { responseHooks } = this.route.chain;
      for (let at = 0; at < responseHooks.length; at++) {
        const pending = (responseHooks[at] as GatewayFilter).onResponse?.(this);
        if (pending === undefined) continue;
        transaction.call?.pause();
        this.finishLater(pending, at + 1);
        return;
      }
      this.finishHead();
    } catch (error) {
      this.dropCall();
      this.fail(error);
    }
  }

  private finishLater(pending: Promise<void>, next: number): void {
    const rest = async (): Promise<void> => {
      await pending;
      const { responseHooks } = this.route.chain;
      for (let at = next; at < responseHooks.length; at++)
        await (responseHooks[at] as GatewayFilter).onResponse?.(this);
    };
    rest().then(
      () => this.finishHead(),
      (error: unknown) => {
        this.dropCall();
        this.fail(error);
      },
    );
  }

  /** The chain is through: what it left goes to whoever asked, the client or the exchange that forwarded. */
  private finishHead(): void {
    const { transaction, parent, response, shortResponse } = this;
    if (this.attempt !== undefined) {
      // Answered in the middle of a nested chain: the filters around it go on.
      const { attempt } = this;
      this.attempt = undefined;
      attempt.resolve();
      return;
    }
    if (transaction.isOver || this.committed) return;
    this.committed = true;
    if (shortResponse !== undefined || !this.hasHead) {
      this.dropCall();
      // Filters that swallowed the failure without an answer of their own leave an empty success.
      const answer: ShortResponse = shortResponse ?? { status: 200 };
      if (parent === undefined) transaction.respond(answer);
      else parent.adoptAnswer(answer);
      return;
    }
    if (parent !== undefined) {
      parent.earlyEnd = this.earlyEnd;
      parent.setHead(response.status, response.reason, response.headers.raw as string[]);
      return;
    }
    this.writeHead();
  }

  private writeHead(): void {
    const { transaction, response, earlyEnd } = this;
    transaction.status = response.status;
    transaction.failed ||= response.status >= 500;
    try {
      transaction.response.head(response.status, response.reason, response.headers.raw);
    } catch (error) {
      this.dropCall();
      this.committed = false;
      this.fail(error);
      return;
    }
    if (earlyEnd !== undefined) transaction.end(earlyEnd);
    else transaction.call?.resume();
  }

  private get isCommitted(): boolean {
    return this.parent === undefined ? this.committed : this.committed && this.parent.isCommitted;
  }

  private adoptAnswer(answer: ShortResponse): void {
    this.shortResponse = answer;
    this.finishHead();
  }

  private giveUp(error: unknown): void {
    if (this.attempt === undefined) {
      this.fail(error);
      return;
    }
    const { attempt } = this;
    this.attempt = undefined;
    attempt.reject(error);
  }

  /** Nothing but an error is left to answer with. */
  private fail(error: unknown): void {
    const { transaction, parent } = this;
    if (parent !== undefined) {
      parent.giveUp(error);
      return;
    }
    if (transaction.isOver) return;
    if (this.committed) {
      transaction.response.abort();
      return;
    }
    const status = statusOfFailure(error, transaction.policy.errorStatus);
    transaction.failed = error instanceof UpstreamError ? error.failure !== 'request-body' : status >= 500;
    transaction.failure = error;
    transaction.respond(errorPage(status, this.originalPath, this.request.headers.get('accept')));
  }

  private dropCall(): void {
    this.transaction.call?.abort();
    this.transaction.call = undefined;
  }

  private state(): RequestState {
    const { request, preservesHost, target, rewrittenPaths } = this;
    return {
      path: request.path,
      query: request.query,
      headers: [...request.headers.raw],
      preservesHost,
      target,
      rewrites: rewrittenPaths.length,
    };
  }

  /** Before another attempt: the last one leaves nothing behind. */
  private restore(before: RequestState): void {
    this.dropCall();
    this.hasHead = false;
    this.earlyEnd = undefined;
    this.shortResponse = undefined;
    this.response.status = 0;
    this.response.headers = new HeaderList();
    const { request } = this;
    request.path = before.path;
    request.query = before.query;
    request.headers.retain(() => false);
    for (let at = 0; at < before.headers.length; at += 2) {
      request.headers.append(before.headers[at] as string, before.headers[at + 1] as string);
    }
    this.preservesHost = before.preservesHost;
    this.target = before.target;
    this.rewrittenPaths.length = before.rewrites;
  }
}

/** RFC 9110, section 9.2.2. */
function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
    case 'PUT':
    case 'DELETE':
      return true;
    default:
      return false;
  }
}

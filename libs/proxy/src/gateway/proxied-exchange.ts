import type { Clock } from '@tigateway/model';
import {
  type CompiledRoute,
  Exchange,
  type GatewayFilter,
  type GatewayRequest,
  HeaderList,
  type RouteUri,
  type ShortResponse,
  type UpstreamTarget,
  type UriVariables,
} from '@tigateway/routing';
import { BalancedTarget } from '../balancing/balanced-instance.js';
import { MirroredRequest } from '../mirror/mirrored-request.js';
import { WholeBody } from '../mirror/whole-body.js';
import { UpstreamError, type UpstreamHandler } from '../ports/upstream-client.js';
import { ACCEPTED_CODING, Decompression } from './decompression.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';
import { errorPage } from './error-page.js';
import { statusOfFailure } from './failure-status.js';
import { dropHopByHop, hopByHopOf } from './hop-by-hop.js';
import { IncomingRequest } from './incoming-request.js';
import { ResponseCollector, type ResponseWatcher } from './response-collector.js';
import type { ClientWatcher, Transaction } from './transaction.js';
import { upstreamHeaders } from './upstream-headers.js';
import { upstreamSettingsOf } from './upstream-settings-of.js';

/** Routes that one request may be forwarded through: more than any sensible set-up needs, and an end to a loop. */
const MAX_HOPS = 10;

/** Whoever in the chain waits: for a head, for another route's answer, for time to pass. */
interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** What an exchange was at one moment, for filters that call the upstream again or ask another route. */
export interface ExchangeMark {
  readonly path: string;
  readonly query: string | undefined;
  readonly headers: readonly string[];
  readonly preservesHost: boolean;
  readonly uri: RouteUri | undefined;
  readonly target: UpstreamTarget | undefined;
  readonly rewrites: number;
  readonly ownLines: readonly string[] | undefined;
}

/** What a call in the upstream's place is given. Times in milliseconds, 0 for none. */
export interface SubstituteCall {
  readonly exchange: ProxiedExchange;
  /** Where the upstream's call would go. */
  readonly target: UpstreamTarget;
  readonly settings: UpstreamSettings;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  /** Nobody waits any more. */
  readonly signal: AbortSignal;
}

/** Who has a copy of a request sent, and does not wait for its response. */
export interface CopyWatcher {
  /** The copy could go now. @returns whether it may */
  begins(): boolean;
  sent(copy: { abort(): void }): void;
  /** After `sent`, or in its place where nobody could be asked. */
  over(): void;
}

export interface SubstituteResponse {
  readonly status: number;
  readonly lines: readonly string[];
  readonly body: string | Buffer;
}

/** An exchange on the data path: it runs the route's chain, calls the upstream and passes the response to the client. */
export class ProxiedExchange extends Exchange implements UpstreamHandler, ClientWatcher {
  /** Set while filters around the call wait. */
  private waiting: Waiting | undefined;
  /** Why nothing later in the chain may go on; set by a filter around it. */
  private interruption: Error | undefined;
  /** The exchange that this one was forwarded to and that has not answered yet. */
  private child: ProxiedExchange | undefined;
  /** The instance that was asked last, where a service has several. */
  private asked: UpstreamTarget | undefined;
  /** Takes the response's body where a filter wants the whole of it. */
  private collector: ResponseCollector | undefined;
  /** The body in place of the upstream's. */
  private newBody: Buffer | undefined;
  private watcher: ResponseWatcher | undefined;
  private substitute: ((call: SubstituteCall) => Promise<SubstituteResponse>) | undefined;
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
    super(request, route, variables, transaction.snapshot.globals);
    if (parent !== undefined) this.continueFrom(parent);
    if (route.uri.kind === 'forward') request.path = route.uri.path;
  }

  /** The same exchange, for filters that need what only the data path can do. */
  static of(exchange: Exchange): ProxiedExchange {
    if (exchange instanceof ProxiedExchange) return exchange;
    throw new TypeError('this filter works on the data path alone');
  }

  /** Keeps up to `limitBytes` of the request body, so that `proceed` may be called again by a filter around the call. */
  keepBody(limitBytes: number): void {
    this.transaction.keepBody(limitBytes);
  }

  /** Whether the upstream can be asked once more with the whole request. */
  get isRepeatable(): boolean {
    return this.transaction.canSendBodyAgain && !this.transaction.isOver && this.interruption === undefined;
  }

  get isUpgrade(): boolean {
    return this.transaction.upgrade !== undefined;
  }

  get hasRequestBody(): boolean {
    return this.transaction.request.body !== undefined;
  }

  /** The status as it is by now; 0 where there is none yet. */
  get status(): number {
    return this.shortResponse?.status ?? this.response.status;
  }

  /**
   * The whole request body, before the upstream is asked; it goes upstream all the same. Empty where there is none.
   * @throws ExchangeError 413 where it is larger than `limitBytes`
   */
  readRequestBody(limitBytes: number): Promise<Buffer> {
    return this.transaction.readBody(limitBytes);
  }

  /** Adds `[name, value, …]` to whatever response there will be, the gateway's own errors included. */
  addOwnLines(lines: readonly string[]): void {
    const { ownLines } = this.transaction;
    this.transaction.ownLines = ownLines === undefined ? lines : [...ownLines, ...lines];
  }

  /** The lines of the response's head but for those that the gateway adds to every response of this request. */
  get upstreamLines(): string[] {
    const lines: string[] = [];
    const own = [...(this.transaction.ownLines ?? [])];
    const { raw } = this.response.headers;
    for (let at = 0; at < raw.length; at += 2) {
      const [name, value] = raw.slice(at, at + 2) as [string, string];
      const known = own.findIndex((text, index) => index % 2 === 0 && text === name && own[index + 1] === value);
      if (known >= 0) own.splice(known, 2);
      else lines.push(name, value);
    }
    return lines;
  }

  /** The exchange as it is now. */
  mark(): ExchangeMark {
    const { request, preservesHost, uri, target, rewrittenPaths, transaction } = this;
    return {
      path: request.path,
      query: request.query,
      headers: [...request.headers.raw],
      preservesHost,
      uri,
      target,
      rewrites: rewrittenPaths.length,
      ownLines: transaction.ownLines,
    };
  }

  /** As it was at `mark`, with nothing left of a response; attributes stay. */
  rewind(mark: ExchangeMark): void {
    this.dropResponse();
    const { request, transaction } = this;
    request.path = mark.path;
    request.query = mark.query;
    request.headers.retain(() => false);
    for (let at = 0; at < mark.headers.length; at += 2) {
      request.headers.append(mark.headers[at] as string, mark.headers[at + 1] as string);
    }
    this.preservesHost = mark.preservesHost;
    this.uri = mark.uri;
    this.target = mark.target;
    this.rewrittenPaths.length = mark.rewrites;
    transaction.ownLines = mark.ownLines;
  }

  /** Lets go of the upstream and of what it answered. */
  dropResponse(): void {
    // One that was interrupted has lost its call already; there may be another's by now.
    if (this.interruption === undefined) this.dropCall();
    this.collector = undefined;
    this.hasHead = false;
    this.earlyEnd = undefined;
    this.newBody = undefined;
    this.watcher = undefined;
    this.shortResponse = undefined;
    this.response.status = 0;
    this.response.headers = new HeaderList();
  }

  /**
   * Has the route that is found by `path` answer the request as it is now. Resolves with its head, as `proceed` does; for
   * filters around the call.
   */
  answerFrom(path: string): Promise<void> {
    if (this.interruption !== undefined) return Promise.reject(this.interruption);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.forward(path);
    });
  }

  /** Lets time pass, for filters around the call. @throws UpstreamError where the client goes away in the meantime */
  wait(delayMs: number, clock: Clock): Promise<void> {
    if (this.interruption !== undefined) return Promise.reject(this.interruption);
    return new Promise((resolve, reject) => {
      const timer = clock.schedule(delayMs, () => this.settle()?.resolve());
      this.waiting = {
        resolve,
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
    });
  }

  /**
   * For a filter around the call that has waited long enough: what it waits for fails with `reason`, and nothing later in the
   * chain starts any more until `resume`.
   */
  interrupt(reason: Error): void {
    this.interruption = reason;
    this.dropCall();
    this.child?.interrupt(reason);
    this.child = undefined;
    this.settle()?.reject(reason);
  }

  /** Ends the interruption for that reason, if it is still in force. */
  resume(reason: Error): void {
    if (this.interruption === reason) this.interruption = undefined;
  }

  /**
   * The whole response body, instead of its way to the client: `replaceResponseBody` has to follow. For `onResponse`, and for
   * filters around the call once `proceed` is through.
   * @throws ExchangeError 502 where it is larger than `limitBytes`
   */
  readResponseBody(limitBytes: number): Promise<Buffer> {
    if (this.newBody !== undefined) return Promise.resolve(this.newBody);
    const collector = new ResponseCollector(limitBytes);
    if (this.earlyEnd !== undefined) collector.onEnd();
    else {
      this.collector = collector;
      this.transaction.watcher = this;
      this.transaction.call?.resume();
    }
    return collector.body;
  }

  /**
   * Sends the request as it is now to another target too, without a bearing on its own way. With a body the copy goes when that has
   * been sent itself; one of more than `limitBytes` is not copied.
   */
  copyTo(uri: RouteUri, limitBytes: number, watcher: CopyWatcher): void {
    const { transaction, request } = this;
    const { policy } = transaction;
    const { method, path, query } = request;
    const settings = upstreamSettingsOf(this.globals.httpclient);
    const target =
      uri.kind === 'direct' ? uri.target : uri.kind === 'balanced' ? policy.balancer.choose(uri) : undefined;
    if (target === undefined) return;
    const headers = upstreamHeaders(this, target, transaction.host, policy.proxies);
    transaction.whenBodyIsSent(limitBytes, (body) => {
      if (!watcher.begins()) return;
      const copy = new MirroredRequest(target, () => watcher.over());
      const copied = {
        target,
        method,
        path: query === undefined ? path : `${path}?${query}`,
        headers,
        body: body?.length ? new WholeBody(body) : undefined,
        repeatable: false,
        connectTimeoutMs: undefined,
        responseTimeoutMs: 0,
        settings,
      };
      copy.sentBy(policy.upstreams.send(copied, copy));
      watcher.sent(copy);
    });
  }

  /** Has `substitute` called in the place of the upstream, by its target and with all filters around it. */
  callInstead(substitute: (call: SubstituteCall) => Promise<SubstituteResponse>): void {
    this.substitute = substitute;
  }

  /** What the client gets as the body; `Content-Length` follows it. */
  replaceResponseBody(body: Buffer): void {
    this.newBody = body;
  }

  /** Tells of the response's body on its way to the client. For filters around the call once `proceed` is through. */
  watchResponseBody(watcher: ResponseWatcher): void {
    this.watcher = watcher;
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
    dropHopByHop(headers, hopByHopOf(this.globals.removeHopByHop));
    this.transaction.response.informational(status, headers);
  }

  onUpstreamHead(status: number, reason: string, headers: string[]): void {
    this.transaction.instance?.answered(status);
    dropHopByHop(headers, hopByHopOf(this.globals.removeHopByHop));
    this.setHead(status, reason, headers);
  }

  onUpstreamData(chunk: Buffer): void {
    const { transaction, collector, watcher, parent } = this;
    if (collector !== undefined) {
      collector.onData(chunk);
      return;
    }
    if (watcher !== undefined) watcher.onData(chunk);
    if (parent !== undefined) {
      parent.onUpstreamData(chunk);
      return;
    }
    transaction.responseBytes += chunk.length;
    if (!transaction.response.write(chunk)) transaction.call?.pause();
  }

  onUpstreamEnd(trailers: string[]): void {
    this.transaction.leaveInstance();
    // Heads that wait for a filter hold the response back, but an empty one ends with its head.
    if (this.collector !== undefined) this.collector.onEnd();
    else if (!this.committed) this.earlyEnd = trailers;
    else this.endBody(trailers);
  }

  onUpstreamError(error: UpstreamError): void {
    const { transaction, parent, collector } = this;
    transaction.instance?.failed(error.failure);
    transaction.leaveInstance();
    transaction.call = undefined;
    const waiting = this.settle();
    if (waiting !== undefined) waiting.reject(error);
    else if (collector !== undefined) {
      this.collector = undefined;
      collector.onError(error);
    } else if (this.committed && parent !== undefined) parent.onUpstreamError(error);
    else if (this.committed) {
      transaction.outcome = 'upstream-aborted';
      transaction.failed = true;
      transaction.failure = error;
      transaction.response.abort();
    } else {
      this.hasHead = false;
      this.fail(error);
    }
  }

  onClientGone(): void {
    const gone = clientGone();
    this.settle()?.reject(gone);
    this.collector?.onError(gone);
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
      const pending = filter.onRequest?.(this);
      if (pending !== undefined) await pending;
      if (this.interruption !== undefined) throw this.interruption;
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
      const pending = filters[at]?.filter.onResponse?.(this);
      if (pending !== undefined) await pending;
      if (this.interruption !== undefined) throw this.interruption;
    }
  }

  private async runAround(filter: GatewayFilter, at: number): Promise<void> {
    let before: ExchangeMark | undefined;
    await filter.around?.(this, async () => {
      if (this.interruption !== undefined) throw this.interruption;
      if (before === undefined) before = this.mark();
      else this.rewind(before);
      await this.runNested(at + 1);
    });
  }

  private callAndWait(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.callUpstream();
    });
  }

  /** Asks whoever the route and its filters point to; the answer comes through the handler's methods. */
  private callUpstream(): void {
    if (this.transaction.isOver) {
      this.settle()?.reject(clientGone());
      return;
    }
    if (this.interruption !== undefined) return this.giveUp(this.interruption);
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
        const target = this.nextInstance(uri);
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

  /** Asked again, a service gives another instance than the last one, if it has one. */
  private nextInstance(uri: Extract<RouteUri, { kind: 'balanced' }>): UpstreamTarget | undefined {
    const { balancer } = this.transaction.policy;
    let target = balancer.choose(uri);
    for (let tries = 1; tries < 3 && target !== undefined && target.authority === this.asked?.authority; tries++) {
      target = balancer.choose(uri);
    }
    this.asked = target;
    return target;
  }

  private send(target: UpstreamTarget): void {
    const { transaction, request, route } = this;
    const { policy, upgrade } = transaction;
    if (upgrade === undefined && (target.scheme === 'ws' || target.scheme === 'wss')) {
      this.answer({ status: request.method === 'GET' ? 400 : 405 });
      this.finishHead();
      return;
    }
    const settings = upstreamSettingsOf(this.globals.httpclient);
    if (this.substitute !== undefined && upgrade === undefined) {
      if (target instanceof BalancedTarget) transaction.giveTo(target.of);
      return this.sendBySubstitute(this.substitute, target, settings);
    }
    const body = transaction.takeBody();
    const upstreamRequest = {
      target,
      method: request.method,
      path: request.query === undefined ? request.path : `${request.path}?${request.query}`,
      headers: upstreamHeaders(this, target, transaction.host, policy.proxies),
      body,
      repeatable: body === undefined && isIdempotent(request.method),
      connectTimeoutMs: route.connectTimeoutMs,
      responseTimeoutMs: Math.max(0, route.responseTimeoutMs ?? settings.responseTimeoutMs),
      settings,
    };
    if (target instanceof BalancedTarget) transaction.giveTo(target.of);
    if (upgrade !== undefined) {
      transaction.call = upgrade.connect(route, upstreamRequest, this);
    } else if (settings.compression) {
      if (!request.headers.has('accept-encoding')) upstreamRequest.headers.push('Accept-Encoding', ACCEPTED_CODING);
      const decompression = new Decompression(request.method, this);
      transaction.call = decompression.follow(policy.upstreams.send(upstreamRequest, decompression));
    } else {
      transaction.call = policy.upstreams.send(upstreamRequest, this);
    }
  }

  private sendBySubstitute(
    substitute: (call: SubstituteCall) => Promise<SubstituteResponse>,
    target: UpstreamTarget,
    settings: UpstreamSettings,
  ): void {
    const { transaction, route } = this;
    const controller = new AbortController();
    const { signal } = controller;
    transaction.call = { pause: () => undefined, resume: () => undefined, abort: () => controller.abort() };
    substitute({
      exchange: this,
      target,
      settings,
      connectTimeoutMs: route.connectTimeoutMs ?? settings.connectTimeoutMs,
      timeoutMs: Math.max(0, route.responseTimeoutMs ?? settings.responseTimeoutMs),
      signal,
    }).then(
      ({ status, lines, body }) => {
        if (signal.aborted) return;
        transaction.call = undefined;
        transaction.instance?.answered(status);
        this.earlyEnd = [];
        this.newBody = Buffer.from(body);
        this.setHead(status, '', [...lines]);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        transaction.call = undefined;
        if (error instanceof UpstreamError) this.onUpstreamError(error);
        else this.giveUp(error);
      },
    );
  }

  /** `forward:`: another route answers, found with the request as the filters have left it. */
  private forward(path = this.request.path): void {
    const { transaction, request } = this;
    if (++transaction.hops > MAX_HOPS) {
      this.giveUp(new Error(`forwarded more than ${MAX_HOPS} times`));
      return;
    }
    const headers = request.headers.clone();
    headers.remove('origin');
    const forwarded = new IncomingRequest(request.method, { path, query: request.query }, headers, request);
    const match = transaction.snapshot.table.match(forwarded);
    if (match?.route === undefined) {
      if (match !== undefined) return this.giveUp(match.failure);
      this.shortResponse = errorPage(404, path, request.headers.get('accept'));
      this.finishHead();
      return;
    }
    this.child = new ProxiedExchange(forwarded, match.route, match.variables, transaction, this);
    this.child.start();
  }

  /** There is a response that filters may change. */
  private setHead(status: number, reason: string, headers: string[]): void {
    const { response, transaction } = this;
    response.status = status;
    response.reason = reason;
    const { ownLines } = transaction;
    if (ownLines !== undefined && this.parent === undefined) headers = [...ownLines, ...headers];
    response.headers = new HeaderList(headers);
    this.hasHead = true;
    const waiting = this.settle();
    if (waiting !== undefined) {
      transaction.call?.pause();
      waiting.resolve();
      return;
    }
    if (this.route.chain.hasAround) return;
    try {
      const { responseHooks } = this.route.chain;
      for (let at = 0; at < responseHooks.length; at++) {
        const pending = (responseHooks[at] as GatewayFilter).onResponse?.(this);
        if (pending === undefined) continue;
        if (this.collector === undefined) transaction.call?.pause();
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
    const waiting = this.settle();
    if (waiting !== undefined) {
      // Answered in the middle of a nested chain: the filters around it go on.
      waiting.resolve();
      return;
    }
    if (transaction.isOver || this.committed) return;
    if (this.interruption !== undefined) return this.fail(this.interruption);
    this.committed = true;
    if (shortResponse !== undefined || !this.hasHead) {
      this.dropCall();
      // Filters that swallowed the failure without an answer of their own leave an empty success.
      const answer: ShortResponse = shortResponse ?? { status: 200 };
      if (parent === undefined) transaction.respond(answer);
      else parent.adoptAnswer(answer);
      return;
    }
    if (this.newBody !== undefined) {
      this.watcher?.onData(this.newBody);
      this.watcher?.onEnd();
    }
    if (parent !== undefined) {
      parent.child = undefined;
      parent.newBody = this.newBody;
      if (this.newBody === undefined && this.earlyEnd !== undefined) this.watcher?.onEnd();
      parent.earlyEnd = this.earlyEnd;
      parent.setHead(response.status, response.reason, response.headers.raw as string[]);
      return;
    }
    this.writeHead();
  }

  private writeHead(): void {
    const { transaction, response, earlyEnd, newBody } = this;
    transaction.status = response.status;
    transaction.failed ||= response.status >= 500;
    try {
      if (newBody !== undefined) {
        transaction.respondWhole(response.status, response.reason, response.headers.raw, newBody);
        return;
      }
      transaction.response.head(response.status, response.reason, response.headers.raw);
    } catch (error) {
      this.dropCall();
      this.committed = false;
      this.fail(error);
      return;
    }
    if (earlyEnd !== undefined) this.endBody(earlyEnd);
    else transaction.call?.resume();
  }

  private endBody(trailers: readonly string[]): void {
    this.watcher?.onEnd();
    if (this.parent === undefined) this.transaction.end(trailers);
    else this.parent.onUpstreamEnd(trailers as string[]);
  }

  private adoptAnswer(answer: ShortResponse): void {
    this.child = undefined;
    this.shortResponse = answer;
    this.finishHead();
  }

  private giveUp(error: unknown): void {
    const waiting = this.settle();
    if (waiting === undefined) this.fail(error);
    else waiting.reject(error as Error);
  }

  /** Whoever waits is told now, by the caller, and waits no longer. */
  private settle(): Waiting | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }

  /** Nothing but an error is left to answer with. */
  private fail(error: unknown): void {
    const { transaction, parent } = this;
    if (parent !== undefined) {
      // One that was interrupted has nobody to tell any more.
      if (parent.child !== this) return;
      parent.child = undefined;
      parent.giveUp(error);
      return;
    }
    if (transaction.isOver) return;
    if (this.committed) {
      transaction.response.abort();
      return;
    }
    this.dropCall();
    const { use404 } = this.globals.loadBalancer;
    const status = statusOfFailure(error, transaction.policy.errorStatus, use404);
    transaction.failed = error instanceof UpstreamError ? error.failure !== 'request-body' : status >= 500;
    transaction.failure = error;
    transaction.respond(errorPage(status, this.originalPath, this.request.headers.get('accept')));
  }

  private dropCall(): void {
    this.transaction.leaveInstance();
    this.transaction.call?.abort();
    this.transaction.call = undefined;
  }
}

function clientGone(): UpstreamError {
  return new UpstreamError('request-body', 'the client went away');
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

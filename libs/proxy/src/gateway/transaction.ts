import { type CompiledRoute, HeaderList, type ShortResponse, type Snapshot } from '@tigateway/routing';
import type { BalancedInstance } from '../balancing/balanced-instance.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientListener, ClientResponse } from '../ports/client-response.js';
import type { BodySource } from '../ports/request-body.js';
import type { RequestFacts, RequestObserver, RequestOutcome } from '../ports/request-observer.js';
import type { UpstreamCall } from '../ports/upstream-client.js';
import type { PendingUpgrade } from '../websocket/websocket-proxy.js';
import type { GatewayPolicy } from './gateway-policy.js';
import { ReplayableBody } from './replayable-body.js';

/** Who hears that the client has gone before its response was whole. */
export interface ClientWatcher {
  onClientGone(): void;
}

/** What the transactions of one gateway share. */
export interface TransactionOwner {
  readonly policy: GatewayPolicy;
  readonly observer: RequestObserver;
  /** The transaction is over. */
  onDone(): void;
}

/**
 * One request and its response, from the head read to the last byte written, however many routes it passes through
 * (`forward:`) and however often the upstream is asked (`Retry`). The snapshot is read once, at its beginning.
 */
export class Transaction implements ClientListener, RequestFacts {
  readonly method: string;
  readonly remoteAddress: string;
  path = '';
  /** The client's Host header; empty where it is missing. */
  host = '';
  status = 0;
  responseBytes = 0;
  failed = false;
  durationMs = 0;
  outcome: RequestOutcome = 'completed';
  route: CompiledRoute | undefined;
  /** What the client's listener stops where the client goes or is slow. */
  call: UpstreamCall | undefined;
  watcher: ClientWatcher | undefined;
  /** The instance of a service that is at work on it. */
  instance: BalancedInstance | undefined;
  /** Lines that the gateway adds to whatever response there will be: by CORS, by a rate limiter. */
  ownLines: readonly string[] | undefined;
  /** Times that the request was given to another route. */
  hops = 0;
  /** What went wrong, for the log. */
  failure: unknown;
  isOver = false;
  private readonly startedAt = performance.now();
  private replayable: ReplayableBody | undefined;
  private bodyUsed = false;

  constructor(
    readonly request: ClientRequest,
    readonly response: ClientResponse,
    readonly snapshot: Snapshot,
    readonly owner: TransactionOwner,
    /** Set where the client asks for a WebSocket. */
    readonly upgrade?: PendingUpgrade,
  ) {
    this.method = request.method;
    this.remoteAddress = request.remoteAddress;
    response.listener = this;
  }

  get policy(): GatewayPolicy {
    return this.owner.policy;
  }

  get routeId(): string | undefined {
    return this.route?.id;
  }

  get routeUri(): string | undefined {
    return this.route?.definition.uri;
  }

  get target(): string {
    return this.request.target;
  }

  header(name: string): string | undefined {
    return new HeaderList(this.request.headers).get(name);
  }

  /** Keeps the body while it is sent, so that it can be sent again. Before the first attempt only. */
  keepBody(limitBytes: number): void {
    const { body } = this.request;
    if (body === undefined || this.bodyUsed) return;
    this.replayable ??= new ReplayableBody(body);
    this.replayable.keepUpTo(limitBytes);
  }

  /**
   * The whole body, read before the upstream is asked; it goes upstream all the same.
   * @throws ExchangeError 413 where it is larger than `limitBytes`
   */
  readBody(limitBytes: number): Promise<Buffer> {
    this.keepBody(limitBytes);
    this.bodyUsed = true;
    return this.replayable?.collect() ?? Promise.resolve(NO_BODY);
  }

  /**
   * Calls once with the whole body when it has been sent, without keeping it from being sent: at once and with `undefined` where
   * there is none, never where it is larger than `limitBytes` or fails.
   */
  whenBodyIsSent(limitBytes: number, listener: (body: Buffer | undefined) => void): void {
    this.keepBody(limitBytes);
    if (this.request.body === undefined) listener(undefined);
    else this.replayable?.whenWhole((body) => void (body.length <= limitBytes && listener(body)));
  }

  /** False once the body has gone and was not, or not wholly, kept. */
  get canSendBodyAgain(): boolean {
    return this.request.body === undefined || !this.bodyUsed || (this.replayable?.isRepeatable ?? false);
  }

  /** The body for the next attempt. */
  takeBody(): BodySource | undefined {
    if (this.request.body === undefined) return undefined;
    this.bodyUsed = true;
    return this.replayable ?? this.request.body;
  }

  /** Answers with a response of the gateway's own. */
  respond({ status, headers, body }: ShortResponse): void {
    if (this.isOver) return;
    const own = headers?.raw ?? NO_LINES;
    this.respondWhole(status, '', this.ownLines === undefined ? own : [...this.ownLines, ...own], body);
  }

  /** A complete response, its head as it is. */
  respondWhole(status: number, reason: string, lines: readonly string[], body: Buffer | string | undefined): void {
    this.status = status;
    this.request.body?.discard();
    this.responseBytes = body === undefined ? 0 : Buffer.byteLength(body);
    this.response.respond(status, reason, lines.filter(isNotLength(lines)), body);
  }

  /** Ends a response that was streamed; the upstream may not have wanted all of the request. */
  end(trailers: readonly string[]): void {
    this.response.end(trailers);
    this.request.body?.discard();
  }

  /** An instance of a service gets it, in the place of one that had it before. */
  giveTo(instance: BalancedInstance): void {
    this.instance?.ended();
    this.instance = instance;
    instance.began();
  }

  /** What the instance had to say is said, or not waited for any more. */
  leaveInstance(): void {
    this.instance?.ended();
    this.instance = undefined;
  }

  onDrain(): void {
    this.call?.resume();
  }

  onClose(completed: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (!completed) {
      if (this.outcome === 'completed') this.outcome = 'client-aborted';
      this.call?.abort();
      this.watcher?.onClientGone();
    }
    this.leaveInstance();
    this.durationMs = performance.now() - this.startedAt;
    this.owner.onDone();
    this.owner.observer.completed(this);
  }
}

const NO_LINES: readonly string[] = [];
const NO_BODY = Buffer.alloc(0);

/** `Content-Length` is the engine's to write. */
function isNotLength(lines: readonly string[]): (text: string, at: number) => boolean {
  return (_, at) => (lines[at - (at % 2)] as string).toLowerCase() !== 'content-length';
}

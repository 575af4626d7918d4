import type { Duplex } from 'node:stream';
import { HeaderList, type RouteManager, type ShortResponse } from '@tigateway/routing';
import { corsSettingsOf, judgeCors, preflightMethod } from '../cors/cors.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientResponse } from '../ports/client-response.js';
import type { Refusal, RequestHandler } from '../ports/data-plane-server.js';
import type { RequestObserver } from '../ports/request-observer.js';
import { UpgradeResponse } from '../websocket/upgrade-response.js';
import type { WebSocketProxy } from '../websocket/websocket-proxy.js';
import { isRefusedPath } from './ambiguous-path.js';
import { errorPage } from './error-page.js';
import type { GatewayPolicy } from './gateway-policy.js';
import { dropNominated } from './hop-by-hop.js';
import { IncomingRequest } from './incoming-request.js';
import { ProxiedExchange } from './proxied-exchange.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import { Transaction, type TransactionOwner } from './transaction.js';

/** The way of a request: read the snapshot once, find the route, ask CORS, run the chain. */
export class GatewayHandler implements RequestHandler, TransactionOwner {
  /** Requests whose response is not complete yet. */
  inFlight = 0;

  constructor(
    private readonly routes: RouteManager,
    readonly policy: GatewayPolicy,
    private readonly sockets: WebSocketProxy,
    readonly observer: RequestObserver,
  ) {}

  handle(request: ClientRequest, response: ClientResponse): void {
    this.begin(new Transaction(request, response, this.routes.current, this));
  }

  upgrade(
    request: ClientRequest,
    socket: Duplex,
    head: Buffer,
    response: ClientResponse = new UpgradeResponse(socket),
  ): void {
    const pending = this.sockets.pending(socket, head);
    this.begin(new Transaction(request, response, this.routes.current, this, pending));
  }

  refused(refusal: Refusal): void {
    this.observer.refused(refusal);
  }

  onDone(): void {
    this.inFlight--;
  }

  private begin(transaction: Transaction): void {
    this.inFlight++;
    const incoming = this.read(transaction);
    if (incoming !== undefined) this.route(transaction, incoming);
  }

  private read(transaction: Transaction): IncomingRequest | undefined {
    const { request } = transaction;
    const target = parseTarget(request.target);
    if (target === undefined) {
      // `*` asks about the server itself, which has nothing to say.
      transaction.path = request.target;
      transaction.respond(request.target === '*' ? { status: 404 } : BAD_REQUEST);
      return undefined;
    }
    transaction.path = target.path;
    dropNominated(request.headers);
    const headers = new HeaderList(request.headers);
    transaction.host = headers.get('host') ?? '';
    if (!isConsistent(target, transaction.host) || isRefusedPath(target.path, this.policy.ambiguousPaths)) {
      transaction.respond(errorPage(400, target.path, headers.get('accept')));
      return undefined;
    }
    return new IncomingRequest(request.method, target, headers, request);
  }

  private route(transaction: Transaction, request: IncomingRequest): void {
    const { table, globals } = transaction.snapshot;
    const preflight = preflightMethod(request);
    const match = table.match(request, preflight === undefined ? undefined : { method: preflight });
    if (match?.route === undefined) {
      if (preflight !== undefined && match === undefined && globals.cors.answersUnroutedPreflights) {
        const verdict = judgeCors(request, corsSettingsOf(undefined, globals, request), preflight);
        transaction.ownLines = verdict?.lines;
        if (verdict?.response !== undefined) return transaction.respond(verdict.response);
      }
      if (match !== undefined) transaction.failure = match.failure;
      transaction.failed = match !== undefined;
      return transaction.respond(
        errorPage(match === undefined ? 404 : 500, request.path, request.headers.get('accept')),
      );
    }
    const { route, variables } = match;
    transaction.route = route;
    const verdict = judgeCors(request, corsSettingsOf(route, globals, request), preflight);
    if (verdict !== undefined) {
      transaction.ownLines = verdict.lines;
      if (verdict.response !== undefined) return transaction.respond(verdict.response);
    }
    new ProxiedExchange(request, route, variables, transaction).start();
  }
}

const BAD_REQUEST: ShortResponse = { status: 400 };

/** RFC 9112, section 3.2.2: where both name a host they have to agree, or a proxy and its upstream could be set apart. */
function isConsistent({ authority }: RequestTarget, host: string): boolean {
  return authority === undefined || authority.toLowerCase() === host.toLowerCase();
}

import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  DataPlaneServer,
  type ListeningAddress,
  type ListenOptions,
  type RequestHandler,
} from '../ports/data-plane-server.js';
import { NodeExchange, type Peer, peerOf } from './node-exchange.js';
import { framingOf, RefusedRequest } from './request-framing.js';

const PEER = Symbol('peer');
type KnownSocket = Socket & { [PEER]?: Peer };

/**
 * Asks for an upgrade only where a WebSocket is asked for. Node hands every `Upgrade` to the upgrade listener once there is
 * one; but `Upgrade: h2c`, which Java's client sends with each first request, has to be served as if it were not there.
 */
class GatewayMessage extends IncomingMessage {
  private upgradeAsked = false;

  get upgrade(): boolean {
    return this.upgradeAsked && asksForWebSocket(this.rawHeaders);
  }

  set upgrade(asked: boolean) {
    this.upgradeAsked = asked;
  }
}

/** The engine on `node:http`. */
export class NodeServer extends DataPlaneServer {
  private server: Server | undefined;
  private closing = false;
  /** Connections without a request so far: Node does not count them among the idle ones. */
  private readonly silent = new Set<Socket>();
  private readonly isClosing = (): boolean => this.closing;

  async listen({ address, port, limits }: ListenOptions, handler: RequestHandler): Promise<ListeningAddress> {
    const server = createServer({
      IncomingMessage: GatewayMessage,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.max(250, Math.min(5_000, limits.headersTimeoutMs / 2)),
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
    });
    // Node drops the lines past the maximum in silence: one more is let in, so that it can be seen and refused.
    server.maxHeadersCount = limits.maxHeaderCount + 1;
    server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    if (limits.maxConnections > 0) server.maxConnections = limits.maxConnections;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      const exchange = this.accept(request, response, limits.maxHeaderCount);
      if (exchange !== undefined) handler.handle(exchange, exchange);
    };
    server.on('connection', (socket) => {
      this.silent.add(socket);
      socket.once('close', () => this.silent.delete(socket));
    });
    server.on('request', serve);
    server.on('checkContinue', serve);
    server.on('checkExpectation', serve);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const response = new ServerResponse(request);
      const exchange = this.accept(request, response, limits.maxHeaderCount, socket as Socket);
      if (exchange !== undefined) handler.upgrade(exchange, socket, head);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
      refuseConnection(error, socket as Socket),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, backlog: 1024 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.server = server;
    this.closing = false;
    const bound = server.address() as AddressInfo;
    return { address: bound.address, port: bound.port };
  }

  async close(limitMs: number): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    this.closing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    for (const socket of this.silent) socket.destroy();
    const cut = setTimeout(() => server.closeAllConnections(), limitMs);
    await closed;
    clearTimeout(cut);
  }

  private accept(
    request: IncomingMessage,
    response: ServerResponse,
    maxHeaderCount: number,
    upgraded?: Socket,
  ): NodeExchange | undefined {
    const framing =
      request.rawHeaders.length > 2 * maxHeaderCount
        ? new RefusedRequest(431, 'too many headers')
        : request.method === 'CONNECT'
          ? new RefusedRequest(501, 'a gateway is no tunnel')
          : framingOf(request.rawHeaders, request.httpVersionMinor, upgraded !== undefined);
    if (framing instanceof RefusedRequest) {
      if (upgraded) response.assignSocket(upgraded);
      response.shouldKeepAlive = false;
      response.on('finish', () => request.socket.destroySoon());
      response.writeHead(framing.status, ['Content-Type', 'text/plain', 'Connection', 'close']).end(`${framing.why}\n`);
      return undefined;
    }
    const socket = request.socket as KnownSocket;
    let peer = socket[PEER];
    if (peer === undefined) {
      peer = socket[PEER] = peerOf(socket);
      this.silent.delete(socket);
    }
    return new NodeExchange(request, response, framing, peer, this.isClosing);
  }
}

function asksForWebSocket(headers: readonly string[]): boolean {
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name.length === 7 && name.toLowerCase() === 'upgrade') return /^websocket$/i.test(headers[at + 1] as string);
  }
  return false;
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** A connection whose bytes mean nothing any more: one answer if none has begun, then the end. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  const response = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (!socket.writable || error.code === 'ECONNRESET' || response?.headersSent) {
    socket.destroy();
    return;
  }
  const line = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

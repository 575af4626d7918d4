import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Peer, peerOf } from '../addresses/peer.js';
import { Http2Connections } from '../http2/http2-connections.js';
import { beginsHttp2 } from '../http2/preface.js';
import {
  DataPlaneServer,
  type ListeningAddress,
  type ListenOptions,
  type RequestHandler,
} from '../ports/data-plane-server.js';
import { alpnProtocols } from '../tls/alpn.js';
import { ConnectionLimit } from '../ports/connection-limit.js';
import { linger } from '../ports/linger.js';
import { Handshakes } from '../tls/handshakes.js';
import type { ListenerTls } from '../tls/listener-tls.js';
import { NodeExchange } from './node-exchange.js';
import { judge, RefusedRequest } from './request-framing.js';

const PEER = Symbol('peer');
/** What follows a refused request on its connection is nobody's. */
const REFUSED = Symbol('refused');
type KnownSocket = Socket & { [PEER]?: Peer; [REFUSED]?: true };

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

const KEEP_ALIVE_PROBE_MS = 60_000;
/** Node cuts at once all connections that have run out since its last look; the others wait meanwhile. */
const CHECK_INTERVAL_MS = 100;

/** The engine on `node:http`, and `node:http2` for connections that speak that. */
export class NodeServer extends DataPlaneServer {
  private server: Server | undefined;
  private closing = false;
  /** Connections without a request so far: Node does not count them among the idle ones. */
  private readonly silent = new Set<Socket>();
  private http2: Http2Connections | undefined;
  private tls: ListenerTls | undefined;
  private handshakes: Handshakes | undefined;
  private readonly isClosing = (): boolean => this.closing;

  async listen(
    { address, port, limits, tls, http2 = false }: ListenOptions,
    handler: RequestHandler,
  ): Promise<ListeningAddress> {
    const options = {
      IncomingMessage: GatewayMessage,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    };
    const server =
      tls === undefined
        ? createServer(options)
        : createHttpsServer({
            ...options,
            ...tls.serverOptions(alpnProtocols(http2)),
            handshakeTimeout: limits.headersTimeoutMs,
          });
    this.http2 = http2 ? new Http2Connections(limits, handler) : undefined;
    this.tls = tls;
    // Node drops the lines past the maximum in silence: one more is let in, so that it can be seen and refused.
    server.maxHeadersCount = limits.maxHeaderCount + 1;
    server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      const exchange = this.accept(request, response, limits.maxHeaderCount, handler);
      if (exchange !== undefined) handler.handle(exchange, exchange);
    };
    if (tls === undefined) this.divide(server, 'connection', limits.headersTimeoutMs, handler);
    else {
      this.divide(server, 'secureConnection', limits.headersTimeoutMs, handler);
      this.handshakes = new Handshakes(server as HttpsServer);
      tls.follow(server as HttpsServer);
    }
    const limit = new ConnectionLimit(limits.maxConnections);
    const admit = (socket: Socket): void => {
      if (!limit.admits(socket)) socket.destroy();
    };
    // TLS has to have wrapped what is destroyed.
    if (tls === undefined) server.prependListener('connection', admit);
    else server.on('connection', admit);
    server.on('request', serve);
    server.on('checkContinue', serve);
    server.on('checkExpectation', serve);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const response = new ServerResponse(request);
      const exchange = this.accept(request, response, limits.maxHeaderCount, handler, socket as Socket);
      if (exchange !== undefined) handler.upgrade(exchange, socket, head);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
      refuseConnection(error, socket as KnownSocket, handler),
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

  async close(limitMs: number, lingerMs = 0): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    this.closing = true;
    // Node's own would close connections that idle.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    let isEmpty = false;
    void closed.then(() => (isEmpty = true));
    const leftMs = lingerMs > 0 ? await linger(limitMs, lingerMs, () => !isEmpty) : limitMs;
    // What is closed already is an error that is of no interest; it ends the looking for connections that are late.
    server.close(() => undefined);
    server.closeIdleConnections();
    this.tls?.stop();
    this.handshakes?.cut();
    for (const socket of this.silent) socket.destroy();
    const cut = setTimeout(() => server.closeAllConnections(), leftMs);
    await Promise.all([closed, this.http2?.close(leftMs)]);
    clearTimeout(cut);
  }

  /** Node's own reading of HTTP/1.1 gets a connection once it is known not to speak HTTP/2. */
  private divide(
    server: Server,
    event: 'connection' | 'secureConnection',
    headersTimeoutMs: number,
    handler: RequestHandler,
  ): void {
    const [serveHttp1] = server.listeners(event) as ((socket: Socket) => void)[];
    const { http2 } = this;
    server.removeAllListeners(event);
    server.on(event, (socket: Socket) => {
      if (socket.destroyed) return;
      this.silent.add(socket);
      socket.once('close', () => this.silent.delete(socket));
      if (http2 === undefined) serveHttp1?.call(server, socket);
      else if (event === 'connection') {
        lookAhead(socket, headersTimeoutMs, handler, (isHttp2) =>
          isHttp2 ? this.acceptHttp2(http2, socket) : serveHttp1?.call(server, socket),
        );
      } else if ((socket as TLSSocket).alpnProtocol === 'h2') this.acceptHttp2(http2, socket);
      else serveHttp1?.call(server, socket);
    });
  }

  private acceptHttp2(http2: Http2Connections, socket: Socket): void {
    this.silent.delete(socket);
    http2.accept(socket);
  }

  private accept(
    request: IncomingMessage,
    response: ServerResponse,
    maxHeaderCount: number,
    handler: RequestHandler,
    upgraded?: Socket,
  ): NodeExchange | undefined {
    const socket = request.socket as KnownSocket;
    if (socket[REFUSED]) return undefined;
    const framing =
      request.rawHeaders.length > 2 * maxHeaderCount
        ? new RefusedRequest(431, 'too many headers')
        : judge(request, upgraded !== undefined);
    if (framing instanceof RefusedRequest) {
      socket[REFUSED] = true;
      handler.refused?.({ status: framing.status, why: framing.why, remoteAddress: peerOf(socket).address });
      if (upgraded) response.assignSocket(upgraded);
      response.shouldKeepAlive = false;
      response.on('finish', () => request.socket.destroySoon());
      response.writeHead(framing.status, ['Content-Type', 'text/plain', 'Connection', 'close']).end(`${framing.why}\n`);
      return undefined;
    }
    let peer = socket[PEER];
    if (peer === undefined) {
      peer = socket[PEER] = peerOf(socket);
      this.silent.delete(socket);
    }
    return new NodeExchange(request, response, framing, peer, this.isClosing);
  }
}

/** Waits for enough of what a client sends to know what it speaks, and puts it back. */
function lookAhead(
  socket: Socket,
  limitMs: number,
  handler: RequestHandler,
  onKnown: (isHttp2: boolean) => void,
): void {
  let seen: Buffer | undefined;
  const look = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    seen = seen === undefined ? bytes : Buffer.concat([seen, bytes]);
    const isHttp2 = beginsHttp2(seen);
    if (isHttp2 === undefined) return;
    stop();
    socket.unshift(seen);
    onKnown(isHttp2);
  };
  const late = setTimeout(() => {
    stop();
    refuseConnection(
      Object.assign(new Error('no request came in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
      socket,
      handler,
    );
  }, limitMs);
  const ignore = (): void => undefined;
  const stop = (): void => {
    clearTimeout(late);
    socket.off('readable', look).off('end', end).off('close', stop).off('error', ignore);
  };
  const end = (): void => {
    stop();
    socket.destroy();
  };
  socket.on('readable', look).on('end', end).on('close', stop).on('error', ignore);
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
function refuseConnection(error: NodeJS.ErrnoException, socket: KnownSocket, handler: RequestHandler): void {
  const response = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (!socket.writable || error.code === 'ECONNRESET' || response?.headersSent) {
    socket.destroy();
    return;
  }
  const line = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  // Who says nothing at all has asked for nothing: browsers open connections ahead.
  if (!response && socket.bytesRead > 0) {
    const [status = '400', ...why] = line.split(' ');
    handler.refused?.({ status: Number(status), why: why.join(' '), remoteAddress: peerOf(socket).address });
  }
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

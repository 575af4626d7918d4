import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { FORBIDDEN, HttpProblem, MALFORMED_REQUEST, NOT_FOUND, UNAUTHORIZED } from '../problem/http-problem.js';
import { problemAnswer } from '../problem/problem-details.js';
import { PROBLEM_MEDIA_TYPE } from '../problem/problem.filter.js';
import type { AccessRequest, ManagementAccess } from './management-access.js';

const TOKEN_SUBPROTOCOL = 'bearer.';
/** Policy violation (RFC 6455): the client need not come again with the same token. */
const TOKEN_REVOKED = 1008;

/**
 * Lets WebSockets in by the rules of every other call, and refuses them as HTTP does: with a status and problem details. The
 * frame's own adapter asks nobody, and cuts the connection where a path is wrong.
 */
export class ManagementWebSocketAdapter extends WsAdapter {
  private readonly served = new Map<string, WebSocketServer>();
  private stopListening = () => {};

  constructor(
    app: INestApplicationContext,
    private readonly access: ManagementAccess,
  ) {
    super(app);
  }

  /** The frame would subscribe to the messages of each client once more; a gateway without handlers reads its own. */
  override bindMessageHandlers(...args: Parameters<WsAdapter['bindMessageHandlers']>): void {
    if (args[1].length > 0) super.bindMessageHandlers(...args);
  }

  protected override ensureHttpServerExists(port: number, httpServer: Server): Server | undefined {
    if (this.httpServersRegistry.has(port)) return undefined;
    this.httpServersRegistry.set(port, httpServer);
    const listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => this.upgrade(request, socket, head);
    httpServer.on('upgrade', listener);
    this.stopListening = () => httpServer.off('upgrade', listener);
    return httpServer;
  }

  protected override addWsServerToRegistry<T extends Record<'path', string>>(
    server: T,
    port: number,
    path: string,
  ): void {
    super.addWsServerToRegistry(server, port, path);
    this.served.set(server.path, server as unknown as WebSocketServer);
  }

  override async dispose(): Promise<void> {
    this.stopListening();
    await super.dispose();
    this.served.clear();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes the connection over, its errors have no other listener and would end the process.
    const onError = () => socket.destroy();
    socket.on('error', onError);
    const path = (request.url ?? '').split('?', 1)[0] as string;
    const problem = this.refusalOf(request, path);
    const server = this.served.get(path);
    if (problem || !server) {
      refuse(socket, problem ?? new HttpProblem(NOT_FOUND, `no WebSocket at ${path}`), path);
      return;
    }
    socket.off('error', onError);
    server.handleUpgrade(request, socket, head, (client: WebSocket) => {
      const leave = this.access.admit(accessRequestOf(request), () =>
        client.close(TOKEN_REVOKED, 'the token was revoked'),
      );
      client.once('close', leave);
      server.emit('connection', client, request);
    });
  }

  private refusalOf(request: IncomingMessage, path: string): HttpProblem | undefined {
    const { headers } = request;
    const refusal = this.access.refusal(accessRequestOf(request));
    if (refusal?.status === 403) return new HttpProblem(FORBIDDEN, refusal.detail);
    if (refusal) return new HttpProblem(UNAUTHORIZED, refusal.detail, { headers: { 'www-authenticate': 'Bearer' } });
    if (headers.upgrade?.toLowerCase() === 'websocket') return undefined;
    return new HttpProblem(MALFORMED_REQUEST, `${path} cannot be upgraded to ${headers.upgrade ?? 'nothing'}`);
  }
}

function accessRequestOf({ headers, socket }: IncomingMessage): AccessRequest {
  return {
    host: headers.host,
    origin: headers.origin,
    authorization: headers.authorization,
    offeredTokens: offeredTokensOf(headers['sec-websocket-protocol']),
    localAddress: socket.localAddress,
  };
}

function offeredTokensOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL))
    .map((protocol) => protocol.slice(TOKEN_SUBPROTOCOL.length));
}

function refuse(socket: Duplex, problem: HttpProblem, path: string): void {
  const { status, headers, body } = problemAnswer(problem, path);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`);
}

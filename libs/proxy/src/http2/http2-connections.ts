import {
  constants,
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { peerOf } from '../addresses/peer.js';
import type { RequestHandler, ServerLimits } from '../ports/data-plane-server.js';
import { Http2Exchange } from './http2-exchange.js';
import { readHttp2Head } from './http2-head.js';
import { Http2WebSocket } from './http2-websocket.js';

const MAX_CONCURRENT_STREAMS = 128;
/** What a client may send ahead on one stream, in bytes. */
const STREAM_WINDOW_BYTES = 256 * 1024;
/** And on one connection. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** HTTP/2 on connections that an engine has accepted and found to speak it, by `node:http2`. */
export class Http2Connections {
  private readonly server: Http2Server;
  private readonly sessions = new Set<Http2Session>();
  private isClosing = false;
  private onAllGone: (() => void) | undefined;

  constructor(
    private readonly limits: ServerLimits,
    private readonly handler: RequestHandler,
  ) {
    this.server = createServer({
      maxHeaderListPairs: limits.maxHeaderCount + PSEUDO_FIELDS,
      settings: {
        maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
        maxHeaderListSize: limits.maxHeaderBytes,
        initialWindowSize: STREAM_WINDOW_BYTES,
        enableConnectProtocol: true,
      },
    });
    this.server.on('session', (session) => this.onSession(session));
    this.server.on('sessionError', () => undefined);
  }

  /** The connection is ours from here on. What had been read of it was put back with `unshift`. */
  accept(socket: Socket): void {
    if (this.isClosing) socket.destroy();
    else this.server.emit('connection', socket);
  }

  /** Tells clients to open no more streams, lets the open ones end and cuts what is left after `limitMs` milliseconds. */
  async close(limitMs: number): Promise<void> {
    this.isClosing = true;
    if (this.sessions.size === 0) return;
    const allGone = new Promise<void>((resolve) => (this.onAllGone = resolve));
    for (const session of this.sessions) session.close();
    const cut = setTimeout(() => {
      for (const session of this.sessions) session.destroy();
    }, limitMs);
    await allGone;
    clearTimeout(cut);
  }

  private onSession(session: Http2Session): void {
    const { limits } = this;
    const peer = peerOf(session.socket);
    let streams = 0;
    let openStreams = 0;
    this.sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.setTimeout(limits.keepAliveTimeoutMs, () => {
      if (openStreams === 0) session.destroy();
    });
    session.on('error', () => undefined);
    session.on('close', () => {
      this.sessions.delete(session);
      if (this.sessions.size === 0) this.onAllGone?.();
    });
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, lines: string[]) => {
      stream.on('error', () => undefined);
      openStreams++;
      stream.on('close', () => openStreams--);
      if (++streams === limits.maxRequestsPerConnection) session.close();
      const head = readHttp2Head(headers, lines);
      if (head.refusal !== undefined) {
        this.handler.refused?.({ status: head.refusal, why: head.why, remoteAddress: peer.address });
        stream.respond({ ':status': head.refusal }, { endStream: true });
        stream.close(constants.NGHTTP2_NO_ERROR);
        return;
      }
      if (head.webSocketKey === undefined) {
        const exchange = new Http2Exchange(stream, head, peer, limits);
        this.handler.handle(exchange, exchange);
      } else {
        const exchange = new Http2WebSocket(stream, head, head.webSocketKey, peer, limits);
        this.handler.upgrade(exchange, stream, Buffer.alloc(0), exchange);
      }
    });
  }
}

/** `:method`, `:scheme`, `:authority`, `:path`, `:protocol` count among the pairs. */
const PSEUDO_FIELDS = 5;

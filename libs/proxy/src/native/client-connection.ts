import type { Socket } from 'node:net';
import { type Peer, peerOf } from '../addresses/peer.js';
import { Http1Violation, type Http1Limits, type RequestHead, type RequestHeadReader } from '../http1/index.js';
import { beginsHttp2 } from '../http2/preface.js';
import type { Http2Connections } from '../http2/http2-connections.js';
import type { RequestHandler, ServerLimits } from '../ports/data-plane-server.js';
import { type BodyConnection, NativeRequestBody } from './native-request-body.js';
import { type ExchangeConnection, NativeExchange } from './native-exchange.js';
import { receiveInto, stopReceiving } from './incoming.js';
import { Outgoing } from './outgoing.js';
import { ReadMemory } from './read-memory.js';
import { responseHead } from './response-head.js';
import { Deadline, type TimerWheel } from './timer-wheel.js';

/** What all connections of one server share. */
export interface ConnectionHost {
  readonly handler: RequestHandler;
  readonly limits: ServerLimits;
  readonly messageLimits: Http1Limits;
  readonly wheel: TimerWheel;
  readonly isClosing: boolean;
  /** A reader is lent for the time that a head is being read: an idle connection has none. */
  lendReader(): RequestHeadReader;
  takeBackReader(reader: RequestHeadReader): void;
  /** Who takes connections that turn out to speak HTTP/2; `undefined`: nobody. */
  readonly http2: Http2Connections | undefined;
  /** The connection is gone, or belongs to somebody else now. */
  onGone(connection: ClientConnection): void;
}

/** Silence in the middle of a body, or of a response that the client should read, that ends a connection. */
const STALL_LIMIT_MS = 120_000;
/** How long a client is listened to after the last response, so that it can read that before the connection is reset. */
const LINGER_MS = 2_000;

/**
 * One client's connection. Requests are served one after the other: a pipelined one waits, unread, until the system has taken
 * all of the response before it, so that a client that does not read cannot make us work.
 */
export class ClientConnection extends Deadline implements ExchangeConnection, BodyConnection {
  readonly outgoing: Outgoing;
  private readonly memory = new ReadMemory();
  private knownPeer: Peer | undefined;
  private reader: RequestHeadReader | undefined;
  private exchange: NativeExchange | undefined;
  /** The body of the request under way, as long as not all of it was read. */
  private body: NativeRequestBody | undefined;
  /** Bytes that came before somebody wanted them. */
  private unread: Buffer | undefined;
  private isConsuming = false;
  /** Bytes that waited for a slow client when it was last looked at. */
  private stalledLength = 0;
  private isGone = false;
  /** Nothing that came has shown yet what the client speaks. */
  private isUnknown = true;
  private requests = 0;
  /** Nothing more is read or served: the last response is on its way. */
  private isEnding = false;

  constructor(
    private readonly socket: Socket,
    private readonly host: ConnectionHost,
  ) {
    super();
    this.outgoing = new Outgoing(socket, this.onDrain);
    receiveInto(this.memory, socket, this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
    host.wheel.schedule(this, host.limits.headersTimeoutMs);
  }

  /** Neither a request nor a part of one is under way. */
  get isIdle(): boolean {
    return this.exchange === undefined && this.reader === undefined;
  }

  get peer(): Peer {
    return (this.knownPeer ??= peerOf(this.socket));
  }

  mayPersist(): boolean {
    const { maxRequestsPerConnection } = this.host.limits;
    if (maxRequestsPerConnection > 0 && this.requests >= maxRequestsPerConnection) return false;
    return !this.host.isClosing && !this.body?.endsConnection;
  }

  writeContinue(): void {
    if (this.exchange?.headSent !== false) return;
    this.outgoing.add('HTTP/1.1 100 Continue\r\n\r\n');
    this.outgoing.flush();
  }

  resumeReading(): void {
    if (this.isConsuming || this.isEnding) return;
    const { unread } = this;
    this.unread = undefined;
    if (unread) this.consume(unread);
    if (this.unread === undefined && !this.isEnding) this.socket.resume();
  }

  onSlowClient(): void {
    this.stalledLength = this.outgoing.waitingBytes;
    if (this.body === undefined) this.host.wheel.schedule(this, STALL_LIMIT_MS);
  }

  onResponseWritten(): void {
    const { exchange, body } = this;
    exchange?.close(true);
    if (body) body.discard();
    if (!exchange?.persistent || body?.endsConnection || this.isEnding) {
      this.endSoftly();
      return;
    }
    if (this.body === undefined) this.becomeIdle();
    else this.host.wheel.schedule(this, this.host.limits.headersTimeoutMs);
  }

  cut(abruptly: boolean): void {
    if (abruptly && this.peer.scheme === 'http') this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.leave(new Error('the gateway gave the connection up'));
  }

  /** Ends the connection as soon as nothing is under way. */
  endWhenIdle(): void {
    if (this.isIdle) this.destroy();
  }

  destroy(): void {
    this.socket.destroy();
    this.leave(new Error('the gateway closed the connection'));
  }

  override onDeadline(): void {
    if (this.isEnding) {
      this.socket.destroy();
    } else if (this.exchange) {
      this.onStall(this.exchange);
    } else if (this.reader || this.requests === 0) {
      this.refuse(408, 'no request came in time');
    } else {
      this.socket.destroy();
    }
  }

  keep(part: Buffer): Buffer {
    return this.memory.keep(part);
  }

  /** @returns whether some of a body is still to come */
  private readonly onData = (chunk: Buffer): boolean => {
    if (this.isEnding) return false;
    const bytes = this.unread ? Buffer.concat([this.unread, chunk]) : chunk;
    if (this.isUnknown && this.host.http2 !== undefined) {
      const isHttp2 = beginsHttp2(bytes);
      if (isHttp2 === undefined) {
        this.unread = this.keep(bytes);
        return false;
      }
      this.isUnknown = false;
      if (isHttp2) {
        this.detach();
        this.socket.unshift(this.keep(bytes));
        this.host.http2.accept(this.socket);
        return false;
      }
    }
    this.consume(bytes);
    return this.body !== undefined;
  };

  private readonly onDrain = (): void => {
    if (this.body === undefined && this.exchange) this.host.wheel.cancel(this);
    this.exchange?.drained();
  };

  /** A client that has sent all it wants to send has gone: it cannot be told from one that only closed half. */
  private readonly onEnd = (): void => {
    if (this.isEnding) return;
    if (this.exchange || this.reader) this.socket.destroy();
    else this.socket.end();
    this.leave(new Error('the client closed the connection'));
  };

  private readonly onError = (): void => undefined;

  private readonly onClose = (): void => {
    this.leave(new Error('the client closed the connection'));
  };

  /** Reads as far as somebody wants what comes, and keeps the rest. */
  private consume(chunk: Buffer): void {
    let at = 0;
    this.unread = undefined;
    this.isConsuming = true;
    try {
      while (at < chunk.length && !this.isEnding) {
        const next = this.consumeFrom(chunk, at);
        if (next === undefined) {
          this.unread = this.keep(at === 0 ? chunk : chunk.subarray(at));
          this.socket.pause();
          break;
        }
        at = next;
      }
    } catch (error) {
      if (!(error instanceof Http1Violation)) throw error;
      this.refuse(error.status, error.message);
    } finally {
      this.isConsuming = false;
    }
  }

  /** Returns the offset up to which it read, or `undefined` where nobody wants more now. */
  private consumeFrom(chunk: Buffer, from: number): number | undefined {
    const { body } = this;
    if (body) {
      if (!body.isWanted) return undefined;
      const end = body.receive(chunk, from);
      if (body.complete) this.onBodyComplete();
      else if (body.endsConnection && this.exchange?.isClosed) this.endSoftly();
      else this.watchBody();
      return end;
    }
    return this.exchange ? undefined : this.readHead(chunk, from);
  }

  private readHead(chunk: Buffer, from: number): number {
    const isNew = this.reader === undefined;
    const reader = (this.reader ??= this.host.lendReader());
    const end = reader.read(chunk, from);
    if (!reader.complete) {
      if (isNew) this.host.wheel.schedule(this, this.host.limits.headersTimeoutMs);
      return end;
    }
    const head = reader.take();
    this.returnReader();
    this.requests++;
    if (head.upgrade?.toLowerCase() === 'websocket') {
      // Where its content ends, the other protocol would begin: too near to a second reading.
      if (head.body.kind !== 'none') throw new Http1Violation('connection', 'an upgrade with content');
      this.handOver(head, this.keep(chunk.subarray(end)));
      return chunk.length;
    }
    this.serve(head);
    return end;
  }

  private serve(head: RequestHead): void {
    const { handler, limits, messageLimits, wheel } = this.host;
    if (head.body.kind !== 'none')
      this.body = new NativeRequestBody(head.body, messageLimits, head.expectsContinue, this);
    const exchange = new NativeExchange(head, this.body, this);
    this.exchange = exchange;
    if (this.body === undefined) wheel.cancel(this);
    else wheel.schedule(this, limits.requestTimeoutMs > 0 ? limits.requestTimeoutMs : STALL_LIMIT_MS);
    handler.handle(exchange, exchange);
  }

  private handOver(head: RequestHead, rest: Buffer): void {
    const exchange = new NativeExchange(head, undefined, this);
    this.detach();
    this.host.handler.upgrade(exchange, this.socket, rest);
  }

  /** Somebody else goes on with the socket: no listener of ours stays on it. */
  private detach(): void {
    const { socket } = this;
    stopReceiving(socket, this.onData, this.memory);
    this.outgoing.leave();
    socket.off('end', this.onEnd);
    socket.off('error', this.onError);
    socket.off('close', this.onClose);
    socket.pause();
    this.isEnding = true;
    this.isGone = true;
    this.host.wheel.cancel(this);
    this.unread = undefined;
    this.host.onGone(this);
  }

  /** Where the whole request has no time limit, a part of it has. */
  private watchBody(): void {
    if (this.host.limits.requestTimeoutMs === 0 && !this.isEnding) this.host.wheel.schedule(this, STALL_LIMIT_MS);
  }

  private onStall(exchange: NativeExchange): void {
    const { waitingBytes } = this.outgoing;
    const clientReads = this.body === undefined && waitingBytes < this.stalledLength;
    const gatewayWaits = this.host.limits.requestTimeoutMs === 0 && this.body?.isWanted === false;
    if (clientReads || gatewayWaits) {
      this.stalledLength = waitingBytes;
      this.host.wheel.schedule(this, STALL_LIMIT_MS);
    } else if (this.body && !exchange.headSent) {
      this.refuse(408, 'the request did not come in time');
    } else {
      this.destroy();
    }
  }

  private onBodyComplete(): void {
    this.body = undefined;
    this.host.wheel.cancel(this);
    if (this.exchange?.isClosed) this.becomeIdle();
  }

  /** The exchange is over, and so is its request: the next one may come. */
  private becomeIdle(): void {
    this.exchange = undefined;
    if (this.host.isClosing) {
      this.endSoftly();
      return;
    }
    this.host.wheel.schedule(this, this.host.limits.keepAliveTimeoutMs);
    this.resumeReading();
  }

  /** One answer, if none has begun, then the end. */
  private refuse(status: number, why: string): void {
    const { exchange, body } = this;
    const answered = exchange?.headSent === true;
    // Who says nothing at all has asked for nothing: browsers open connections ahead.
    if (exchange === undefined && (status !== 408 || this.reader !== undefined)) {
      this.host.handler.refused?.({ status, why, remoteAddress: this.peer.address });
    }
    this.isEnding = true;
    exchange?.close(false);
    body?.fail(new Error(why));
    if (answered) {
      this.socket.destroy();
      return;
    }
    const text = `${why}\n`;
    const headers = ['Content-Type', 'text/plain; charset=utf-8'];
    this.outgoing.add(
      responseHead(status, '', headers, { chunked: false, contentLength: text.length, connection: 'close' }) + text,
    );
    this.endSoftly();
  }

  /** What the client still sends is read away for a while: a reset would take the last response from it. */
  private endSoftly(): void {
    this.isEnding = true;
    this.unread = undefined;
    this.outgoing.flush();
    this.socket.end();
    this.socket.resume();
    this.host.wheel.schedule(this, LINGER_MS);
  }

  private leave(reason: Error): void {
    if (this.isGone) return;
    const { exchange, body } = this;
    this.isGone = true;
    this.isEnding = true;
    this.body = undefined;
    this.exchange = undefined;
    this.unread = undefined;
    this.returnReader();
    this.host.wheel.cancel(this);
    this.host.onGone(this);
    exchange?.close(false);
    body?.fail(reason);
  }

  private returnReader(): void {
    if (this.reader) this.host.takeBackReader(this.reader);
    this.reader = undefined;
  }
}

import type { ClientRequest as OutgoingRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connectFailureOf } from '../connect/upstream-connector.js';
import type { UpstreamCall, UpstreamHandler } from '../ports/upstream-client.js';
import { UpstreamError } from '../ports/upstream-client.js';
import { CLOSE_GRACE_MS, type TunnelClient, TunnelEnd, type TunnelLimits } from './tunnel-end.js';

/** One WebSocket on its way from the handshake to its end. */
export class WebSocketTunnel implements UpstreamCall {
  readonly end: TunnelEnd;
  private timer: NodeJS.Timeout | undefined;
  private outgoing: OutgoingRequest | undefined;
  private upstream: Socket | undefined;
  private isUpgrade = false;
  private isOver = false;

  constructor(
    client: TunnelClient,
    head: Buffer,
    /** From the connection to the head of the answer, in milliseconds; 0 for none. */
    private readonly responseTimeoutMs: number,
    private readonly handler: UpstreamHandler,
    /** The handshake is through. */
    private readonly onOpen: () => void,
    limits: TunnelLimits,
  ) {
    this.end = new TunnelEnd(client, head, (chunk) => this.onRefusalData(chunk), limits);
  }

  /** Takes part in the handshake that http-proxy is about to start, ahead of http-proxy's own listeners. */
  follow(outgoing: OutgoingRequest): void {
    this.outgoing = outgoing;
    outgoing.once('socket', (socket) => {
      this.upstream = socket;
      if (this.responseTimeoutMs > 0) this.limit(this.responseTimeoutMs);
    });
    outgoing.on('upgrade', (response: IncomingMessage) => {
      clearTimeout(this.timer);
      this.isUpgrade = true;
      // A copy: http-proxy reads the original after us.
      this.handler.onUpstreamHead(101, response.statusMessage ?? '', [...response.rawHeaders]);
    });
    outgoing.on('response', (response: IncomingMessage) => {
      clearTimeout(this.timer);
      this.handler.onUpstreamHead(response.statusCode ?? 502, response.statusMessage ?? '', [...response.rawHeaders]);
      response.on('end', () => this.finish(() => this.handler.onUpstreamEnd(response.rawTrailers)));
      response.on('error', (error) => this.fail(error));
    });
  }

  /** http-proxy's word that the upstream cannot be had, or is gone. */
  fail(error: Error & { code?: string }): void {
    this.finish(() => {
      if (this.isUpgrade) this.end.destroy();
      else if (error instanceof UpstreamError) this.handler.onUpstreamError(error);
      else {
        const failure = this.upstream === undefined ? connectFailureOf(error) : 'reset';
        this.handler.onUpstreamError(new UpstreamError(failure, error.message, { cause: error }));
      }
    });
  }

  pause(): void {
    this.end.hold();
  }

  resume(): void {
    if (this.isUpgrade && !this.isOver) {
      this.isOver = true;
      this.end.once('close', () => this.letGo());
      this.end.open();
      this.onOpen();
    }
    this.end.letFlow();
  }

  abort(): void {
    this.finish(() => {
      this.outgoing?.destroy();
      this.upstream?.destroy();
      this.end.destroy();
    });
  }

  /** Without this an upstream would never hear of a client whose connection broke: http-proxy tells it of orderly ends alone. */
  private letGo(): void {
    const { upstream } = this;
    if (upstream === undefined || upstream.destroyed) return;
    const timer = setTimeout(() => upstream.destroy(), CLOSE_GRACE_MS).unref();
    upstream.once('close', () => clearTimeout(timer));
    upstream.end();
    upstream.resume();
  }

  private onRefusalData(chunk: Buffer): void {
    if (!this.isOver) this.handler.onUpstreamData(chunk);
  }

  private limit(ms: number): void {
    this.timer = setTimeout(() => {
      const { outgoing } = this;
      this.fail(new UpstreamError('response-timeout', `no WebSocket within ${ms} ms`));
      outgoing?.destroy();
    }, ms);
  }

  private finish(last: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    last();
  }
}

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { closeFrame, GOING_AWAY, maskedCloseFrame, MESSAGE_TOO_BIG } from './close-frame.js';
import { FrameBoundary } from './frame-boundary.js';

/** How long the frame in hand may take to end, the client to answer our close frame, and an upstream to see that it has gone. */
export const CLOSE_GRACE_MS = 2_000;

/** What one WebSocket may take. */
export interface TunnelLimits {
  /** Of one frame's payload, either way; a longer one closes it with 1009. */
  readonly maxFrameBytes: number;
  /** Silence in both directions that closes it with 1001, in milliseconds; 0: none does. */
  readonly idleMs: number;
}

/** A connection of the client's, or one stream of it. */
export type TunnelClient = Duplex & Pick<Socket, 'setTimeout'> & Partial<Pick<Socket, 'setNoDelay' | 'setKeepAlive'>>;

type Done = (error?: Error | null) => void;

/**
 * The client's connection as `http-proxy` gets it. What http-proxy writes first is a head of its own making, which is left
 * out: the gateway writes that. What comes after it waits until the gateway lets it flow. Then bytes pass, and a close frame
 * can be put between two frames of the upstream's.
 */
export class TunnelEnd extends Duplex {
  private headSkipped = false;
  private flows = false;
  private isOpen = false;
  private closeCode: number | undefined;
  private isClosing = false;
  private held: { readonly chunk: Buffer; readonly done: Done } | undefined;
  private afterDrain: Done | undefined;
  private readonly fromUpstream: FrameBoundary;
  private readonly fromClient: FrameBoundary;

  constructor(
    readonly client: TunnelClient,
    private readonly head: Buffer,
    /** Takes the body of a response that is no upgrade. */
    private readonly onRefusalData: (chunk: Buffer) => void,
    private readonly limits: TunnelLimits,
  ) {
    super();
    this.fromUpstream = new FrameBoundary(limits.maxFrameBytes);
    this.fromClient = new FrameBoundary(limits.maxFrameBytes);
    this.on('error', () => undefined);
  }

  /** The handshake is through: bytes from now on are frames. To be called before `letFlow`. */
  open(): void {
    this.isOpen = true;
    const { client } = this;
    client.setTimeout(this.limits.idleMs, () => this.closeWith(GOING_AWAY));
    if (this.head.length > 0) client.unshift(this.head);
    client.on('data', (chunk: Buffer) => this.onClientData(chunk));
    client.on('end', () => {
      if (this.isClosing) client.end();
      else this.push(null);
    });
    client.on('drain', () => this.goOn());
    client.on('close', () => this.destroy());
    client.resume();
  }

  letFlow(): void {
    this.flows = true;
    const { held } = this;
    this.held = undefined;
    if (held !== undefined) this.deliver(held.chunk, held.done);
  }

  hold(): void {
    this.flows = false;
  }

  /** Ends the connection properly: a close frame as soon as the upstream's frame in hand is through, then the end. */
  closeWith(code: number): void {
    if (this.closeCode !== undefined || this.client.destroyed) return;
    this.closeCode = code;
    setTimeout(() => this.client.destroy(), CLOSE_GRACE_MS).unref();
    if (this.fromUpstream.isHere) this.sendClose(code);
  }

  // http-proxy sets these on what it takes for a socket.
  setTimeout(): this {
    return this;
  }

  setNoDelay(on?: boolean): this {
    this.client.setNoDelay?.(on);
    return this;
  }

  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.client.setKeepAlive?.(on, delayMs);
    return this;
  }

  override _read(): void {
    if (this.isOpen) this.client.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (!this.headSkipped) {
      this.headSkipped = true;
      done();
    } else if (this.flows) {
      this.deliver(chunk, done);
    } else {
      this.held = { chunk, done };
    }
  }

  override _final(done: Done): void {
    if (this.isOpen && !this.isClosing) this.client.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.isOpen && !this.isClosing) this.client.destroy();
    this.goOn();
    done(error);
  }

  private deliver(chunk: Buffer, done: Done): void {
    if (this.isClosing) {
      done();
    } else if (!this.isOpen) {
      this.onRefusalData(chunk);
      done();
    } else {
      this.passFrames(chunk, done);
    }
  }

  private passFrames(chunk: Buffer, done: Done): void {
    const { fromUpstream } = this;
    if (fromUpstream.tooLongAt !== undefined) return done();
    const boundary = fromUpstream.pass(chunk);
    if (fromUpstream.tooLongAt !== undefined) {
      if (fromUpstream.tooLongAt > 0) this.client.write(chunk.subarray(0, fromUpstream.tooLongAt));
      this.onTooLong(fromUpstream);
      done();
      return;
    }
    if (this.closeCode !== undefined && boundary >= 0) {
      this.client.write(chunk.subarray(0, boundary));
      this.sendClose(this.closeCode);
      done();
    } else if (this.client.write(chunk)) {
      done();
    } else {
      this.afterDrain = done;
    }
  }

  private onClientData(chunk: Buffer): void {
    if (this.isClosing) {
      // The client's answer to our close frame, or what it had sent before: either way there is nothing left to say.
      this.client.end();
      return;
    }
    const { fromClient } = this;
    if (fromClient.tooLongAt !== undefined) return;
    fromClient.pass(chunk);
    if (fromClient.tooLongAt !== undefined) {
      if (fromClient.tooLongAt > 0) this.push(chunk.subarray(0, fromClient.tooLongAt));
      this.onTooLong(fromClient);
      return;
    }
    if (!this.push(chunk)) this.client.pause();
  }

  private onTooLong({ tooLongAt = 0 }: FrameBoundary): void {
    if (tooLongAt >= 0) this.closeWith(MESSAGE_TOO_BIG);
    // Its first bytes have gone on: nothing can be said any more.
    else this.destroy();
  }

  private sendClose(code: number): void {
    this.isClosing = true;
    this.client.write(closeFrame(code));
    if (this.fromClient.isHere) this.push(maskedCloseFrame(code));
    this.push(null);
    if (this.client.readableEnded) this.client.end();
    else this.client.resume();
  }

  private goOn(): void {
    const { afterDrain } = this;
    this.afterDrain = undefined;
    afterDrain?.();
  }
}

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { closeFrame, maskedCloseFrame } from './close-frame.js';
import { FrameBoundary } from './frame-boundary.js';

/** How long the frame in hand may take to end, and the client to answer our close frame. */
const CLOSE_GRACE_MS = 2_000;

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
  private readonly fromUpstream = new FrameBoundary();
  private readonly fromClient = new FrameBoundary();

  constructor(
    readonly client: Socket,
    private readonly head: Buffer,
    /** Takes the body of a response that is no upgrade. */
    private readonly onRefusalData: (chunk: Buffer) => void,
  ) {
    super();
    this.on('error', () => undefined);
  }

  /** The handshake is through: bytes from now on are frames. To be called before `letFlow`. */
  open(): void {
    this.isOpen = true;
    const { client } = this;
    client.setTimeout(0);
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
    this.client.setNoDelay(on);
    return this;
  }

  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.client.setKeepAlive(on, delayMs);
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
    const boundary = this.fromUpstream.pass(chunk);
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
    this.fromClient.pass(chunk);
    if (!this.push(chunk)) this.client.pause();
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

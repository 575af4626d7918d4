import { Readable } from 'node:stream';
import type { BodySink, BodySource } from '../ports/request-body.js';

/**
 * A body as the stream that undici reads. Destroying it does not touch the client's connection: a response that comes before
 * the whole request was read still has to get back.
 */
export class BodyStream extends Readable implements BodySink {
  private started = false;

  constructor(private readonly source: BodySource) {
    super({ highWaterMark: 64 * 1024 });
  }

  override _read(): void {
    if (this.started) {
      this.source.resume();
      return;
    }
    this.started = true;
    this.source.read(this);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.readableEnded) this.source.pause();
    callback(error);
  }

  onBodyData(chunk: Buffer): void {
    if (this.destroyed) return;
    if (!this.push(chunk)) this.source.pause();
  }

  onBodyEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  onBodyError(error: Error): void {
    this.destroy(error);
  }
}

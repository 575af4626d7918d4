import type { BodyFraming } from './framing.js';
import type { Http1Limits } from './limits.js';
import { ChunkedReader } from './chunked-reader.js';
import { Http1Violation } from './violation.js';

/** Takes content as it is read: slices of the chunks that came, never copies. */
export interface ContentSink {
  onContent(content: Buffer): void;
}

const NO_TRAILERS: readonly string[] = [];

/** Reads the content of one message, however it is framed. */
export class BodyReader {
  /** True: all of the content and the trailers were read. Never for content that ends with the connection. */
  complete = false;
  private remaining: number;
  private readonly chunked: ChunkedReader | undefined;

  /** @throws Http1Violation where the length is beyond the limit */
  constructor(framing: BodyFraming, limits: Http1Limits) {
    this.chunked = framing.kind === 'chunked' ? new ChunkedReader(limits) : undefined;
    this.endsWithConnection = framing.kind === 'until-close';
    this.remaining = framing.kind === 'length' ? framing.length : limits.maxBodyBytes;
    this.complete = framing.kind === 'none';
    if (this.remaining > limits.maxBodyBytes) {
      throw new Http1Violation('body-length', `more than ${limits.maxBodyBytes} bytes of content`);
    }
  }

  readonly endsWithConnection: boolean;

  /** `[name, value, …]`, once complete. */
  get trailers(): readonly string[] {
    return this.chunked?.trailers ?? NO_TRAILERS;
  }

  /**
   * Reads on from `chunk[from]` and returns the offset after the last byte of the message in it.
   * @throws Http1Violation
   */
  read(chunk: Buffer, from: number, sink: ContentSink): number {
    if (this.chunked) {
      const end = this.chunked.read(chunk, from, sink);
      this.complete = this.chunked.complete;
      return end;
    }
    const end = Math.min(chunk.length, from + this.remaining);
    if (this.endsWithConnection && end < chunk.length)
      throw new Http1Violation('body-length', 'more content than the limit');
    this.remaining -= end - from;
    this.complete = this.remaining === 0 && !this.endsWithConnection;
    if (end > from) sink.onContent(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
    return end;
  }
}

import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { hasNoContent } from '../http1/index.js';
import { UpstreamError, type UpstreamCall, type UpstreamHandler } from '../ports/upstream-client.js';

/** What upstreams are asked for where the client did not ask. */
export const ACCEPTED_CODING = 'gzip';

const NO_CALL: UpstreamCall = { pause: () => undefined, resume: () => undefined, abort: () => undefined };

/**
 * Takes the content coding off a response on its way to `handler`: `httpclient.compression`. What is coded otherwise, or not at
 * all, passes as it is. It holds no more than the streams' own buffers, however small the response was.
 */
export class Decompression implements UpstreamHandler, UpstreamCall {
  private call: UpstreamCall = NO_CALL;
  private decoder: Transform | undefined;
  private hasContent = false;
  private isPaused = false;
  private isOver = false;
  private trailers: string[] = [];

  constructor(
    private readonly method: string,
    private readonly handler: UpstreamHandler,
  ) {}

  /** @returns itself, in the place of the call that it stands in front of */
  follow(call: UpstreamCall): UpstreamCall {
    this.call = call;
    return this;
  }

  onUpstreamInformational(status: number, headers: string[]): void {
    this.handler.onUpstreamInformational(status, headers);
  }

  onUpstreamHead(status: number, reason: string, headers: string[]): void {
    if (this.method !== 'HEAD' && !hasNoContent(status)) this.decoder = this.decoderFor(headers);
    this.handler.onUpstreamHead(status, reason, this.decoder === undefined ? headers : withoutCoding(headers));
  }

  onUpstreamData(chunk: Buffer): void {
    const { decoder } = this;
    this.hasContent = true;
    if (decoder === undefined) this.handler.onUpstreamData(chunk);
    else if (!decoder.write(chunk)) this.call.pause();
  }

  onUpstreamEnd(trailers: string[]): void {
    this.trailers = trailers;
    if (this.decoder !== undefined && this.hasContent) this.decoder.end();
    else this.handler.onUpstreamEnd(trailers);
  }

  onUpstreamError(error: UpstreamError): void {
    if (this.isOver) return;
    this.stop();
    this.handler.onUpstreamError(error);
  }

  pause(): void {
    this.isPaused = true;
    if (this.decoder === undefined) this.call.pause();
    else this.decoder.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.decoder === undefined) this.call.resume();
    else this.decoder.resume();
  }

  abort(): void {
    this.stop();
    this.call.abort();
  }

  private decoderFor(headers: readonly string[]): Transform | undefined {
    const decoder = decoderOf(codingOf(headers));
    decoder
      ?.on('data', (chunk: Buffer) => {
        if (!this.isOver) this.handler.onUpstreamData(chunk);
      })
      .on('drain', () => this.call.resume())
      .on('end', () => {
        if (!this.isOver) this.handler.onUpstreamEnd(this.trailers);
      })
      .on('error', (error: Error) => {
        if (this.isOver) return;
        this.abort();
        this.handler.onUpstreamError(
          new UpstreamError('protocol', `the response is not coded as it says: ${error.message}`, { cause: error }),
        );
      });
    if (this.isPaused) decoder?.pause();
    return decoder;
  }

  private stop(): void {
    this.isOver = true;
    this.decoder?.destroy();
  }
}

function codingOf(headers: readonly string[]): string {
  let coding = '';
  for (let at = 0; at < headers.length; at += 2) {
    if ((headers[at] as string).toLowerCase() === 'content-encoding') coding += (headers[at + 1] as string).trim();
  }
  return coding.toLowerCase();
}

/** Every piece goes on as soon as it is there, or an event stream would wait for the next one. */
function decoderOf(coding: string): Transform | undefined {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ flush: constants.Z_SYNC_FLUSH });
    case 'deflate':
      return createInflate({ flush: constants.Z_SYNC_FLUSH });
    case 'br':
      return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    default:
      return undefined;
  }
}

/** Neither coding nor length are those of the content that goes on. */
function withoutCoding(headers: readonly string[]): string[] {
  return headers.filter((_, at) => {
    const name = (headers[at - (at % 2)] as string).toLowerCase();
    return name !== 'content-encoding' && name !== 'content-length';
  });
}

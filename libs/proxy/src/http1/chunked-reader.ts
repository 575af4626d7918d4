import type { ContentSink } from './body-reader.js';
import {
  BACKSLASH,
  CR,
  DIGIT,
  EQUALS,
  FIELD_VALUE,
  HEX_DIGIT,
  isOf,
  LF,
  QUOTE,
  SEMICOLON,
  TOKEN,
} from './characters.js';
import type { Http1Limits } from './limits.js';
import { TrailerReader } from './trailers.js';
import { Http1Violation } from './violation.js';

const SIZE = 0;
const EXTENSION_NAME = 1;
const EXTENSION_VALUE = 2;
const QUOTED = 3;
const QUOTED_PAIR = 4;
const AFTER_QUOTED = 5;
const SIZE_LINE_FEED = 6;
const DATA = 7;
const DATA_CR = 8;
const DATA_LINE_FEED = 9;
const TRAILERS = 10;
const COMPLETE = 11;

/** Leading zeros included: more digits than any size that a double counts exactly. */
const MAX_SIZE_DIGITS = 13;

/**
 * Takes chunked coding off (RFC 9112 section 7.1), given in any pieces. Extensions are checked and dropped; no white space is
 * allowed anywhere in a chunk's first line.
 */
export class ChunkedReader {
  private state = SIZE;
  private size = 0;
  private sizeDigits = 0;
  /** Bytes of a token in an extension so far: an empty one is none. */
  private tokenLength = 0;
  private extensionBytes = 0;
  private contentBytes = 0;
  private trailerReader: TrailerReader | undefined;
  trailers: readonly string[] = [];

  constructor(private readonly limits: Http1Limits) {}

  get complete(): boolean {
    return this.state === COMPLETE;
  }

  /** @throws Http1Violation */
  read(chunk: Buffer, from: number, sink: ContentSink): number {
    let at = from;
    while (at < chunk.length && this.state !== COMPLETE) {
      switch (this.state) {
        case DATA: {
          const end = Math.min(chunk.length, at + this.size);
          this.size -= end - at;
          if (this.size === 0) this.state = DATA_CR;
          sink.onContent(chunk.subarray(at, end));
          at = end;
          break;
        }
        case TRAILERS:
          at = this.readTrailers(chunk, at);
          break;
        default:
          this.readSyntax(chunk[at] as number);
          at++;
      }
    }
    return at;
  }

  /** One byte of what is neither content nor trailer. */
  private readSyntax(byte: number): void {
    switch (this.state) {
      case SIZE:
        if (isOf(HEX_DIGIT, byte)) return this.addSizeDigit(byte);
        if (this.sizeDigits === 0) throw new Http1Violation('chunk', 'a chunk size that is no hexadecimal number');
        return this.endElement(byte);
      case EXTENSION_NAME:
      case EXTENSION_VALUE:
        this.countExtensionByte();
        if (isOf(TOKEN, byte)) {
          this.tokenLength++;
          return;
        }
        if (this.tokenLength > 0) {
          if (byte === EQUALS && this.state === EXTENSION_NAME) {
            this.tokenLength = 0;
            this.state = EXTENSION_VALUE;
            return;
          }
          return this.endElement(byte);
        }
        if (byte !== QUOTE || this.state !== EXTENSION_VALUE)
          throw new Http1Violation('chunk', 'an empty chunk extension');
        this.state = QUOTED;
        return;
      case QUOTED:
        this.countExtensionByte();
        if (byte === QUOTE) this.state = AFTER_QUOTED;
        else if (byte === BACKSLASH) this.state = QUOTED_PAIR;
        else if (!isOf(FIELD_VALUE, byte)) throw new Http1Violation('chunk', 'a byte that no quoted string may hold');
        return;
      case QUOTED_PAIR:
        this.countExtensionByte();
        if (!isOf(FIELD_VALUE, byte)) throw new Http1Violation('chunk', 'a byte that no quoted string may hold');
        this.state = QUOTED;
        return;
      case AFTER_QUOTED:
        this.countExtensionByte();
        return this.endElement(byte);
      case SIZE_LINE_FEED:
        if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
        return this.beginData();
      case DATA_CR:
        if (byte !== CR) throw new Http1Violation('chunk', 'a chunk that is longer than its size');
        this.state = DATA_LINE_FEED;
        return;
      case DATA_LINE_FEED:
        if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
        this.state = SIZE;
        this.size = 0;
        this.sizeDigits = 0;
        return;
    }
  }

  private addSizeDigit(byte: number): void {
    if (this.sizeDigits === MAX_SIZE_DIGITS) throw new Http1Violation('chunk', 'a chunk size beyond all bounds');
    this.sizeDigits++;
    this.size = this.size * 16 + (isOf(DIGIT, byte) ? byte - 0x30 : (byte & 0xdf) - 0x37);
  }

  /** After a size or an extension: another extension or the line's end. */
  private endElement(byte: number): void {
    if (byte === CR) {
      this.state = SIZE_LINE_FEED;
    } else if (byte === SEMICOLON) {
      this.tokenLength = 0;
      this.state = EXTENSION_NAME;
    } else {
      throw new Http1Violation('chunk', 'a byte that may not follow a chunk size');
    }
  }

  private countExtensionByte(): void {
    if (++this.extensionBytes > this.limits.maxChunkExtensionBytes) {
      throw new Http1Violation('chunk-extension', 'too many bytes of chunk extensions');
    }
  }

  private beginData(): void {
    if (this.size === 0) {
      this.trailerReader = new TrailerReader(this.limits);
      this.state = TRAILERS;
      return;
    }
    this.contentBytes += this.size;
    if (this.contentBytes > this.limits.maxBodyBytes) {
      throw new Http1Violation('body-length', `more than ${this.limits.maxBodyBytes} bytes of content`);
    }
    this.state = DATA;
  }

  private readTrailers(chunk: Buffer, from: number): number {
    const reader = this.trailerReader as TrailerReader;
    const end = reader.read(chunk, from);
    if (reader.complete) {
      this.trailers = reader.take();
      this.state = COMPLETE;
    }
    return end;
  }
}

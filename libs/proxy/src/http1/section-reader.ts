import { COLON, CR, FIELD_VALUE, HTAB, isOf, LF, SP, TOKEN } from './characters.js';
import type { Http1Limits } from './limits.js';
import { Http1Violation } from './violation.js';

const START_LINE = 0;
const LINE_START = 1;
const NAME = 2;
const BEFORE_VALUE = 3;
const VALUE = 4;
const LINE_FEED = 5;
const LAST_LINE_FEED = 6;
const COMPLETE = 7;

/** Where a field's name and value begin and end: four positions a field. */
const POSITIONS_PER_FIELD = 4;

const SMALLEST_HOLD = 512;

/**
 * Reads `start-line *( field-line CRLF ) CRLF` (RFC 9112 section 2.1), given in any pieces. Every byte is looked at once, when
 * it comes, so that the outcome does not depend on how the network cut the text; nothing is copied where a whole section
 * comes in one piece. Subclasses know the start line.
 *
 * Positions count from the section's first byte, whichever piece a byte came in.
 */
export abstract class SectionReader {
  private state = START_LINE;
  /** Bytes of the section in earlier pieces. */
  private length = 0;
  /** Those bytes, once there was an earlier piece; longer than `length`. */
  private held: Buffer | undefined;
  /** Of the fields read so far; what stands beyond `positionCount` is an earlier section's. */
  private readonly positions: number[] = [];
  private positionCount = 0;
  private lineStart = 0;

  constructor(protected readonly limits: Http1Limits) {}

  /** True: the section has been read to its end; take its parts, then `reset`. */
  get complete(): boolean {
    return this.state === COMPLETE;
  }

  /** True: some of the section's bytes have come. */
  get begun(): boolean {
    return this.length > 0;
  }

  /**
   * Reads on from `chunk[from]` to the section's end or the chunk's, and returns the offset after the last byte used. `chunk`
   * is not kept.
   * @throws Http1Violation
   */
  read(chunk: Buffer, from: number): number {
    const stop = Math.min(chunk.length, from + this.limits.maxHeadBytes - this.length);
    const origin = this.length - from;
    let at = from;
    if (this.state === START_LINE) at = this.readStartLine(chunk, at, stop, origin);
    if (this.state !== START_LINE) at = this.readFields(chunk, at, stop, origin);
    if (this.state === COMPLETE) {
      const text = this.held
        ? this.hold(chunk, from, at).toString('latin1', 0, this.length)
        : chunk.toString('latin1', from, at);
      this.finish(text);
    } else if (stop < chunk.length) {
      throw new Http1Violation('head-length', `more than ${this.limits.maxHeadBytes} bytes of header`);
    } else {
      this.hold(chunk, from, at);
    }
    return at;
  }

  /** Makes the reader ready for the next section. */
  reset(): void {
    this.state = START_LINE;
    this.length = 0;
    this.held = undefined;
    this.positionCount = 0;
  }

  /**
   * Reads the start line with its line end; `origin + offset` is a byte's position. Calls `endStartLine` after the last byte of
   * it. Returns the offset after the last byte used.
   */
  protected abstract readStartLine(chunk: Buffer, from: number, stop: number, origin: number): number;

  /** The section is complete and `text` is all of it. */
  protected abstract finish(text: string): void;

  protected endStartLine(): void {
    this.state = LINE_START;
  }

  /** `[name, value, …]`, as sent but for the white space around values. */
  protected fields(text: string): string[] {
    const { positions, positionCount } = this;
    const fields: string[] = [];
    for (let at = 0; at < positionCount; at += POSITIONS_PER_FIELD) {
      fields.push(
        text.substring(positions[at] as number, positions[at + 1]),
        text.substring(positions[at + 2] as number, positions[at + 3]),
      );
    }
    return fields;
  }

  private readFields(chunk: Buffer, from: number, stop: number, origin: number): number {
    const { positions } = this;
    const { maxLineBytes, maxFields } = this.limits;
    let { state } = this;
    let at = from;
    let lineStop = Math.min(stop, this.lineStart + maxLineBytes - origin);
    while (at < stop) {
      const byte = chunk[at] as number;
      switch (state) {
        case LINE_START:
          if (byte === CR) {
            state = LAST_LINE_FEED;
            at++;
            break;
          }
          if (byte === SP || byte === HTAB) throw new Http1Violation('line-folding', 'a folded header line');
          if (!isOf(TOKEN, byte)) throw new Http1Violation('field-name', 'a header line without a name');
          if (this.positionCount === maxFields * POSITIONS_PER_FIELD) {
            throw new Http1Violation('field-count', `more than ${maxFields} header lines`);
          }
          this.lineStart = at + origin;
          lineStop = Math.min(stop, at + maxLineBytes);
          positions[this.positionCount++] = this.lineStart;
          state = NAME;
          break;
        case NAME:
          while (at < lineStop && isOf(TOKEN, chunk[at])) at++;
          if (at === stop) break;
          if (at === lineStop) throw this.lineTooLong();
          if (chunk[at] !== COLON) throw new Http1Violation('field-name', 'a byte that no header name may hold');
          positions[this.positionCount++] = at + origin;
          state = BEFORE_VALUE;
          at++;
          break;
        case BEFORE_VALUE:
          if (byte === SP || byte === HTAB) {
            if (at === lineStop) throw this.lineTooLong();
            at++;
            break;
          }
          positions[this.positionCount++] = at + origin;
          positions[this.positionCount++] = at + origin;
          state = VALUE;
          break;
        case VALUE: {
          const pieceStart = at;
          while (at < lineStop && isOf(FIELD_VALUE, chunk[at])) at++;
          this.extendValue(chunk, pieceStart, at, origin);
          if (at === stop) break;
          if (chunk[at] !== CR) {
            if (at === lineStop) throw this.lineTooLong();
            throw new Http1Violation('field-value', 'a byte that no header value may hold');
          }
          state = LINE_FEED;
          at++;
          break;
        }
        case LINE_FEED:
          if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
          state = LINE_START;
          at++;
          break;
        default:
          if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
          this.state = COMPLETE;
          return at + 1;
      }
    }
    this.state = state;
    return at;
  }

  /** White space at the end is not part of a value, but only the line's end shows which white space that is. */
  private extendValue(chunk: Buffer, pieceStart: number, pieceEnd: number, origin: number): void {
    let end = pieceEnd;
    while (end > pieceStart && (chunk[end - 1] === SP || chunk[end - 1] === HTAB)) end--;
    if (end > pieceStart) this.positions[this.positionCount - 1] = end + origin;
  }

  private lineTooLong(): Http1Violation {
    return new Http1Violation('line-length', `a header line of more than ${this.limits.maxLineBytes} bytes`);
  }

  /** Keeps a copy of a piece; doubling keeps many small pieces linear. */
  private hold(chunk: Buffer, from: number, to: number): Buffer {
    const length = this.length + to - from;
    let held = this.held ?? Buffer.allocUnsafe(Math.max(SMALLEST_HOLD, length));
    if (held.length < length) {
      held = Buffer.allocUnsafe(Math.max(held.length * 2, length));
      (this.held as Buffer).copy(held, 0, 0, this.length);
    }
    chunk.copy(held, this.length, from, to);
    this.held = held;
    this.length = length;
    return held;
  }
}

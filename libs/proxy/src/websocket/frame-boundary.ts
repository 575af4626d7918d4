import { passableCloseCode } from './close-frame.js';

const CLOSE_OPCODE = 8;

/**
 * Follows a WebSocket byte stream just closely enough to know where one frame ends and the next begins (RFC 6455,
 * section 5.2): a frame of our own may only go in between. On the way it sees frames that are too long, and close codes that may
 * not be sent.
 */
export class FrameBoundary {
  /** Where in the last chunk a frame began that is longer than allowed; negative: in an earlier chunk. `undefined`: none. */
  tooLongAt: number | undefined;
  private readonly header = Buffer.alloc(14);
  private headerLength = 0;
  private payloadLeft = 0;

  /** @param maxPayloadBytes of one frame */
  constructor(private readonly maxPayloadBytes = Infinity) {}

  /** True where a new frame may begin. */
  get isHere(): boolean {
    return this.headerLength === 0 && this.payloadLeft === 0;
  }

  /**
   * Nothing is looked at beyond a frame that is too long. A close code that may not be sent is replaced in the chunk.
   * @returns the offset just past the first boundary in the chunk, or -1 where it holds none
   */
  pass(chunk: Buffer): number {
    let first = -1;
    let at = 0;
    while (at < chunk.length && this.tooLongAt === undefined) {
      if (this.payloadLeft > 0) {
        const taken = Math.min(this.payloadLeft, chunk.length - at);
        this.payloadLeft -= taken;
        at += taken;
      } else {
        this.header[this.headerLength++] = chunk[at++] as number;
        if (this.headerLength < 2 || this.headerLength < this.headerSize) continue;
        this.payloadLeft = this.payloadLength;
        if (this.payloadLeft > this.maxPayloadBytes) {
          this.tooLongAt = at - this.headerLength;
          this.payloadLeft = 0;
        } else if (((this.header[0] as number) & 0x0f) === CLOSE_OPCODE && this.payloadLeft >= 2) {
          this.correctCloseCode(chunk, at);
        }
        this.headerLength = 0;
      }
      if (first < 0 && this.isHere && this.tooLongAt === undefined) first = at;
    }
    return first;
  }

  /** Its two bytes nearly always come together. */
  private correctCloseCode(chunk: Buffer, at: number): void {
    if (at + 2 > chunk.length) return;
    const mask = this.isMasked ? this.header.readUInt16BE(this.headerSize - 4) : 0;
    const code = chunk.readUInt16BE(at) ^ mask;
    const passed = passableCloseCode(code);
    if (passed !== code) chunk.writeUInt16BE(passed ^ mask, at);
  }

  private get isMasked(): boolean {
    return ((this.header[1] as number) & 0x80) !== 0;
  }

  private get lengthByte(): number {
    return (this.header[1] as number) & 0x7f;
  }

  private get headerSize(): number {
    const extended = this.lengthByte === 126 ? 2 : this.lengthByte === 127 ? 8 : 0;
    return 2 + extended + (this.isMasked ? 4 : 0);
  }

  private get payloadLength(): number {
    if (this.lengthByte === 126) return this.header.readUInt16BE(2);
    // Exact to 2^53: no frame comes near.
    if (this.lengthByte === 127) return this.header.readUInt32BE(2) * 0x1_0000_0000 + this.header.readUInt32BE(6);
    return this.lengthByte;
  }
}

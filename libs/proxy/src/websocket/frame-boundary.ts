/**
 * Follows a WebSocket byte stream just closely enough to know where one frame ends and the next begins (RFC 6455,
 * section 5.2): a frame of our own may only go in between.
 */
export class FrameBoundary {
  private readonly header = Buffer.alloc(14);
  private headerLength = 0;
  private payloadLeft = 0;

  /** True where a new frame may begin. */
  get isHere(): boolean {
    return this.headerLength === 0 && this.payloadLeft === 0;
  }

  /** @returns the offset just past the first boundary in the chunk, or -1 where it holds none */
  pass(chunk: Buffer): number {
    let first = -1;
    let at = 0;
    while (at < chunk.length) {
      if (this.payloadLeft > 0) {
        const taken = Math.min(this.payloadLeft, chunk.length - at);
        this.payloadLeft -= taken;
        at += taken;
      } else {
        this.header[this.headerLength++] = chunk[at++] as number;
        if (this.headerLength < 2 || this.headerLength < this.headerSize) continue;
        this.payloadLeft = this.payloadLength;
        this.headerLength = 0;
      }
      if (first < 0 && this.isHere) first = at;
    }
    return first;
  }

  private get lengthByte(): number {
    return (this.header[1] as number) & 0x7f;
  }

  private get headerSize(): number {
    const extended = this.lengthByte === 126 ? 2 : this.lengthByte === 127 ? 8 : 0;
    return 2 + extended + ((this.header[1] as number) & 0x80 ? 4 : 0);
  }

  private get payloadLength(): number {
    if (this.lengthByte === 126) return this.header.readUInt16BE(2);
    // Exact to 2^53: no frame comes near.
    if (this.lengthByte === 127) return this.header.readUInt32BE(2) * 0x1_0000_0000 + this.header.readUInt32BE(6);
    return this.lengthByte;
  }
}

import { existsSync, readFileSync } from 'node:fs';

/** See "The Write-Ahead Log" in SQLite's file format. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;

type CheckSum = readonly [number, number];

/** A frame that fails its check sum although transactions after it are whole. */
export interface LogDamage {
  /** Of the frame, in bytes from the start of the log. */
  readonly offset: number;
}

/**
 * Looks for a damaged frame in the middle of a write-ahead log. A crash tears the log at its end: in the last transaction,
 * whose pages may reach the disk in any order. Whole transactions of the same generation after a bad frame mean that what
 * stands there was complete once, since each transaction is flushed before the next one begins. SQLite itself would drop
 * everything from the bad frame on without a word.
 * @returns `undefined` for a log that is whole, torn or absent
 */
export function findLogDamage(file: string): LogDamage | undefined {
  if (!existsSync(file)) return undefined;
  const log = WriteAheadLog.of(readFileSync(file));
  return log?.damage();
}

class WriteAheadLog {
  private constructor(
    private readonly bytes: DataView,
    private readonly pageBytes: number,
    private readonly littleEndian: boolean,
  ) {}

  /** @returns `undefined` where the header is none: nothing in such a log was ever acknowledged, or the mark will tell */
  static of(buffer: Buffer): WriteAheadLog | undefined {
    if (buffer.length < HEADER_BYTES) return undefined;
    const bytes = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    const magic = bytes.getUint32(0);
    if (magic !== MAGIC_LITTLE_ENDIAN && magic !== MAGIC_BIG_ENDIAN) return undefined;
    const log = new WriteAheadLog(bytes, bytes.getUint32(8), magic === MAGIC_LITTLE_ENDIAN);
    const sum = log.sum([0, 0], 0, HEADER_BYTES - 8);
    return sum[0] === bytes.getUint32(24) && sum[1] === bytes.getUint32(28) && log.pageBytes >= 512 ? log : undefined;
  }

  damage(): LogDamage | undefined {
    let bad = 0;
    while (bad < this.frames && this.isChained(bad)) bad += 1;
    // The damaged transaction ends at the next frame that commits; a whole frame right after it began another one.
    for (let frame = bad + 1; frame < this.frames - 1; frame += 1) {
      if (!this.isChained(frame) || !this.commits(frame)) continue;
      return this.isChained(frame + 1) ? { offset: this.offset(bad) } : undefined;
    }
    return undefined;
  }

  private get frames(): number {
    return Math.floor((this.bytes.byteLength - HEADER_BYTES) / (FRAME_HEADER_BYTES + this.pageBytes));
  }

  private offset(frame: number): number {
    return HEADER_BYTES + frame * (FRAME_HEADER_BYTES + this.pageBytes);
  }

  private commits(frame: number): boolean {
    return this.bytes.getUint32(this.offset(frame) + 4) !== 0;
  }

  /** True when the frame belongs to this generation of the log and its check sum follows from the frame before. */
  private isChained(frame: number): boolean {
    const at = this.offset(frame);
    const sameSalt =
      this.bytes.getUint32(at + 8) === this.bytes.getUint32(16) &&
      this.bytes.getUint32(at + 12) === this.bytes.getUint32(20);
    if (!sameSalt) return false;
    const seedAt = frame === 0 ? 24 : this.offset(frame - 1) + 16;
    const seed: CheckSum = [this.bytes.getUint32(seedAt), this.bytes.getUint32(seedAt + 4)];
    const sum = this.sum(this.sum(seed, at, 8), at + FRAME_HEADER_BYTES, this.pageBytes);
    return sum[0] === this.bytes.getUint32(at + 16) && sum[1] === this.bytes.getUint32(at + 20);
  }

  private sum(seed: CheckSum, from: number, length: number): CheckSum {
    let [first, second] = seed;
    for (let at = from; at < from + length; at += 8) {
      first = (first + this.bytes.getUint32(at, this.littleEndian) + second) >>> 0;
      second = (second + this.bytes.getUint32(at + 4, this.littleEndian) + first) >>> 0;
    }
    return [first, second];
  }
}

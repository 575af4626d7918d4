import type { OnReadOpts } from 'node:net';
import { MAX_DIRECT_BYTES } from './direct-writer.js';

const SHARED_BYTES = 64 * 1024;
const LARGE_BYTES = 128 * 1024;
/** What is shorter is not written before the read is over, so its memory would not come back; a copy costs less. */
const COPY_LIMIT_BYTES = MAX_DIRECT_BYTES;
const MAX_SPARE = 16;

/** For all connections: what has been read is looked at, and copied where it is kept, before anything else is read. */
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
/** Large pieces that nobody uses. */
const spare: Buffer[] = [];

/** Of the read under way: the memory whose parts may be handed out, and how many bytes of it somebody still has. */
let lent: ArrayBufferLike | undefined;
let lentBytes = 0;

/** To be called by who was the last to have `chunk`, as soon as the system has taken it. */
export function giveBack(chunk: Buffer): void {
  if (chunk.buffer === lent) lentBytes -= chunk.length;
}

/**
 * What one connection reads into. By itself Node makes new memory for each read of a socket, which no processor has in its cache;
 * here the same is read into again and again as long as all that comes is written out at once. Memory that somebody keeps is left
 * to him.
 */
export class ReadMemory {
  private memory: Buffer = shared;
  private onData: ((chunk: Buffer) => boolean) | undefined;
  /** Some of a body is still to come. */
  private isInBody = false;
  private bytes = 0;
  private isFree = true;
  /** The socket reads by it; a TLS socket, or one to a forward proxy, does not. */
  isUsed = false;

  /** For a socket that is to be connected. */
  get onread(): OnReadOpts {
    return {
      buffer: () => {
        this.isUsed = true;
        return this.next();
      },
      callback: (bytes) => {
        this.read(bytes);
        return true;
      },
    };
  }

  /** @param onData returns whether some of a body is still to come; what it keeps goes through `keep` */
  attach(onData: (chunk: Buffer) => boolean): void {
    this.onData = onData;
  }

  detach(): void {
    this.onData = undefined;
  }

  get isAttached(): boolean {
    return this.onData !== undefined;
  }

  /** @returns a part of what has been read, itself or as a copy, for whoever may keep it as long as he likes */
  keep(part: Buffer): Buffer {
    if (part.buffer !== this.memory.buffer) return part;
    if (part.buffer !== lent || part.length <= COPY_LIMIT_BYTES) return Buffer.from(part);
    lentBytes += part.length;
    return part;
  }

  /** So many bytes have been read into it. */
  read(bytes: number): void {
    const { memory } = this;
    lent = memory === shared ? undefined : memory.buffer;
    lentBytes = 0;
    try {
      this.isInBody = this.onData?.(memory.subarray(0, bytes)) ?? false;
    } finally {
      this.isFree = lentBytes === 0;
      this.bytes = bytes;
      lent = undefined;
    }
  }

  /** @returns a copy of what has been read, which nobody is told of */
  copy(bytes: number): Buffer {
    return Buffer.from(this.memory.subarray(0, bytes));
  }

  /** For the next read. The only place where `memory` changes, as the socket asks only here. */
  next(): Buffer {
    const { memory, isFree, isInBody } = this;
    if (memory === shared) {
      if (isInBody && this.bytes === SHARED_BYTES) this.memory = spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
    } else if (!isFree || !isInBody) {
      if (isFree && spare.length < MAX_SPARE) spare.push(memory);
      this.memory = shared;
    }
    return this.memory;
  }
}

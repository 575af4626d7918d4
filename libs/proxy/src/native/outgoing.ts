import type { Socket } from 'node:net';
import { DirectWriter, MAX_DIRECT_BYTES } from './direct-writer.js';
import { giveBack } from './read-memory.js';

/** Up to here, copying into one text or buffer is cheaper than handing the system several. */
const COPY_LIMIT_BYTES = MAX_DIRECT_BYTES;

/**
 * What goes out on one socket. Parts that are added in one turn of the event loop leave in one system call: a head and a small
 * body, a chunk and the last one.
 */
export class Outgoing {
  private parts: (string | Buffer)[] = [];
  private bytes = 0;
  private flushIsQueued = false;
  private readonly direct: DirectWriter | undefined;
  private readonly flushQueued = (): void => {
    this.flushIsQueued = false;
    this.flush();
  };

  /** @param onDrain called when a slow side takes more again, perhaps without need */
  constructor(
    private readonly socket: Socket,
    private readonly onDrain: () => void,
  ) {
    this.direct = DirectWriter.of(socket, onDrain);
    socket.on('drain', onDrain);
  }

  /** Bytes that the system had no room for yet. */
  get waitingBytes(): number {
    return this.socket.writableLength + (this.direct?.waitingBytes ?? 0);
  }

  /** The socket is somebody else's from here on. */
  leave(): void {
    this.socket.off('drain', this.onDrain);
  }

  /** Text is Latin-1. Goes out at the end of this turn, or sooner by `flush`. The buffer belongs to the socket from here on. */
  add(part: string | Buffer): void {
    if (part.length === 0) return;
    this.parts.push(part);
    this.bytes += part.length;
    if (this.flushIsQueued) return;
    this.flushIsQueued = true;
    queueMicrotask(this.flushQueued);
  }

  /**
   * Like `add`, but large parts go out at once.
   * @returns false where the other side is slow: `onDrain` will be called when to go on
   */
  write(part: Buffer): boolean {
    this.add(part);
    return this.bytes < COPY_LIMIT_BYTES ? this.hasRoom : this.flush();
  }

  /** `add` and `flush` of the last part, or the only one. */
  send(part: string): void {
    this.parts.push(part);
    this.bytes += part.length;
    this.flush();
  }

  /**
   * Hands over what was added.
   * @param onWritten called once the system has taken all of it, perhaps at once; not when that fails
   * @returns as `write`
   */
  flush(onWritten?: () => void): boolean {
    const { parts, bytes, socket } = this;
    if (socket.destroyed) return true;
    if (parts.length === 0) {
      if (onWritten) this.afterEarlierWrites(onWritten);
      return this.hasRoom;
    }
    this.parts = [];
    this.bytes = 0;
    this.hand(parts, bytes, onWritten);
    return this.hasRoom;
  }

  private hand(parts: readonly (string | Buffer)[], bytes: number, onWritten: (() => void) | undefined): void {
    const { socket, direct } = this;
    const first = parts[0] as string | Buffer;
    if (direct !== undefined && !direct.isWaiting && socket.writableLength === 0) {
      if (bytes <= COPY_LIMIT_BYTES && (parts.length > 1 || typeof first === 'string')) {
        direct.write(joinedText(parts), onWritten);
      } else if (direct.writeParts(parts, onWritten)) {
        for (const part of parts) if (typeof part !== 'string') giveBack(part);
      }
      return;
    }
    const done = onWritten && whenWell(onWritten);
    if (parts.length === 1) writePart(socket, first, done);
    else if (bytes <= COPY_LIMIT_BYTES) socket.write(joined(parts, bytes), done);
    else {
      socket.cork();
      for (let at = 0; at < parts.length; at++) {
        writePart(socket, parts[at] as string | Buffer, at === parts.length - 1 ? done : undefined);
      }
      socket.uncork();
    }
  }

  private get hasRoom(): boolean {
    return !this.socket.writableNeedDrain && !this.direct?.isWaiting;
  }

  private afterEarlierWrites(onWritten: () => void): void {
    if (this.socket.writableLength === 0 && !this.direct?.isWaiting) queueMicrotask(onWritten);
    else this.socket.write('', whenWell(onWritten));
  }
}

function joinedText(parts: readonly (string | Buffer)[]): string {
  let text = textOf(parts[0] as string | Buffer);
  for (let at = 1; at < parts.length; at++) text += textOf(parts[at] as string | Buffer);
  return text;
}

function whenWell(onWritten: () => void): (error?: Error | null) => void {
  return (error) => {
    if (!error) onWritten();
  };
}

function textOf(part: string | Buffer): string {
  return typeof part === 'string' ? part : part.toString('latin1');
}

function writePart(socket: Socket, part: string | Buffer, done?: (error?: Error | null) => void): void {
  if (typeof part === 'string') socket.write(part, 'latin1', done);
  else socket.write(part, done);
}

function joined(parts: readonly (string | Buffer)[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) at += typeof part === 'string' ? whole.write(part, at, 'latin1') : part.copy(whole, at);
  return whole;
}

import type { Socket } from 'node:net';

/** Up to here, copying into one buffer is cheaper than handing the system several. */
const COPY_LIMIT_BYTES = 16 * 1024;

/**
 * What goes out on one socket. Parts that are added in one turn of the event loop leave in one system call: a head and a small
 * body, a chunk and the last one.
 */
export class Outgoing {
  private parts: (string | Buffer)[] = [];
  private bytes = 0;
  private flushIsQueued = false;
  private readonly flushQueued = (): void => {
    this.flushIsQueued = false;
    this.flush();
  };

  constructor(private readonly socket: Socket) {}

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
   * @returns false where the other side is slow: the socket's `drain` will say when to go on
   */
  write(part: Buffer): boolean {
    this.add(part);
    return this.bytes < COPY_LIMIT_BYTES ? !this.socket.writableNeedDrain : this.flush();
  }

  /**
   * Hands over what was added.
   * @param onWritten called once the system has taken all of it, not when that fails
   * @returns as `write`
   */
  flush(onWritten?: () => void): boolean {
    const { parts, socket } = this;
    const [first] = parts;
    if (socket.destroyed) return true;
    if (first === undefined) {
      if (onWritten) this.afterEarlierWrites(onWritten);
      return !socket.writableNeedDrain;
    }
    const { bytes } = this;
    const done = onWritten && whenWell(onWritten);
    this.parts = [];
    this.bytes = 0;
    if (parts.length === 1) return writePart(socket, first, done);
    if (bytes <= COPY_LIMIT_BYTES) return socket.write(join(parts, bytes), done);
    socket.cork();
    let hasRoom = true;
    for (let at = 0; at < parts.length; at++) {
      hasRoom = writePart(socket, parts[at] as string | Buffer, at === parts.length - 1 ? done : undefined);
    }
    socket.uncork();
    return hasRoom;
  }

  private afterEarlierWrites(onWritten: () => void): void {
    if (this.socket.writableLength === 0) queueMicrotask(onWritten);
    else this.socket.write('', whenWell(onWritten));
  }
}

function whenWell(onWritten: () => void): (error?: Error | null) => void {
  return (error) => {
    if (!error) onWritten();
  };
}

function writePart(socket: Socket, part: string | Buffer, done?: (error?: Error | null) => void): boolean {
  return typeof part === 'string' ? socket.write(part, 'latin1', done) : socket.write(part, done);
}

function join(parts: readonly (string | Buffer)[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) at += typeof part === 'string' ? whole.write(part, at, 'latin1') : part.copy(whole, at);
  return whole;
}

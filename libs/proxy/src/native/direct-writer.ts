import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { type StreamBinding, streamBinding, type TcpHandle, tcpHandleOf, type WriteRequest } from './tcp-handle.js';

/** For the next write: only one that has to wait keeps it. */
let request: WriteRequest | undefined;

/** As much text as the handle writes without an allocation of its own. */
export const MAX_DIRECT_BYTES = 16 * 1024;

/**
 * Writes short texts and buffers to a TCP socket without the stream above it, which makes three objects and a call in the next
 * tick of every write. It is in order with the stream's writes as long as none of those waits when it is asked to write.
 */
export class DirectWriter {
  /** A write that the system had no room for is under way. */
  isWaiting = false;

  private constructor(
    private readonly socket: Socket & { readonly _handle?: TcpHandle | null },
    private readonly writeStream: StreamBinding,
    /** A write that had to wait is over. */
    private readonly onDrain: () => void,
  ) {}

  /** @returns `undefined` where only the stream can write: for TLS, and where Node has no such handle */
  static of(socket: Socket, onDrain: () => void): DirectWriter | undefined {
    if (streamBinding === undefined || tcpHandleOf(socket) === undefined) return undefined;
    return new DirectWriter(socket, streamBinding, onDrain);
  }

  get waitingBytes(): number {
    return this.isWaiting ? (this.socket._handle?.writeQueueSize ?? 0) : 0;
  }

  /**
   * @param text Latin-1, `MAX_DIRECT_BYTES` at most
   * @param onWritten called once the system has taken all of it, at once where it has room; not when that fails
   */
  write(text: string, onWritten: (() => void) | undefined): void {
    const used = (request ??= new this.writeStream.WriteWrap());
    this.follow(used, this.socket._handle?.writeLatin1String(used, text), onWritten);
  }

  /**
   * As `write`, of any length, in one system call. Texts are Latin-1.
   * @returns whether the system has taken all of it; if not, the buffers belong to the system
   */
  writeParts(parts: readonly (string | Buffer)[], onWritten: (() => void) | undefined): boolean {
    const { _handle: handle } = this.socket;
    const used = (request ??= new this.writeStream.WriteWrap());
    const [first] = parts;
    const status =
      parts.length === 1 && typeof first === 'object'
        ? handle?.writeBuffer(used, first)
        : handle?.writev(used, withEncodings(parts), false);
    return this.follow(used, status, onWritten, parts);
  }

  /** @returns whether all has been taken */
  private follow(
    used: WriteRequest,
    status: number | undefined,
    onWritten: (() => void) | undefined,
    parts?: readonly (string | Buffer)[],
  ): boolean {
    const { socket, writeStream } = this;
    if (status !== 0) {
      if (status !== undefined) socket.destroy(writeError(status));
      return false;
    }
    if (writeStream.streamBaseState[writeStream.kLastWriteWasAsync] === 0) {
      onWritten?.();
      return true;
    }
    this.isWaiting = true;
    request = undefined;
    if (parts) used.parts = parts;
    used.oncomplete = (outcome) => {
      this.isWaiting = false;
      if (outcome < 0) {
        socket.destroy(writeError(outcome));
        return;
      }
      onWritten?.();
      this.onDrain();
    };
    return false;
  }
}

function withEncodings(parts: readonly (string | Buffer)[]): (string | Buffer)[] {
  const chunks: (string | Buffer)[] = [];
  for (const part of parts) chunks.push(part, typeof part === 'string' ? 'latin1' : 'buffer');
  return chunks;
}

function writeError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
}

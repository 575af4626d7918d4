import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';

/** The system's side of a TCP socket, as `net` itself writes to it. */
interface TcpHandle {
  /** Returns 0, or a system error's number. `request` belongs to the handle if it could not write at once. */
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, content: Buffer): number;
  /** `chunks`: each followed by its encoding. */
  writev(request: WriteRequest, chunks: readonly (string | Buffer)[], allBuffers: false): number;
  /** Bytes that wait for room in the system. */
  readonly writeQueueSize: number;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Held until it is written. */
  parts?: readonly (string | Buffer)[];
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: ArrayLike<number>;
  readonly kLastWriteWasAsync: number;
}

/** What `net` writes with. Not documented, and so not relied on: without it everything goes through the streams. */
const binding = streamBinding();
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
    const { _handle: handle } = socket as { readonly _handle?: Partial<TcpHandle> | null };
    const isKnown =
      typeof handle?.writeLatin1String === 'function' &&
      typeof handle.writeBuffer === 'function' &&
      typeof handle.writev === 'function' &&
      typeof handle.writeQueueSize === 'number';
    if (binding === undefined || socket instanceof TLSSocket || !isKnown) return undefined;
    return new DirectWriter(socket, binding, onDrain);
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

function streamBinding(): StreamBinding | undefined {
  const { binding: load } = process as { readonly binding?: (name: string) => Partial<StreamBinding> };
  try {
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = load?.('stream_wrap') ?? {};
    if (WriteWrap === undefined || streamBaseState === undefined || kLastWriteWasAsync === undefined) return undefined;
    return typeof streamBaseState[kLastWriteWasAsync] === 'number'
      ? { WriteWrap, streamBaseState, kLastWriteWasAsync }
      : undefined;
  } catch {
    return undefined;
  }
}

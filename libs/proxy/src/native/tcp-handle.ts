import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** The system's side of a TCP socket, as `net` itself uses it. */
export interface TcpHandle {
  /** Returns 0, or a system error's number. `request` belongs to the handle if it could not write at once. */
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, content: Buffer): number;
  /** `chunks`: each followed by its encoding. */
  writev(request: WriteRequest, chunks: readonly (string | Buffer)[], allBuffers: false): number;
  /** Bytes that wait for room in the system. */
  readonly writeQueueSize: number;
  /** From here on all is read into this memory, whose bytes are the reader's only until `onread` returns. */
  useUserBuffer(memory: Buffer): void;
  /** Called after each read, with the outcome in the state. @returns memory to read into from now on; `undefined`: as before */
  onread: (this: TcpHandle) => Buffer | undefined;
  reading: boolean;
  readStop(): number;
}

export interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Held until it is written. */
  parts?: readonly (string | Buffer)[];
}

export interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last call to a handle, or its last call back, had to say; at the places that the other fields name. */
  readonly streamBaseState: ArrayLike<number>;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
}

/** What `net` reads and writes with. Not documented, and so not relied on: where it is not there everything goes through the streams. */
export const streamBinding = loadBinding();

/** @returns `undefined` where only the stream can read and write: for TLS, and where Node has no such handle */
export function tcpHandleOf(socket: Socket): TcpHandle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Partial<TcpHandle> | null };
  const isKnown =
    typeof handle?.writeLatin1String === 'function' &&
    typeof handle.writeBuffer === 'function' &&
    typeof handle.writev === 'function' &&
    typeof handle.writeQueueSize === 'number' &&
    typeof handle.useUserBuffer === 'function' &&
    typeof handle.onread === 'function' &&
    typeof handle.readStop === 'function';
  return streamBinding === undefined || socket instanceof TLSSocket || !isKnown ? undefined : (handle as TcpHandle);
}

function loadBinding(): StreamBinding | undefined {
  const { binding: load } = process as { readonly binding?: (name: string) => Partial<StreamBinding> };
  try {
    const { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } = load?.('stream_wrap') ?? {};
    if (WriteWrap === undefined || streamBaseState === undefined) return undefined;
    if (kLastWriteWasAsync === undefined || kReadBytesOrError === undefined) return undefined;
    const areThere = [kLastWriteWasAsync, kReadBytesOrError].every((at) => typeof streamBaseState[at] === 'number');
    return areThere ? { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } : undefined;
  } catch {
    return undefined;
  }
}

import type { Socket } from 'node:net';
import type { ReadMemory } from './read-memory.js';
import { streamBinding, tcpHandleOf } from './tcp-handle.js';

/**
 * Has `onData` called with what comes on the socket, at once: `push` is where a socket gives its stream what it has read, and
 * the stream would make an event and a call in the next tick of it. What comes while the socket is paused goes the stream's
 * way, and so comes as `data` when it is resumed; so does everything on a Node whose sockets do not call `push`.
 */
export function receive(socket: Socket, onData: (chunk: Buffer) => unknown): void {
  const push = socket.push.bind(socket);
  socket.on('data', onData);
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null || !isDirect(socket)) return push(chunk, encoding);
    onData(chunk);
    return true;
  };
}

/** The same, into `memory`: there `onData` finds what comes, until it returns. TLS has memory of its own. */
export function receiveInto(memory: ReadMemory, socket: Socket, onData: (chunk: Buffer) => boolean): void {
  const handle = tcpHandleOf(socket);
  if (handle === undefined || streamBinding === undefined) {
    receive(socket, onData);
    return;
  }
  const { streamBaseState, kReadBytesOrError } = streamBinding;
  const { onread: readAsUsual } = handle;
  memory.attach(onData);
  let current = memory.next();
  handle.useUserBuffer(current);
  handle.onread = () => {
    const bytes = streamBaseState[kReadBytesOrError] as number;
    if (bytes <= 0) return readAsUsual.call(handle);
    if (socket.destroyed) return undefined;
    if (!memory.isAttached || !isDirect(socket)) {
      // As any read does.
      if (socket.timeout) socket.setTimeout(socket.timeout);
      if (!socket.push(memory.copy(bytes))) {
        handle.reading = false;
        handle.readStop();
      }
      return undefined;
    }
    memory.read(bytes);
    const next = memory.next();
    if (next === current) return undefined;
    current = next;
    return next;
  };
  socket.on('data', onData);
}

/** Leaves the socket's data to whoever listens from here on. */
export function stopReceiving(socket: Socket, onData: (chunk: Buffer) => unknown, memory?: ReadMemory): void {
  socket.off('data', onData);
  Reflect.deleteProperty(socket, 'push');
  memory?.detach();
}

/** Nothing of before waits in the stream. */
function isDirect(socket: Socket): boolean {
  return socket.readableFlowing === true && socket.readableLength === 0;
}

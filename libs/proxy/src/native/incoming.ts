import type { Socket } from 'node:net';

/**
 * Has `onData` called with what comes on the socket, at once: `push` is where a socket gives its stream what it has read, and
 * the stream would make an event and a call in the next tick of it. What comes while the socket is paused goes the stream's
 * way, and so comes as `data` when it is resumed; so does everything on a Node whose sockets do not call `push`.
 */
export function receive(socket: Socket, onData: (chunk: Buffer) => unknown): void {
  const push = socket.push.bind(socket);
  socket.on('data', onData);
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0) {
      return push(chunk, encoding);
    }
    onData(chunk);
    return true;
  };
}

/** Leaves the socket's data to whoever listens from here on. */
export function stopReceiving(socket: Socket, onData: (chunk: Buffer) => unknown): void {
  socket.off('data', onData);
  Reflect.deleteProperty(socket, 'push');
}

import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Of undici's parser, what is needed of it. */
interface Parser {
  readonly llhttp: { llhttp_resume(pointer: number): void };
  readonly ptr: number;
  paused: boolean;
  shouldKeepAlive: boolean;
  resume(): void;
}

/**
 * Keeps the process alive where an upstream closes its connection while the answer waits for a slow reader: undici 7 takes that for
 * impossible and throws where nobody can catch it (nodejs/undici#5360). undici 8 has it mended and needs Node 22; with it this goes.
 */
export function outlivePausedParsers(): void {
  subscribe('undici:client:connected', (message) => {
    const { socket } = message as { readonly socket: Socket };
    const parser = parserOf(socket);
    if (parser === undefined) return;
    // All has been read, or there would be no end yet: going on, the parser sees whether the answer is whole.
    socket.prependListener('end', () => {
      parser.resume();
      // One without a length lasts until the parser hears of the end, which it does next.
      if (!parser.paused) return;
      parser.llhttp.llhttp_resume(parser.ptr);
      parser.paused = false;
    });
    // It is not, then: a connection that would have been kept is not asked for the rest, the answer just fails.
    const fail = (): void => {
      if (parser.paused) parser.shouldKeepAlive = true;
    };
    socket.prependListener('error', fail);
    socket.prependListener('close', fail);
  });
}

/** `undefined` where it speaks HTTP/2. */
function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  return key && (socket as never)[key];
}

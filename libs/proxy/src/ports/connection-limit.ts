import type { Socket } from 'node:net';

/**
 * Counts open connections, upgraded ones too. Not `server.maxConnections`: in one of several processes that take connections by
 * turns, that has what is too much handed on from each to the next, for ever.
 */
export class ConnectionLimit {
  private open = 0;
  private readonly release = (): void => void this.open--;

  /** @param limit 0 for no limit */
  constructor(private readonly limit: number) {}

  /** Counts `socket` until it closes, or refuses it. */
  admits(socket: Socket): boolean {
    if (this.limit === 0) return true;
    if (this.open >= this.limit) return false;
    this.open++;
    socket.once('close', this.release);
    return true;
  }
}

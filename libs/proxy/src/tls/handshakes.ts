import type { Socket } from 'node:net';
import type { Server } from 'node:tls';

/** Connections in the middle of their TLS handshake: no server counts them among its own, so a stop has to look for them here. */
export class Handshakes {
  private readonly open = new Map<string, Socket>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const key = nameOf(socket);
      this.open.set(key, socket);
      socket.once('close', () => {
        if (this.open.get(key) === socket) this.open.delete(key);
      });
    });
    server.prependListener('secureConnection', (socket) => this.open.delete(nameOf(socket)));
  }

  get isEmpty(): boolean {
    return this.open.size === 0;
  }

  cut(): void {
    for (const socket of this.open.values()) socket.destroy();
  }
}

/** The encrypted socket and the one below it have no more in common than where they go. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

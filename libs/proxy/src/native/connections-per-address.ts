import type { Socket } from 'node:net';

/** Counts open connections by the client's address, upgraded ones too. */
export class ConnectionsPerAddress {
  private readonly counts = new Map<string, number>();

  /** @param limit connections of one address; 0 for no limit */
  constructor(private readonly limit: number) {}

  /** Counts `socket` until it closes, or refuses it where its address has its share already. */
  admits(socket: Socket): boolean {
    if (this.limit === 0) return true;
    const address = socket.remoteAddress ?? '';
    const count = this.counts.get(address) ?? 0;
    if (count >= this.limit) return false;
    this.counts.set(address, count + 1);
    socket.once('close', () => this.release(address));
    return true;
  }

  private release(address: string): void {
    const count = (this.counts.get(address) ?? 0) - 1;
    if (count > 0) this.counts.set(address, count);
    else this.counts.delete(address);
  }
}

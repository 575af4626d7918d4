import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Where one client's connection ends, asked of the system once. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly localPort: number;
  readonly scheme: 'http' | 'https';
}

/** An IPv4 address that came over IPv6 is shown as what it is. */
export function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? '';
  return {
    address: address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address,
    port: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    scheme: socket instanceof TLSSocket ? 'https' : 'http',
  };
}

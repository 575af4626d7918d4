import { WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { BenchChild } from './child.js';
import type { Upstream } from './upstream.js';

/** A WebSocket server that says everything back. */
export async function startEcho(): Promise<Upstream> {
  const { child, said } = await BenchChild.start<{ port: number }>('load', new URL(import.meta.url), {});
  return { url: `http://127.0.0.1:${said.port}`, stop: () => child.stop() };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  server.on('listening', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
}

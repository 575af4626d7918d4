import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { BenchChild } from './child.js';

/** Many WebSocket clients of one gateway, in a process of their own. */
export interface Listeners {
  /** Settles when every client has received `events` of them; from the making of each to each receipt, in milliseconds. */
  receipts(events: number): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export async function startListeners(adminUrl: string, clients: number): Promise<Listeners> {
  const { port } = new URL(adminUrl);
  const { child, said } = await BenchChild.start<{ port: number }>('load', new URL(import.meta.url), { port, clients });
  return {
    receipts: async (events) => {
      const response = await fetch(`http://127.0.0.1:${said.port}/${events}`);
      return (await response.json()) as number[];
    },
    stop: () => child.stop(),
  };
}

const CONNECTING_AT_ONCE = 100;

/**
 * A client on a bare socket: the receivers share one core, and a library that reads every frame would measure itself. An event
 * here is small, so a frame comes in one piece.
 */
function listen(port: number, onEvent: (madeMs: number) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.write(
      `GET /ws/configuration HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    socket.once('data', (head: Buffer) => {
      if (!head.includes(' 101 ')) reject(new Error(head.toString()));
      socket.on('data', (frames: Buffer) => {
        for (let at = frames.indexOf(STAMP); at >= 0; at = frames.indexOf(STAMP, at + 1)) {
          const from = at + STAMP.length;
          onEvent(Number(frames.toString('latin1', from, frames.indexOf(',', from))));
        }
      });
      resolve(socket);
    });
  });
}

const STAMP = '"timestamp":';

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { port, clients } = JSON.parse(process.argv[2] ?? '') as { port: string; clients: number };
  let receipts: number[] = [];
  let settle = (): void => undefined;
  const onEvent = (madeMs: number): void => {
    receipts.push(performance.timeOrigin + performance.now() - madeMs);
    settle();
  };
  for (let connected = 0; connected < clients; connected += CONNECTING_AT_ONCE) {
    const some = Math.min(CONNECTING_AT_ONCE, clients - connected);
    await Promise.all(Array.from({ length: some }, () => listen(Number(port), onEvent)));
  }
  const server = createServer((request, response) => {
    const events = Number(request.url?.slice(1));
    settle = () => {
      if (receipts.length < events * clients) return;
      settle = () => undefined;
      response.end(JSON.stringify(receipts));
      receipts = [];
    };
    settle();
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
}

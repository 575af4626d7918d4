import { once } from 'node:events';
import { WebSocket } from 'ws';
import { setTimeout } from 'node:timers/promises';
import { BenchChild } from './child.js';

export interface WebSocketLoad {
  /** `ws://…` */
  readonly url: string;
  readonly connections: number;
  /** Of each message. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Each connection sends its next message when the last one has come back. @returns messages that came back */
export async function echoed(options: WebSocketLoad): Promise<number> {
  const { messages } = await BenchChild.result<{ messages: number }>('load', new URL(import.meta.url), options);
  return messages;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url, connections, bytes, seconds } = JSON.parse(process.argv[2] ?? '') as WebSocketLoad;
  const message = Buffer.alloc(bytes, 'x');
  let messages = 0;
  const sockets = Array.from({ length: connections }, () => new WebSocket(url, { perMessageDeflate: false }));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  for (const socket of sockets) {
    socket.on('close', () => {
      throw new Error(`${url} closed a WebSocket`);
    });
    socket.on('message', () => {
      messages += 1;
      socket.send(message);
    });
    socket.send(message);
  }
  await setTimeout(seconds * 1_000);
  process.stdout.write(`${JSON.stringify({ messages })}\n`, () => process.exit());
}

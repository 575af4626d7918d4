import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiveInto } from './incoming.js';
import { giveBack, ReadMemory } from './read-memory.js';

const CONTENT = randomBytes(3_000_000);

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => undefined).end(CONTENT)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

type OnData = (chunk: Buffer) => boolean;
/** As a connection of ours reads, and one that was accepted. */
const WAYS: readonly [string, (memory: ReadMemory, onData: OnData) => Promise<Socket>][] = [
  [
    'made',
    (memory, onData) => {
      memory.attach(onData);
      return Promise.resolve(connect({ ...whereTo(), onread: memory.onread }));
    },
  ],
  [
    'accepted',
    async (memory, onData) => {
      const socket = connect(whereTo());
      await once(socket, 'connect');
      receiveInto(memory, socket, onData);
      return socket;
    },
  ],
];

function whereTo(): { port: number; host: string } {
  return { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
}

describe.each(WAYS)('what a connection that was %s reads into', (_way, open) => {
  /** @param take is given each part, as `keep` returns it; @returns when everything has come */
  async function read(take: (part: Buffer) => void): Promise<void> {
    const memory = new ReadMemory();
    let bytes = 0;
    const socket = await open(memory, (chunk) => {
      bytes += chunk.length;
      // Two parts of one read, as two chunks of a body are.
      const half = chunk.length >> 1;
      take(memory.keep(chunk.subarray(0, half)));
      take(memory.keep(chunk.subarray(half)));
      return bytes < CONTENT.length;
    });
    sockets.push(socket);
    await once(socket.resume(), 'end');
  }

  it('is left to whoever keeps a part of it, on each of several connections', async () => {
    const kept = await Promise.all(
      [1, 2, 3].map(async () => {
        const parts: Buffer[] = [];
        await read((part) => parts.push(part));
        return Buffer.concat(parts);
      }),
    );
    for (const whole of kept) expect(whole.equals(CONTENT)).toBe(true);
  });

  it('is left to whoever keeps but one of its parts', async () => {
    const parts: Buffer[] = [];
    const copies: Buffer[] = [];
    await read((part) => {
      copies.push(Buffer.from(part));
      if (copies.length % 2 === 0) parts.push(part);
      else giveBack(part);
    });
    expect(Buffer.concat(copies).equals(CONTENT)).toBe(true);
    const expected = copies.filter((_, at) => at % 2 === 1);
    expect(Buffer.concat(parts).equals(Buffer.concat(expected))).toBe(true);
  });

  it('is the same for all large reads where each part is given back at once', async () => {
    const copies: Buffer[] = [];
    const memories = new Map<ArrayBufferLike, number>();
    await read((part) => {
      copies.push(Buffer.from(part));
      if (part.length > 32 * 1024) memories.set(part.buffer, (memories.get(part.buffer) ?? 0) + 1);
      giveBack(part);
    });
    expect(Buffer.concat(copies).equals(CONTENT)).toBe(true);
    expect(Math.max(...memories.values())).toBeGreaterThan(10);
  });

  it('may be given back later, which is no use to anyone and no harm', async () => {
    const parts: Buffer[] = [];
    await read((part) => {
      const last = parts.at(-1);
      if (last) giveBack(last);
      parts.push(part);
    });
    expect(Buffer.concat(parts).equals(CONTENT)).toBe(true);
  });
});

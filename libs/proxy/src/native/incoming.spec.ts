import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receive, receiveInto, stopReceiving } from './incoming.js';
import { ReadMemory } from './read-memory.js';

let server: Server;
let near: Socket;
let far: Socket;
let received: string;
let awaited: { readonly text: string; done(): void } | undefined;
const onData = (chunk: Buffer): boolean => {
  received += chunk.toString();
  if (awaited !== undefined && received === awaited.text) awaited.done();
  return false;
};

type Receive = (socket: Socket) => ReadMemory | undefined;
/** By the stream, as TLS does, and by the handle. */
const WAYS: readonly [string, Receive][] = [
  ['', (socket) => void receive(socket, onData)],
  [
    ' into memory of ours',
    (socket) => {
      const memory = new ReadMemory();
      receiveInto(memory, socket, onData);
      return memory;
    },
  ],
];

beforeEach(async () => {
  received = '';
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [near] = (await once(server, 'connection')) as [Socket];
});

afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
});

function until(text: string): Promise<void> {
  return new Promise((done) => {
    awaited = { text, done };
  });
}

describe.each(WAYS)('what comes in%s', (_way, begin) => {
  it('is given on without an event of the stream', async () => {
    begin(near);
    let events = 0;
    near.on('data', () => events++);
    const isThere = until('first');
    far.write('first');
    await isThere;
    expect(events).toBe(0);
  });

  it('waits while the socket is paused, and keeps its order', async () => {
    begin(near);
    const isFirstThere = until('a');
    far.write('a');
    await isFirstThere;
    near.pause();
    far.write('b');
    while (near.readableLength === 0) await setImmediate();
    expect(received).toBe('a');
    const isAllThere = until('abc');
    near.resume();
    far.write('c');
    await isAllThere;
  });

  it('ends', async () => {
    begin(near);
    const isOver = once(near, 'end');
    far.end('last');
    await isOver;
    expect(received).toBe('last');
  });

  it('comes as events again for who takes over', async () => {
    stopReceiving(near, onData, begin(near));
    near.pause();
    const next = once(near, 'data');
    far.write('theirs');
    near.resume();
    expect(String((await next)[0])).toBe('theirs');
    expect(received).toBe('');
  });

  it('stops where nobody takes it, and goes on whole', async () => {
    begin(near);
    near.pause();
    const text = 'x'.repeat(8_000_000);
    far.write(text);
    await expect.poll(() => near.readableLength).toBeGreaterThanOrEqual(near.readableHighWaterMark);
    const { bytesRead } = near;
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    expect(near.bytesRead).toBe(bytesRead);
    const isAllThere = until(text);
    near.resume();
    await isAllThere;
  });

  it('keeps the timer of who takes over from running out', async () => {
    stopReceiving(near, onData, begin(near));
    let timeouts = 0;
    near.setTimeout(200, () => timeouts++);
    near.on('data', () => undefined);
    const startedAt = performance.now();
    while (performance.now() - startedAt < 500) {
      far.write('x');
      await once(near, 'data');
    }
    expect(timeouts).toBe(0);
  });

  it('breaks as it would break', async () => {
    begin(near);
    const broken = new Promise((resolve) => near.once('error', resolve));
    const isThere = until('x');
    far.write('x');
    await isThere;
    far.resetAndDestroy();
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
  });
});

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receive, stopReceiving } from './incoming.js';

let server: Server;
let near: Socket;
let far: Socket;
let received: string;
let awaited: { readonly text: string; done(): void } | undefined;
const onData = (chunk: Buffer): void => {
  received += chunk.toString();
  if (awaited !== undefined && received === awaited.text) awaited.done();
};

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

describe('what comes in', () => {
  it('is given on without an event of the stream', async () => {
    receive(near, onData);
    let events = 0;
    near.on('data', () => events++);
    const isThere = until('first');
    far.write('first');
    await isThere;
    expect(events).toBe(0);
  });

  it('waits while the socket is paused, and keeps its order', async () => {
    receive(near, onData);
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
    receive(near, onData);
    const isOver = once(near, 'end');
    far.end('last');
    await isOver;
    expect(received).toBe('last');
  });

  it('comes as events again for who takes over', async () => {
    receive(near, onData);
    stopReceiving(near, onData);
    near.pause();
    const next = once(near, 'data');
    far.write('theirs');
    near.resume();
    expect(String((await next)[0])).toBe('theirs');
    expect(received).toBe('');
  });
});

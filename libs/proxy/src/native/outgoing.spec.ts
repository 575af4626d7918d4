import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectWriter } from './direct-writer.js';
import { Outgoing } from './outgoing.js';

let server: Server;
let near: Socket;
let far: Socket;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [near] = (await once(server, 'connection')) as [Socket];
  far.pause();
});

afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
});

async function receive(length: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of far as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= length) break;
  }
  return Buffer.concat(chunks).toString('latin1');
}

/** Until the system takes no more. */
function fill(outgoing: Outgoing): { readonly text: string; readonly written: number[] } {
  const written: number[] = [];
  let text = '';
  for (let at = 0; written.length === at; at++) {
    const part = String.fromCharCode(97 + (at % 26)).repeat(16_000);
    text += part;
    outgoing.add(part);
    outgoing.flush(() => written.push(at));
  }
  return { text, written };
}

describe('what goes out', () => {
  it('is told to be written at once where the system takes it, every byte of it', async () => {
    const outgoing = new Outgoing(near, () => undefined);
    let isWritten = false;
    outgoing.add('head\xff\r\n');
    outgoing.add(Buffer.from([0, 128, 255]));
    outgoing.flush(() => (isWritten = true));
    expect(isWritten).toBe(true);
    expect(await receive(9)).toBe('head\xff\r\n\0\x80\xff');
  });

  it('leaves at the end of the turn where nobody flushes', async () => {
    new Outgoing(near, () => undefined).add('later');
    expect(await receive(5)).toBe('later');
  });

  it('keeps its order, and says when it is written, where the system had no room', async () => {
    const outgoing = new Outgoing(near, () => undefined);
    const { text, written } = fill(outgoing);
    const large = Buffer.alloc(100_000, '-');
    outgoing.write(large);
    outgoing.add('tail');
    const isTailWritten = new Promise<void>((resolve) => outgoing.flush(resolve));
    const isAllWritten = new Promise<void>((resolve) => outgoing.flush(resolve));
    const count = written.length;
    const received = await receive(text.length + large.length + 4);
    expect(received === text + large.toString() + 'tail').toBe(true);
    await isTailWritten;
    await isAllWritten;
    expect(written).toHaveLength(count + 1);
    expect(near.writableLength).toBe(0);
  });

  it('says of a large part that the other side is slow, and later that it takes more again', async () => {
    let drained!: () => void;
    const hasDrained = new Promise<void>((resolve) => (drained = resolve));
    const outgoing = new Outgoing(near, drained);
    const large = Buffer.alloc(1_000_000, '-');
    let count = 0;
    do count++;
    while (outgoing.write(large));
    expect(outgoing.waitingBytes).toBeGreaterThan(0);
    expect(near.writableLength).toBe(0);
    // What follows waits as well, however short it is: else nobody would be told when to go on.
    outgoing.add('tail');
    expect(outgoing.flush()).toBe(false);
    expect(outgoing.write(Buffer.alloc(10, '.'))).toBe(false);
    const received = await receive(count * large.length + 14);
    expect(received.slice(count * large.length)).toBe('tail..........');
    await hasDrained;
    expect(outgoing.waitingBytes).toBe(0);
  });

  it('says nothing else of a part whose predecessor is yet to be drained', async () => {
    let drained!: () => void;
    const hasDrained = new Promise<void>((resolve) => (drained = resolve));
    const outgoing = new Outgoing(near, drained);
    while (near.write(Buffer.alloc(1_000_000, '-')));
    outgoing.add('3ffc');
    expect(outgoing.write(Buffer.alloc(16_380, '-'))).toBe(false);
    far.resume();
    await hasDrained;
    expect(outgoing.write(Buffer.alloc(20_000, '-'))).toBe(true);
  });

  it('does not overtake what still waits in the stream', async () => {
    const outgoing = new Outgoing(near, () => undefined);
    const large = Buffer.alloc(4_000_000, '-');
    for (let times = 0; times < 3; times++) outgoing.write(large);
    outgoing.add('tail');
    outgoing.flush();
    const received = await receive(3 * large.length + 4);
    expect(received.indexOf('tail')).toBe(3 * large.length);
  });

  it('destroys the socket, and tells nobody that it was written, where the other side is gone', async () => {
    const outgoing = new Outgoing(near, () => undefined);
    const { written } = fill(outgoing);
    const count = written.length;
    const error = once(near, 'error');
    far.resetAndDestroy();
    await error;
    outgoing.add('more');
    outgoing.flush(() => written.push(-1));
    expect(near.destroyed).toBe(true);
    expect(written).toHaveLength(count);
  });

  it('goes past the stream on the Node that this runs on', () => {
    expect(DirectWriter.of(near, () => undefined)).toBeDefined();
  });
});

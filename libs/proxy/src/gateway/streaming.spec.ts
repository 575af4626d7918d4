import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RawClient } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local } from '../testing/test-route.js';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function gatewayTo(listener: RequestListener): Promise<RunningGateway> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const gateway = await RunningGateway.start([{ id: 'r', uri: local((server.address() as AddressInfo).port) }]);
  cleanups.push(() => gateway.stop());
  return gateway;
}

/** Bytes of heap and buffers held, after a collection where the run allows one. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function held(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe('streaming', () => {
  it('sends each piece of an event stream at once', async () => {
    const pieces: (() => void)[] = [];
    const gateway = await gatewayTo((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      for (const id of [1, 2, 3]) pieces.push(() => response.write(`data: ${id}\n\n`));
    });
    const client = await RawClient.to(gateway.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until((text) => text.includes('\r\n\r\n'));
    for (const [at, send] of pieces.entries()) {
      send();
      expect(await client.until((text) => text.includes(`data: ${at + 1}\n\n`))).not.toContain(`data: ${at + 2}`);
    }
    client.socket.destroy();
  });

  it('carries 1 GiB down and up without keeping them', async () => {
    const size = 1024 * MIB;
    let received = 0;
    const gateway = await gatewayTo((request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => {
        if (request.method === 'POST') return void response.end('done');
        let left = size;
        const more = (): void => {
          while (left > 0) {
            left -= CHUNK.length;
            if (!response.write(CHUNK)) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      });
    });
    const client = new Client(gateway.url);
    cleanups.push(() => client.close());
    const before = held();
    let peak = 0;
    let down = 0;
    let seen = 0;
    const watch = (): void => {
      if (++seen % 2_000 === 0) peak = Math.max(peak, held());
    };
    const { body } = await client.request({ path: '/', method: 'GET' });
    for await (const chunk of body) {
      down += (chunk as Buffer).length;
      watch();
    }
    expect(down).toBe(size);
    async function* upload(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < size; sent += CHUNK.length) {
        watch();
        yield CHUNK;
      }
    }
    const up = await client.request({
      path: '/',
      method: 'POST',
      body: Readable.from(upload(), { objectMode: false }),
    });
    expect(await up.body.text()).toBe('done');
    expect(received).toBe(size);
    expect(peak - before).toBeLessThan(64 * MIB);
    // What a collection has found to be free is given back by a thread beside it, a moment later.
    await vi.waitFor(() => expect(held() - before).toBeLessThan(32 * MIB), { timeout: 60_000 });
  });

  it('stops reading from the upstream while the client does not read', async () => {
    let written = 0;
    let isHeld: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (isHeld = resolve));
    const gateway = await gatewayTo((_request, response) => {
      const more = (): void => {
        while (written < 512 * MIB) {
          written += CHUNK.length;
          if (!response.write(CHUNK)) {
            // Held as soon as a whole turn of the loop passes without a drain.
            const timer = setTimeout(() => isHeld?.(), 300);
            response.once('drain', () => {
              clearTimeout(timer);
              more();
            });
            return;
          }
        }
      };
      more();
    });
    const client = await RawClient.to(gateway.port);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await held;
    expect(written).toBeLessThan(64 * MIB);
    client.socket.destroy();
  });

  it('stops reading from the client while the upstream does not read', async () => {
    const gateway = await gatewayTo(() => undefined);
    const client = await RawClient.to(gateway.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${512 * MIB}\r\n\r\n`);
    let sent = 0;
    await new Promise<void>((resolve) => {
      const more = (): void => {
        while (sent < 512 * MIB) {
          sent += CHUNK.length;
          if (!client.socket.write(CHUNK)) {
            const timer = setTimeout(resolve, 300);
            client.socket.once('drain', () => {
              clearTimeout(timer);
              more();
            });
            return;
          }
        }
      };
      more();
    });
    expect(sent).toBeLessThan(64 * MIB);
    client.socket.destroy();
  });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outlivePausedParsers } from './paused-parsers.js';

/** As the second of two parts. */
const ENDS = {
  'with a length': { head: 'Content-Length: 8\r\nConnection: close', first: 'four', second: 'more' },
  chunked: {
    head: 'Transfer-Encoding: chunked\r\nConnection: close',
    first: '4\r\nfour\r\n',
    second: '4\r\nmore\r\n0\r\n\r\n',
  },
  'up to the end of the connection': { head: 'Connection: close', first: 'four', second: 'more' },
};
const CUT = {
  'with a length': { ...ENDS['with a length'], second: 'mor' },
  chunked: { ...ENDS.chunked, second: '4\r\nmore\r\n' },
};

/** Stops the parser with every part until it is asked to go on. */
class SlowReader implements Dispatcher.DispatchHandler {
  body = '';
  outcome: string | undefined;
  private goOn: (() => void) | undefined;

  onRequestStart(): void {}
  onResponseStart(): void {}

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.body += chunk.toString();
    controller.pause();
    this.goOn = () => controller.resume();
  }

  onResponseEnd(): void {
    this.outcome = 'complete';
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.outcome = error.message;
  }

  next(): void {
    this.goOn?.();
  }
}

describe('an answer that waits for its reader when the upstream is done with the connection', () => {
  let server: Server;
  let client: Client;
  let reader: SlowReader;
  /** Of the upstream, and ours. */
  let peer: Socket;
  let own: Socket;
  const onConnected = (message: unknown): void => void (own = (message as { socket: Socket }).socket);

  beforeAll(() => outlivePausedParsers());

  beforeEach(async () => {
    subscribe('undici:client:connected', onConnected);
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    reader = new SlowReader();
  });

  afterEach(async () => {
    unsubscribe('undici:client:connected', onConnected);
    await client.destroy();
    peer.destroy();
    server.close();
  });

  /** The reader has the first part, the second waits for it. */
  async function halfRead({ head, first, second }: (typeof ENDS)['chunked']): Promise<void> {
    client.dispatch({ method: 'GET', path: '/' }, reader);
    [peer] = (await once(server, 'connection')) as [Socket];
    peer.on('error', () => undefined);
    await once(peer, 'data');
    peer.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${first}`);
    await expect.poll(() => reader.body).toBe('four');
    peer.write(second);
    await expect.poll(() => own.readableLength).toBeGreaterThanOrEqual(second.length);
  }

  const outcome = async (next = (): void => undefined): Promise<string> => {
    await expect.poll(() => (next(), reader.outcome)).toBeDefined();
    return reader.outcome!;
  };
  const isEndKnown = (): boolean => (own as unknown as { _readableState: { ended: boolean } })._readableState.ended;

  it.each(Object.entries(ENDS))('is complete: %s', async (_framing, answer) => {
    await halfRead(answer);
    peer.end();
    await expect.poll(isEndKnown).toBe(true);
    expect(await outcome(() => reader.next())).toBe('complete');
    expect(reader.body).toBe('fourmore');
  });

  it.each(Object.entries(CUT))('fails where it was cut: %s', async (_framing, answer) => {
    await halfRead(answer);
    peer.end();
    await expect.poll(isEndKnown).toBe(true);
    expect(await outcome(() => reader.next())).not.toBe('complete');
  });

  it.each(Object.entries(ENDS))('fails where the connection is reset: %s', async (_framing, answer) => {
    await halfRead(answer);
    peer.resetAndDestroy();
    expect(await outcome()).toBe('read ECONNRESET');
  });

  it.each(Object.entries(ENDS))('fails where its client is closed: %s', async (_framing, answer) => {
    await halfRead(answer);
    own.destroy();
    expect(await outcome()).not.toBe('complete');
  });
});

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { UpstreamGuard } from '../addresses/upstream-guard.js';
import type { BodySink, BodySource } from '../ports/request-body.js';
import type { UpstreamCall, UpstreamError, UpstreamHandler, UpstreamRequest } from '../ports/upstream-client.js';
import { DEFAULT_UPSTREAM_SETTINGS, type PoolSettings, type UpstreamSettings } from '../ports/upstream-settings.js';
import { RawUpstream } from '../testing/raw-peer.js';
import { NativeUpstreamClient } from './native-upstream-client.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function upstream(onData: (socket: Socket, received: string, all: RawUpstream) => void): Promise<RawUpstream> {
  const listening = await RawUpstream.listen(onData);
  cleanups.push(() => listening.stop());
  return listening;
}

function client(): NativeUpstreamClient {
  const native = new NativeUpstreamClient(new UpstreamGuard([]));
  cleanups.push(() => native.close());
  return native;
}

function withPool(pool: Partial<PoolSettings>): UpstreamSettings {
  return { ...DEFAULT_UPSTREAM_SETTINGS, pool: { ...DEFAULT_UPSTREAM_SETTINGS.pool, ...pool } };
}

function to(port: number, change: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    target: { scheme: 'http', host: '127.0.0.1', port, authority: `127.0.0.1:${port}` },
    method: 'GET',
    path: '/',
    headers: ['Host', 'a'],
    body: undefined,
    repeatable: true,
    connectTimeoutMs: undefined,
    responseTimeoutMs: 0,
    settings: DEFAULT_UPSTREAM_SETTINGS,
    ...change,
  };
}

/** Notes what becomes of one request. */
class Outcome implements UpstreamHandler {
  readonly calls: string[] = [];
  content = '';
  call: UpstreamCall | undefined;
  private changed: (() => void)[] = [];

  onUpstreamInformational(status: number): void {
    this.note(`informational ${status}`);
  }
  onUpstreamHead(status: number, reason: string): void {
    this.note(`head ${status} ${reason}`);
  }
  onUpstreamData(chunk: Buffer): void {
    this.content += chunk.toString('latin1');
    this.note('data');
  }
  onUpstreamEnd(trailers: string[]): void {
    this.note(`end ${trailers.join()}`);
  }
  onUpstreamError(error: UpstreamError): void {
    this.note(`error ${error.failure}`);
  }

  get last(): string {
    return this.calls.at(-1) ?? '';
  }

  async until(test: (outcome: this) => boolean): Promise<this> {
    while (!test(this)) await new Promise<void>((resolve) => this.changed.push(resolve));
    return this;
  }

  over(): Promise<this> {
    return this.until(({ last }) => /^(end|error)/.test(last));
  }

  private note(call: string): void {
    if (call !== 'data' || this.last !== 'data') this.calls.push(call);
    for (const wake of this.changed.splice(0)) wake();
  }
}

function send(engine: NativeUpstreamClient, request: UpstreamRequest): Outcome {
  const outcome = new Outcome();
  outcome.call = engine.send(request, outcome);
  expect(outcome.calls).toEqual([]);
  return outcome;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Answers every whole head with `answer`. */
const answering =
  (answer: string) =>
  (socket: Socket, received: string): void => {
    if (received.endsWith('\r\n\r\n')) socket.write(answer, 'latin1');
  };

/** A body that is given by hand. */
class HandBody implements BodySource {
  sink: BodySink | undefined;
  paused = false;

  constructor(readonly length: number | undefined) {}

  read(sink: BodySink): void {
    this.sink = sink;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

describe('the native upstream client', () => {
  it.each([
    ['a length', OK, ['head 200 OK', 'data', 'end '], 'ok'],
    ['no content', 'HTTP/1.1 204 None\r\n\r\n', ['head 204 None', 'end '], ''],
    [
      'chunks and trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nA: b\r\n\r\n',
      ['head 200 OK', 'data', 'end A,b'],
      'ok',
    ],
    [
      'interim responses before it',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`,
      ['informational 103', 'head 200 OK', 'data', 'end '],
      'ok',
    ],
  ])(
    'reads a response with %s, whole and byte by byte, and uses its connection again',
    async (_, answer, calls, content) => {
      const all = await upstream((socket, received, { connections }) => {
        if (!received.endsWith('\r\n\r\n')) return;
        if (connections === 1) socket.write(answer);
        else for (const byte of answer) socket.write(byte);
      });
      const engine = client();
      for (let time = 1; time <= 2; time++) {
        const outcome = await send(engine, to(all.port)).over();
        expect(outcome.calls).toEqual(calls);
        expect(outcome.content).toBe(content);
      }
      expect(all.connections).toBe(1);
      const bytewise = await send(engine, to(all.port, { settings: withPool({}) })).over();
      expect(bytewise.calls.filter((call) => call !== 'data')).toEqual(calls.filter((call) => call !== 'data'));
      expect(bytewise.content).toBe(content);
    },
  );

  it.each([
    ['bytes follow it', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    ['a 204 announces content', 'HTTP/1.1 204 None\r\nContent-Length: 4\r\n\r\nevil'],
    ['it says close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['it is HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ])('does not use a connection after a response where %s', async (_, answer) => {
    const all = await upstream(answering(answer));
    const engine = client();
    for (let time = 1; time <= 2; time++) {
      const outcome = await send(engine, to(all.port)).over();
      expect(outcome.last).toBe('end ');
      expect(outcome.content).not.toContain('evil');
    }
    expect(all.connections).toBe(2);
  });

  it('closes a connection on which something comes that nobody asked for', async () => {
    let first: Socket | undefined;
    const all = await upstream((socket, received) => {
      first ??= socket;
      answering(OK)(socket, received);
    });
    const engine = client();
    await send(engine, to(all.port)).over();
    first?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await all.until(({ open }) => open === 0);
    expect((await send(engine, to(all.port)).over()).content).toBe('ok');
  });

  it('takes content to the end of the connection, but no end for the whole of a known length', async () => {
    const all = await upstream((socket, received) => {
      if (received.startsWith('GET /all')) socket.end('HTTP/1.1 200 OK\r\n\r\nall');
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
    });
    const engine = client();
    const whole = await send(engine, to(all.port, { path: '/all' })).over();
    expect([whole.content, whole.last]).toEqual(['all', 'end ']);
    const part = await send(engine, to(all.port, { path: '/part' })).over();
    expect([part.content, part.last]).toEqual(['part', 'error reset']);
  });

  it('tells nothing while it is paused, not even a loss', async () => {
    const all = await upstream((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
    });
    const engine = client();
    class Pausing extends Outcome {
      override onUpstreamHead(status: number, reason: string): void {
        this.call?.pause();
        super.onUpstreamHead(status, reason);
      }
    }
    const outcome = new Pausing();
    outcome.call = engine.send(to(all.port), outcome);
    await outcome.until(({ calls }) => calls.length > 0);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(outcome.calls).toEqual(['head 200 OK']);
    outcome.call.resume();
    await outcome.over();
    expect(outcome.calls).toEqual(['head 200 OK', 'data', 'error reset']);
  });

  it.each([
    ['a length', 5, 'Content-Length: 5\r\n\r\nhello'],
    ['chunks', undefined, 'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nT: u\r\n\r\n'],
  ])('sends a body with %s as it comes', async (_, length, expected) => {
    const all = await upstream((socket, received) => {
      if (/hello$|u\r\n\r\n$/.test(received)) socket.write(OK);
    });
    const body = new HandBody(length);
    const outcome = send(client(), to(all.port, { method: 'POST', body, repeatable: false }));
    while (body.sink === undefined) await new Promise(setImmediate);
    body.sink.onBodyData(Buffer.from('he'));
    body.sink.onBodyData(Buffer.from('llo'));
    body.sink.onBodyEnd(length === undefined ? ['T', 'u'] : []);
    expect((await outcome.over()).content).toBe('ok');
    expect(all.requests[0]).toBe(`POST / HTTP/1.1\r\nHost: a\r\n${expected}`);
  });

  it.each<[string, (sink: BodySink) => void]>([
    ['is shorter than announced', (sink) => (sink.onBodyData(Buffer.from('hell')), sink.onBodyEnd([]))],
    ['is longer than announced', (sink) => sink.onBodyData(Buffer.from('hello GET / HTTP/1.1'))],
    ['fails', (sink) => sink.onBodyError(new Error('gone'))],
  ])('gives a request up whose body %s', async (_, deliver) => {
    const all = await upstream(() => undefined);
    const body = new HandBody(5);
    const outcome = send(client(), to(all.port, { method: 'POST', body, repeatable: false }));
    while (body.sink === undefined) await new Promise(setImmediate);
    deliver(body.sink);
    expect((await outcome.over()).calls).toEqual(['error request-body']);
    await all.until(({ open }) => open === 0);
    expect(all.requests[0]).not.toContain('GET');
  });

  it('stops a body while the upstream does not read', async () => {
    const all = await upstream((socket) => void socket.pause());
    const body = new HandBody(1 << 30);
    const outcome = send(client(), to(all.port, { method: 'POST', body, repeatable: false }));
    while (body.sink === undefined) await new Promise(setImmediate);
    let sent = 0;
    for (; !body.paused; sent++) {
      body.sink.onBodyData(Buffer.alloc(64 * 1024));
      await new Promise(setImmediate);
    }
    expect(sent).toBeLessThan(500);
    outcome.call?.abort();
  });

  it('passes an early response on and gives the connection up with the rest of the body', async () => {
    const all = await upstream((socket) => void socket.write('HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n'));
    const body = new HandBody(100);
    const engine = client();
    const outcome = send(engine, to(all.port, { method: 'POST', body, repeatable: false }));
    expect((await outcome.over()).calls).toEqual(['head 413 No', 'end ']);
    await all.until(({ open }) => open === 0);
    body.sink?.onBodyData(Buffer.alloc(10));
    body.sink?.onBodyError(new Error('late'));
    expect(outcome.last).toBe('end ');
  });

  it.each(['/a b', '/\r\nX: y', '/\u010a', ''])('never sends the target %j', async (path) => {
    const all = await upstream(answering(OK));
    expect((await send(client(), to(all.port, { path })).over()).calls).toEqual(['error protocol']);
    expect(all.connections).toBe(0);
  });

  it('says Content-Length: 0 where a method means content and has none', async () => {
    const all = await upstream(answering(OK));
    const engine = client();
    await send(engine, to(all.port, { method: 'POST', settings: withPool({ type: 'disabled' }) })).over();
    await send(engine, to(all.port, { method: 'DELETE', settings: withPool({ type: 'disabled' }) })).over();
    expect(all.requests.map((request) => /Content-Length: 0/.test(request))).toEqual([true, false]);
  });

  it.each([
    ['idled long enough', { maxIdleMs: 30 }],
    ['belongs to a disabled pool', { type: 'disabled' }],
  ] as const)('closes a connection that %s', async (_, pool) => {
    const all = await upstream(answering(OK));
    await send(client(), to(all.port, { settings: withPool(pool) })).over();
    await all.until(({ open }) => open === 0);
  });

  it('lets a connection carry no request beyond its life', async () => {
    const all = await upstream(answering(OK));
    const engine = client();
    const settings = withPool({ maxLifeMs: 1 });
    await send(engine, to(all.port, { settings })).over();
    const end = performance.now() + 2;
    while (performance.now() < end) await new Promise(setImmediate);
    await send(engine, to(all.port, { settings })).over();
    expect(all.connections).toBe(2);
  });

  it('closes with close what idles, and the rest after its response', async () => {
    const held: Socket[] = [];
    const all = await upstream((socket, received) => {
      if (received.includes('/wait')) held.push(socket);
      else answering(OK)(socket, received);
    });
    const engine = client();
    const [waiting, idle] = [send(engine, to(all.port, { path: '/wait' })), send(engine, to(all.port))];
    await idle.over();
    await all.until(() => held.length === 1);
    await engine.close();
    await all.until(({ open }) => open === 1);
    held[0]?.write(OK);
    expect((await waiting.over()).content).toBe('ok');
    await all.until(({ open }) => open === 0);
  });

  it('frees the connection of an aborted call and calls nothing more', async () => {
    const all = await upstream(() => undefined);
    const outcome = send(client(), to(all.port, { responseTimeoutMs: 30 }));
    await all.until(({ requests }) => (requests[0] ?? '').endsWith('\r\n\r\n'));
    outcome.call?.abort();
    await all.until(({ open }) => open === 0);
    expect(outcome.calls).toEqual([]);
  });
});

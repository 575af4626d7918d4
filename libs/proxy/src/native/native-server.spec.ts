import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_SERVER_LIMITS } from '../data-plane-options.js';
import type { ClientRequest } from '../ports/client-request.js';
import type { ClientResponse } from '../ports/client-response.js';
import type { RequestHandler, ServerLimits } from '../ports/data-plane-server.js';
import { RawClient } from '../testing/raw-peer.js';
import { NativeServer } from './native-server.js';

type Handle = (request: ClientRequest, response: ClientResponse) => void;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  handle: Handle,
  limits: Partial<ServerLimits> = {},
  upgrade?: RequestHandler['upgrade'],
): Promise<number> {
  const server = new NativeServer();
  const { port } = await server.listen(
    { address: '127.0.0.1', port: 0, limits: { ...DEFAULT_SERVER_LIMITS, ...limits } },
    { handle, upgrade: upgrade ?? ((_request, socket) => void socket.destroy()) },
  );
  cleanups.push(() => server.close(0));
  return port;
}

async function connected(port: number): Promise<RawClient> {
  const client = await RawClient.to(port);
  cleanups.push(async () => void client.socket.destroy());
  return client;
}

const get = (path = '/', ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n');
const CLOSE = 'Connection: close';

/** Answers with what it got. */
const echo: Handle = (request, response) => {
  if (request.body === undefined) {
    response.respond(200, '', [], request.target);
    return;
  }
  const pieces: Buffer[] = [];
  request.body.read({
    onBodyData: (chunk) => pieces.push(chunk),
    onBodyEnd: (trailers) => response.respond(200, '', [], `${Buffer.concat(pieces).toString()}|${trailers.join()}`),
    onBodyError: () => undefined,
  });
};

function bodies(received: string): string[] {
  return received.split(/HTTP\/1\.1 \d{3} [^]*?\r\n\r\n/).slice(1);
}

describe('the native server', () => {
  it('answers pipelined requests in order, each when the one before it is over', async () => {
    const waiting: ClientResponse[] = [];
    const port = await serve((request, response) => {
      if (request.target === '/3') response.respond(200, '', [], 'three');
      else waiting.push(response);
    });
    const client = await connected(port);
    client.send(get('/1') + get('/2') + get('/3'));
    while (waiting.length === 0) await new Promise(setImmediate);
    expect(waiting).toHaveLength(1);
    waiting[0]?.respond(200, '', [], 'one');
    await client.until((text) => text.endsWith('one'));
    while (waiting.length === 1) await new Promise(setImmediate);
    waiting[1]?.respond(200, '', [], 'two');
    expect(bodies(await client.until((text) => text.endsWith('three')))).toEqual(['one', 'two', 'three']);
  });

  it('reads pipelined requests with bodies, in pieces of any size', async () => {
    const port = await serve(echo);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
    const text = `${post}Content-Length: 3\r\n\r\none${post}Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\nA: b\r\n\r\n${get('/three', CLOSE)}`;
    const whole = bodies(await RawClient.exchange(port, text));
    expect(whole).toEqual(['one|', 'two|A,b', '/three']);
    const client = await connected(port);
    client.socket.setNoDelay(true);
    for (const byte of text) {
      client.send(byte);
      await new Promise(setImmediate);
    }
    expect(bodies(await client.closed())).toEqual(whole);
  });

  it.each<[string, string, Handle, RegExp]>([
    [
      'chunks',
      '1.1',
      (_, r) => (r.head(200, '', []), r.write(Buffer.from('hello')), r.end(['T', 'u'])),
      /chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n$/,
    ],
    [
      'a length',
      '1.1',
      (_, r) => (r.head(200, '', ['content-length', '2']), r.write(Buffer.from('ok')), r.end()),
      /\r\ncontent-length: 2\r\n[^]*\r\n\r\nok$/,
    ],
    [
      'the end of the connection',
      '1.0',
      (_, r) => (r.head(200, '', []), r.write(Buffer.from('ok')), r.end()),
      /Connection: close\r\n\r\nok$/,
    ],
    [
      'nothing after 204',
      '1.1',
      (_, r) => (r.head(204, '', ['X', 'y']), r.write(Buffer.from('no')), r.end()),
      /^HTTP\/1\.1 204 No Content\r\nX: y\r\nDate: [^\r]*\r\nConnection: close\r\n\r\n$/,
    ],
    [
      'nothing after 304',
      '1.1',
      (_, r) => (r.head(304, '', ['Content-Length', '7']), r.end()),
      /304 Not Modified\r\nContent-Length: 7\r\n[^]*close\r\n\r\n$/,
    ],
    [
      'a length of 0',
      '1.1',
      (_, r) => r.respond(500, 'Oh', [], undefined),
      /^HTTP\/1\.1 500 Oh\r\n[^]*Content-Length: 0\r\n/,
    ],
    [
      'one length, whatever was given',
      '1.1',
      (_, r) => r.respond(200, '', ['Content-Length', '99', 'Transfer-Encoding', 'gzip'], 'hi'),
      /^HTTP\/1\.1 200 OK\r\nContent-Length: 2\r\nDate: [^\r]*\r\nConnection: close\r\n\r\nhi$/,
    ],
    [
      'a Date of its own',
      '1.1',
      (_, r) => r.respond(200, '', ['date', 'today'], ''),
      /\r\ndate: today\r\n(?![^]*Date: )/,
    ],
  ])('frames a response by %s (HTTP/%s)', async (_, version, handle, expected) => {
    const port = await serve(handle);
    const request = `GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`;
    expect(await RawClient.exchange(port, request)).toMatch(expected);
  });

  it('sends the head of an answer to HEAD and nothing more', async () => {
    const port = await serve((_, response) => response.respond(200, '', [], 'hello'));
    const got = await RawClient.exchange(port, get('/', CLOSE).replace('GET', 'HEAD'));
    expect(got).toMatch(/Content-Length: 5\r\n/);
    expect(got).toMatch(/\r\n\r\n$/);
  });

  it.each<[string, Handle]>([
    ['is shorter', (_, r) => (r.head(200, '', ['Content-Length', '9']), r.write(Buffer.from('abc')), r.end())],
    ['is longer', (_, r) => (r.head(200, '', ['Content-Length', '2']), r.write(Buffer.from('abc')), r.end())],
    ['is given up', (_, r) => (r.head(200, '', []), r.write(Buffer.from('abc')), r.abort())],
  ])('cuts the connection where a response %s than announced', async (_, handle) => {
    const closes: boolean[] = [];
    const port = await serve((request, response) => {
      response.listener = { onDrain: () => undefined, onClose: (completed) => closes.push(completed) };
      handle(request, response);
    });
    const got = await RawClient.exchange(port, get() + get('/next'));
    expect(got).not.toMatch(/0\r\n\r\n$/);
    expect(got.match(/HTTP\/1\.1/g) ?? []).not.toHaveLength(2);
    expect(closes).toEqual([false]);
  });

  it.each(['a\r\nX: y', 'a\nb', 'a\u010ab', 'a\0'])('never writes the header value %j', async (value) => {
    const port = await serve((_, response) => {
      expect(() => response.head(200, '', ['A', value])).toThrow(/cannot be sent/);
      expect(() => response.head(200, value, [])).toThrow(/cannot be sent/);
      expect(() => response.head(200, '', [value, 'A'])).toThrow(/cannot be sent/);
      response.respond(200, '', [], 'unharmed');
    });
    expect(bodies(await RawClient.exchange(port, get('/', CLOSE)))).toEqual(['unharmed']);
  });

  it('keeps an HTTP/1.0 connection where the client asks for it and the length is known', async () => {
    const port = await serve(echo);
    const client = await connected(port);
    client.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.until((text) => text.endsWith('/1'))).toMatch(/Connection: keep-alive\r\n/);
    client.send('GET /2 HTTP/1.0\r\n\r\n');
    expect(await client.closed()).toMatch(/Connection: close\r\n\r\n\/2$/);
  });

  it('closes a connection after as many requests as it may carry', async () => {
    const port = await serve(echo, { maxRequestsPerConnection: 2 });
    const got = await RawClient.exchange(port, get('/1') + get('/2') + get('/3'));
    expect(bodies(got)).toEqual(['/1', '/2']);
    expect(got.match(/Connection: close/g)).toHaveLength(1);
  });

  it.each([
    ['says nothing', ''],
    ['does not end its head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['stops in the middle of its second head', `${get('/1')}GET /2`],
  ])('answers 408 to a client that %s', async (_, text) => {
    const port = await serve(echo, { headersTimeoutMs: 60 });
    expect(await RawClient.exchange(port, text)).toMatch(/HTTP\/1\.1 408 Request Timeout\r\n[^]*Connection: close/);
  });

  it('answers 408 to a body that takes too long', async () => {
    const failures: string[] = [];
    const port = await serve(
      (request) =>
        request.body?.read({
          onBodyData: () => undefined,
          onBodyEnd: () => undefined,
          onBodyError: (error) => failures.push(error.message),
        }),
      { requestTimeoutMs: 60 },
    );
    const got = await RawClient.exchange(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel');
    expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(failures).toHaveLength(1);
  });

  it('closes an idle connection without a word', async () => {
    const port = await serve(echo, { keepAliveTimeoutMs: 60 });
    const got = await RawClient.exchange(port, get('/1'));
    expect(bodies(got)).toEqual(['/1']);
  });

  it('does not time a request out while its response is being made', async () => {
    let answer = (): void => undefined;
    const port = await serve((_, response) => (answer = () => response.respond(200, '', [], 'late')), {
      headersTimeoutMs: 20,
      keepAliveTimeoutMs: 20,
    });
    const client = await connected(port);
    client.send(get('/', CLOSE));
    // A second connection that is timed out shows that the first one's time would be over too.
    await RawClient.exchange(port, '');
    answer();
    expect(bodies(await client.closed())).toEqual(['late']);
  });

  it.each([
    ['before the head', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n', 400],
    ['a header of chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n', 400],
  ])('refuses a body that breaks its framing: %s', async (_, text, status) => {
    const errors: string[] = [];
    const closes: boolean[] = [];
    const port = await serve((request, response) => {
      response.listener = { onDrain: () => undefined, onClose: (completed) => closes.push(completed) };
      request.body?.read({
        onBodyData: () => undefined,
        onBodyEnd: () => errors.push('no error'),
        onBodyError: (error) => {
          errors.push(error.message);
          response.respond(502, '', [], 'too late');
        },
      });
    });
    const got = await RawClient.exchange(port, text + get('/smuggled'));
    expect(got.match(/HTTP\/1\.1 \d{3}/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(errors).toHaveLength(1);
    expect(errors).not.toContain('no error');
    expect(closes).toEqual([false]);
  });

  it('asks for a body only when it is wanted', async () => {
    const port = await serve((request, response) => {
      if (request.target === '/no') response.respond(401, '', [], 'no');
      else echo(request, response);
    });
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
    const refused = await RawClient.exchange(port, head('/no'));
    expect(refused).toMatch(/^HTTP\/1\.1 401 [^]*Connection: close\r\n\r\nno$/);
    const client = await connected(port);
    client.send(head('/yes'));
    await client.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hi');
    expect(await client.until((text) => text.endsWith('hi|'))).toMatch(/HTTP\/1\.1 200 /);
  });

  it.each([
    ['goes on after a small one', 1_000, ['no', '/next']],
    ['closes after a large one', 2_000_000, ['no']],
  ])('reads away a body that nobody took and %s', async (_, length, expected) => {
    const port = await serve((request, response) => {
      if (request.body === undefined) return echo(request, response);
      request.body.discard();
      response.respond(403, '', [], 'no');
    });
    const client = await connected(port);
    client.send(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}${get('/next', CLOSE)}`,
    );
    expect(bodies(await client.closed())).toEqual(expected);
  });

  it('makes a slow sink wait for nobody, and a fast client wait for a slow sink', async () => {
    let received = 0;
    let request: ClientRequest | undefined;
    const port = await serve((incoming, response) => {
      request = incoming;
      incoming.body?.read({
        onBodyData: (chunk) => {
          received += chunk.length;
          incoming.body?.pause();
        },
        onBodyEnd: () => response.respond(200, '', [], String(received)),
        onBodyError: () => undefined,
      });
    });
    const client = await connected(port);
    const length = 64 * 1024 * 1024;
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`);
    client.socket.write(Buffer.alloc(length));
    while (received === 0) await new Promise(setImmediate);
    // All that the system's buffers and ours take; the rest stays with the client.
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(received).toBeLessThan(1024 * 1024);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const resume = setInterval(() => request?.body?.resume(), 0);
    expect(bodies(await client.closed())).toEqual([String(length)]);
    clearInterval(resume);
  });

  it('tells a handler when a slow client takes more', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    const total = 400;
    let written = 0;
    let stops = 0;
    const port = await serve((_, response) => {
      const pump = (): void => {
        while (written < total) {
          written++;
          if (!response.write(chunk)) {
            stops++;
            return;
          }
        }
        response.end();
      };
      response.listener = { onDrain: pump, onClose: () => undefined };
      response.head(200, '', ['Content-Length', String(chunk.length * total)]);
      pump();
    });
    const client = await connected(port);
    client.socket.pause();
    client.send(get('/', CLOSE));
    while (stops === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(written).toBeLessThan(total);
    client.socket.resume();
    expect((await client.closed()).length).toBeGreaterThan(chunk.length * total);
    expect(stops).toBeGreaterThan(1);
  });

  it('tells a handler when its client goes, and takes no more from it', async () => {
    const closes: boolean[] = [];
    let response: ClientResponse | undefined;
    const port = await serve((_, given) => {
      response = given;
      given.listener = { onDrain: () => undefined, onClose: (completed) => closes.push(completed) };
    });
    const client = await connected(port);
    client.send(get());
    while (response === undefined) await new Promise(setImmediate);
    client.socket.destroy();
    while (closes.length === 0) await new Promise(setImmediate);
    response.head(200, '', []);
    expect(response.write(Buffer.from('x'))).toBe(true);
    response.end();
    response.abort();
    expect(closes).toEqual([false]);
  });

  it('hands a connection over to a WebSocket with every byte after the head, and none of its own listeners', async () => {
    const port = await serve(echo, {}, (request, socket, head) => {
      expect(request.remoteAddress).toBe('127.0.0.1');
      for (const event of ['data', 'drain', 'error']) expect(socket.listenerCount(event)).toBe(0);
      let received = '';
      const take = (chunk: Buffer): void => {
        received += chunk.toString();
        if (received.endsWith('!')) socket.end(`${request.target} ${received}`);
      };
      socket.on('data', take);
      socket.resume();
      take(head);
    });
    const client = await connected(port);
    client.send(`${get('/ws', 'Connection: Upgrade', 'Upgrade: websocket')}abc`);
    client.send('def!');
    expect(await client.closed()).toBe('/ws abcdef!');
  });

  it('closes what one address opens beyond its share, until it closes another', async () => {
    const port = await serve(echo, { maxConnectionsPerAddress: 2 });
    const first = await connected(port);
    await connected(port);
    expect(await RawClient.exchange(port, get())).toBe('');
    first.socket.end();
    await first.closed();
    const next = await connected(port);
    next.send(get('/again', CLOSE));
    expect(bodies(await next.closed())).toEqual(['/again']);
  });

  it('keeps answering while 500 others send a byte now and then', async () => {
    const port = await serve(echo);
    const slow = await Promise.all(Array.from({ length: 500 }, () => connected(port)));
    for (const byte of get('/slow').slice(0, 20)) {
      for (const client of slow) client.send(byte);
      expect(bodies(await RawClient.exchange(port, get('/fast', CLOSE)))).toEqual(['/fast']);
    }
    expect(slow.every(({ received, isClosed }) => received === '' && !isClosed)).toBe(true);
  });

  it('does not let one client make it hold what was never asked for', async () => {
    let held = 0;
    const port = await serve(() => held++);
    const client = await connected(port);
    client.send(get());
    client.socket.write(Buffer.alloc(32 * 1024 * 1024, get('/pipelined')));
    while (held === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(held).toBe(1);
    expect(client.socket.writableLength).toBeGreaterThan(0);
  });
});

import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectPlain, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { testCertificate } from '../testing/certificates.js';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local } from '../testing/test-route.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const FIRST = testCertificate('first');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const byHead = (answer: string) => (socket: Socket, received: string) => {
  if (received.endsWith('\r\n\r\n')) socket.write(answer, 'latin1');
};

interface Running {
  readonly gateway: RunningGateway;
  readonly upstream: RawUpstream;
}

async function started(
  onData: (socket: Socket, received: string) => void,
  options: Partial<DataPlaneOptions> = {},
): Promise<Running> {
  const upstream = await RawUpstream.listen(onData);
  cleanups.push(() => upstream.stop());
  const gateway = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }], options);
  cleanups.push(() => gateway.stop());
  return { gateway, upstream };
}

function session({ port }: RunningGateway, tls = false): ClientHttp2Session {
  const made = connect(`${tls ? 'https' : 'http'}://localhost:${port}`, { ca: FIRST.cert, family: 4 } as object);
  made.on('error', () => undefined);
  cleanups.push(() => made.destroy());
  return made;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly hints: IncomingHttpHeaders[];
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const hints: IncomingHttpHeaders[] = [];
  let trailers: IncomingHttpHeaders = {};
  let body = '';
  stream.on('headers', (headers: IncomingHttpHeaders) => hints.push(headers));
  stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers));
  stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  if (!stream.destroyed) await once(stream, 'close');
  return { status: Number(headers[':status']), headers, body, trailers, hints };
}

describe('HTTP/2 from clients', () => {
  it.each([
    ['in clear, with prior knowledge', false],
    ['by ALPN', true],
  ])('is served %s, beside HTTP/1.1', async (_, tls) => {
    const { certificate, key } = FIRST;
    const { gateway, upstream } = await started(
      byHead(OK),
      tls ? { tls: { certificate, key, minVersion: 'TLSv1.2', clientAuth: 'none' } } : {},
    );
    const client = session(gateway, tls);
    const answers = await Promise.all(
      ['/1?a=b', '/2', '/3'].map((path) => answerOf(client.request({ ':path': path, cookie: ['a=1', 'b=2'] }))),
    );
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'ok'],
      [200, 'ok'],
      [200, 'ok'],
    ]);
    const sent = upstream.requests.join('');
    expect(sent).toContain('GET /1?a=b HTTP/1.1\r\n');
    expect(sent).toContain('cookie: a=1; b=2\r\n');
    expect(sent).toContain(`X-Forwarded-Proto: ${tls ? 'https' : 'http'}\r\n`);
    expect(sent).toContain(`X-Forwarded-Host: localhost:${gateway.port}\r\n`);
    if (!tls)
      expect(
        await RawClient.exchange(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      ).toContain('ok');
  });

  it('is not spoken where it is switched off', async () => {
    const { gateway } = await started(byHead(OK), { http2: false });
    const got = await RawClient.exchange(gateway.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(got).toMatch(/^HTTP\/1\.1 (400|501|505) |^$/);
  });

  it('is recognised in whatever pieces its preface comes', async () => {
    const { gateway } = await started(byHead(OK));
    const bytes = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]);
    const socket = connectPlain(gateway.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const [first] = await Promise.all([
      once(socket, 'data') as Promise<[Buffer]>,
      (async () => {
        for (const byte of bytes) {
          socket.write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    ]);
    // A SETTINGS frame is the server's first word.
    expect(first[0][3]).toBe(4);
  });

  it.each(['PROPFIND', 'PURGE', 'PUT'])('is not mistaken for %s, in pieces', async (method) => {
    const { gateway, upstream } = await started(byHead(OK));
    const client = await RawClient.to(gateway.port);
    cleanups.push(() => client.socket.destroy());
    client.socket.setNoDelay(true);
    for (const letter of `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`) {
      client.send(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until((text) => text.endsWith('ok'));
    expect(upstream.requests.join('')).toContain(`${method} / HTTP/1.1`);
  });

  it('carries bodies, trailers both ways, hints and odd heads', async () => {
    const { gateway, upstream } = await started((socket, received) => {
      if (!received.endsWith('0\r\nx-sum: 7\r\n\r\n')) return;
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n' +
          'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nVary: x\r\nVary: y\r\nConnection: keep-alive\r\nContent-Type: text/a\r\n\r\n' +
          '5\r\nhello\r\n0\r\nX-Checked: yes\r\n\r\n',
      );
    });
    const stream = session(gateway).request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    const answer = answerOf(stream);
    stream.write('abc');
    stream.end('def');
    const { status, headers, body, trailers, hints } = await answer;
    expect([status, body]).toEqual([201, 'hello']);
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], vary: 'x, y' });
    expect(headers['connection']).toBeUndefined();
    expect(trailers['x-checked']).toBe('yes');
    expect(hints.map((hint) => [hint[':status'], hint['link']])).toEqual([[103, '</a>']]);
    expect(upstream.requests.join('')).toMatch(/(?:3\r\nabc\r\n3\r\ndef|6\r\nabcdef)\r\n0\r\nx-sum: 7/);
  });

  it('sends a body of known length with it', async () => {
    const { gateway, upstream } = await started((socket, received) => {
      if (received.endsWith('abcdef')) socket.write(OK);
    });
    const stream = session(gateway).request({ ':path': '/', ':method': 'POST', 'content-length': 6 });
    const answer = answerOf(stream);
    stream.end('abcdef');
    expect((await answer).status).toBe(200);
    expect(upstream.requests.join('')).toMatch(/content-length: 6\r\n/i);
    expect(upstream.requests.join('')).not.toMatch(/transfer-encoding/i);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 200, '5'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304, undefined],
  ])('ends an answer to %s with its head: %j', async (method, response, status, length) => {
    const { gateway } = await started(byHead(response));
    const client = session(gateway);
    for (let round = 0; round < 2; round++) {
      const answer = await answerOf(client.request({ ':path': '/', ':method': method }));
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([status, '', length]);
    }
  });

  it('asks for a body only when it is wanted', async () => {
    const { gateway } = await started((socket, received) => {
      if (received.endsWith('body')) socket.write(OK);
    });
    const stream = session(gateway).request({
      ':path': '/',
      ':method': 'POST',
      expect: '100-continue',
      'content-length': 4,
    });
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end('body');
    expect((await answer).status).toBe(200);
  });

  it('resets a stream whose upstream dies in the middle, and no other', async () => {
    const { gateway } = await started((socket, received) => {
      if (received.includes('GET /long ')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
      else if (received.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const client = session(gateway);
    const cut = client.request({ ':path': '/long' });
    cut.resume();
    const error = await once(cut, 'error').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/INTERNAL_ERROR/);
    expect((await answerOf(client.request({ ':path': '/' }))).status).toBe(200);
    expect((await gateway.finished(2)).map(({ outcome }) => outcome)).toEqual(['upstream-aborted', 'completed']);
  });

  it('gives the upstream up where the client resets its stream', async () => {
    const { gateway, upstream } = await started(() => undefined);
    const stream = session(gateway).request({ ':path': '/' });
    stream.on('error', () => undefined);
    await upstream.until(({ requests }) => requests.join('').endsWith('\r\n\r\n'));
    stream.close(8);
    await upstream.until(({ open }) => open === 0);
    expect((await gateway.finished())[0]).toMatchObject({ outcome: 'client-aborted', status: 0 });
  });

  it.each<[string, Record<string, string | string[]>, number]>([
    ['a space in the path', { ':path': '/a b' }, 400],
    ['a line break in the path', { ':path': '/a\r\nX: y' }, 400],
    ['no path', { ':path': '*' }, 400],
    ['another host than the authority', { ':path': '/', ':authority': 'a', host: 'other' }, 400],
    ['an authority that is none', { ':path': '/', ':authority': 'a b' }, 400],
    ['two lengths', { ':path': '/', 'content-length': '1, 2' }, 400],
    ['an expectation that nobody knows', { ':path': '/', expect: 'wonders' }, 417],
    ['a method that nobody knows', { ':path': '/', ':method': 'GET / HTTP/1.1' }, 501],
  ])('is refused for %s', async (_, headers, status) => {
    const { gateway, upstream } = await started(byHead(OK));
    const stream = session(gateway).request(headers, { endStream: true });
    const answer = await Promise.race([
      answerOf(stream).then((got) => got.status),
      once(stream, 'error').then(
        () => 'reset',
        () => 'reset',
      ),
      once(stream, 'close').then(
        () => 'reset',
        () => 'reset',
      ),
    ]);
    expect([status, 'reset']).toContain(answer);
    expect(upstream.requests.join('')).toBe('');
  });

  it('ends its connections in order when it stops', async () => {
    let held: Socket | undefined;
    const { gateway, upstream } = await started((socket) => (held = socket));
    const client = session(gateway);
    const answer = answerOf(client.request({ ':path': '/' }));
    await upstream.until(({ requests }) => requests.length > 0 && held !== undefined);
    const goaway = once(client, 'goaway');
    const stopped = gateway.plane.stop(5_000);
    await goaway;
    held?.write(OK);
    expect((await answer).body).toBe('ok');
    await stopped;
  });

  it('takes a slow client and a slow upstream at their own pace', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const total = 4 * 1024 * 1024;
    let sent = 0;
    const { gateway, upstream } = await started((socket, received) => {
      if (!received.endsWith('\r\n\r\n')) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const more = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', more);
        }
      };
      more();
    });
    const stream = session(gateway).request({ ':path': '/' });
    await once(stream, 'response');
    let read = 0;
    for await (const piece of stream) {
      read += (piece as Buffer).length;
      if (read % (1024 * 1024) < 16_384) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read).toBe(total);
    expect(upstream.connections).toBe(1);
  });
});

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local } from '../testing/test-route.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An upstream that answers each request head with `response`, and a gateway whose only route leads to it. */
async function gatewayTo(
  response: string | ((received: string, socket: Socket) => string | undefined),
  ...[options, globals]: [Parameters<typeof RunningGateway.start>[1]?, Parameters<typeof RunningGateway.start>[2]?]
): Promise<{ gateway: RunningGateway; upstream: RawUpstream }> {
  let answered = 0;
  const upstream = await RawUpstream.listen((socket, received) => {
    if (typeof response === 'function') {
      const text = response(received, socket);
      if (text !== undefined) socket.write(text, 'latin1');
      return;
    }
    const heads = received.split('\r\n\r\n').length - 1;
    if (heads > answered) {
      answered = heads;
      socket.write(response, 'latin1');
    }
  });
  cleanups.push(() => upstream.stop());
  const gateway = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }], options, globals);
  cleanups.push(() => gateway.stop());
  return { gateway, upstream };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CLOSE = 'Connection: close\r\n\r\n';

describe('a proxied request', () => {
  it('keeps path bytes, header case, order and duplicates, and tells on whose behalf it comes', async () => {
    const { gateway, upstream } = await gatewayTo(OK);
    const path = "/a%2Fb//c/%c3%a9?q=%20&x=[1]|'";
    const got = await RawClient.exchange(
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: shop.example:8080\r\nX-One: 1\r\nx-two: \xe4\r\nX-One: 2\r\n${CLOSE}`,
    );
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(got).toMatch(/\r\n\r\nok$/);
    const [head = ''] = (upstream.requests[0] as string).split('\r\n\r\n');
    const lines = head.split('\r\n');
    expect(lines[0]).toBe(`GET ${path} HTTP/1.1`);
    expect(lines.slice(1).filter((line) => /^x-(one|two)/i.test(line))).toEqual([
      'X-One: 1',
      'x-two: \xe4',
      'X-One: 2',
    ]);
    expect(lines.map((line) => line.toLowerCase())).toContain(`host: 127.0.0.1:${upstream.port}`);
    expect(lines).toContain('X-Forwarded-For: 127.0.0.1');
    expect(lines).toContain('X-Forwarded-Proto: http');
    expect(lines).toContain('X-Forwarded-Port: 8080');
    expect(lines).toContain('X-Forwarded-Host: shop.example:8080');
    expect(head).toMatch(/^Forwarded: proto=http;host="shop\.example:8080";for="127\.0\.0\.1:\d+"$/m);
  });

  it('passes a response on as it came, duplicates and odd statuses too', async () => {
    const { gateway } = await gatewayTo(
      'HTTP/1.1 299 Quite Fine\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-L: \xe9\r\nContent-Length: 0\r\n\r\n',
    );
    const got = await RawClient.exchange(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}`);
    expect(got).toMatch(
      /^HTTP\/1\.1 299 Quite Fine\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-L: \xe9\r\nContent-Length: 0\r\n/,
    );
  });

  it('drops hop-by-hop headers in both directions, and what Connection names', async () => {
    const { gateway, upstream } = await gatewayTo(
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n',
    );
    const got = await RawClient.exchange(
      gateway.port,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Drop, X-Forwarded-For, Host\r\nX-Drop: 1\r\nX-Kept: 2\r\nTE: trailers\r\n' +
        'Proxy-Connection: keep-alive\r\nProxy-Authorization: x\r\nX-Forwarded-For: 6.6.6.6\r\nKeep-Alive: 1\r\n\r\n',
    );
    expect(got).toContain('X-Kept: 1');
    expect(got).not.toMatch(/X-Secret|timeout=9|Proxy-Authenticate/i);
    const request = upstream.requests[0] as string;
    expect(request).toContain('X-Kept: 2');
    expect(request).toContain('X-Forwarded-For: 127.0.0.1\r\n');
    expect(request).not.toMatch(/X-Drop|6\.6\.6\.6|proxy-|^te:|X-Forwarded-For: 6/im);
  });

  it('reuses a connection for the next request', async () => {
    const { gateway, upstream } = await gatewayTo((received) => (received.endsWith('\r\n\r\n') ? OK : undefined));
    const client = await RawClient.to(gateway.port);
    for (let count = 1; count <= 3; count++) {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.until((text) => text.split('\r\n\r\nok').length > count);
    }
    client.socket.destroy();
    expect(upstream.connections).toBe(1);
  });

  it.each([
    ['a length', 'Content-Length: 5\r\n\r\nhello', /\r\ncontent-length: 5\r\n\r\nhello$/i],
    [
      'chunks',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      /\r\ntransfer-encoding: chunked\r\n/i,
    ],
  ])('sends a body with %s', async (_, body, expected) => {
    const { gateway, upstream } = await gatewayTo((received) => (/hello$|0\r\n\r\n$/.test(received) ? OK : undefined));
    const got = await RawClient.exchange(gateway.port, `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${body}`);
    expect(got).toMatch(/ok$/);
    expect(upstream.requests[0]).toMatch(expected);
  });

  it('answers Expect: 100-continue when the body is wanted, and does not pass it on', async () => {
    const { gateway, upstream } = await gatewayTo((received) => (received.endsWith('hello') ? OK : undefined));
    const client = await RawClient.to(gateway.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await client.until((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    client.send('hello');
    await client.until((text) => text.endsWith('ok'));
    client.socket.destroy();
    expect(upstream.requests[0]).not.toMatch(/expect/i);
  });

  it('refuses a body that nobody wants without asking for it', async () => {
    const gateway = await RunningGateway.start([]);
    cleanups.push(() => gateway.stop());
    const got = await RawClient.exchange(
      gateway.port,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
    );
    expect(got).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(got).toMatch(/connection: close/i);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "1"\r\n\r\n'],
  ])('ends a response to %s with its head: %s', async (method, response) => {
    const { gateway } = await gatewayTo(response);
    const got = await RawClient.exchange(gateway.port, `${method} / HTTP/1.1\r\nHost: a\r\n${CLOSE}`);
    expect(got.split('\r\n')[0]).toBe(response.split('\r\n')[0]);
    expect(got.endsWith('\r\n\r\n')).toBe(true);
    expect(got).not.toMatch(/transfer-encoding/i);
    if (response.includes('Length: 5')) expect(got).toContain('Content-Length: 5');
  });

  it('passes informational responses and trailers on', async () => {
    const { gateway } = await gatewayTo(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    const got = await RawClient.exchange(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}`);
    expect(got).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(got).toMatch(/2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n$/);
  });

  it('passes the trailers of a request on, announced or not', async () => {
    const { gateway, upstream } = await gatewayTo((received) => (received.endsWith('Sum: 1\r\n\r\n') ? OK : undefined));
    const head = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n`;
    for (const announced of ['', 'Trailer: X-Sum\r\n']) {
      const client = await RawClient.to(gateway.port);
      client.send(`${head}${announced}\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`);
      await client.until((text) => text.endsWith('ok'));
      client.socket.destroy();
    }
    expect(upstream.requests.join('').match(/2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n/g)).toHaveLength(2);
  });

  it('sends a response without framing to an HTTP/1.0 client to the end of the connection', async () => {
    const { gateway } = await gatewayTo('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
    const got = await RawClient.exchange(gateway.port, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    expect(got).not.toMatch(/transfer-encoding/i);
    expect(got).toMatch(/\r\n\r\nok$/);
  });

  it('tells the observer once, with the facts', async () => {
    const { gateway } = await gatewayTo(OK);
    await RawClient.exchange(gateway.port, `GET /x?y HTTP/1.1\r\nHost: a\r\n${CLOSE}`);
    expect(await gateway.finished()).toEqual([
      { routeId: 'r', method: 'GET', path: '/x', status: 200, outcome: 'completed', failed: false, responseBytes: 2 },
    ]);
    expect(gateway.plane.inFlight).toBe(0);
  });
});

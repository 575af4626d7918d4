import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local } from '../testing/test-route.js';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const HOST = 'Host: a\r\n';

let gateway: RunningGateway;
let upstream: RawUpstream;

beforeAll(async () => {
  upstream = await RawUpstream.listen((socket, received) => {
    if (/\r\n\r\n/.test(received)) socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  gateway = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }]);
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** Messages that two parsers may cut differently: each is refused, and its connection closed. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['CL.TE', `POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  [
    'TE.CL',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2b\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${SMUGGLED}`],
  ['two equal lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`],
  ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0, 44\r\n\r\n${SMUGGLED}`],
  ['a signed length', `POST / HTTP/1.1\r\n${HOST}Content-Length: +0\r\n\r\n`],
  ['a negative length', `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
  ['a hexadecimal length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x0\r\n\r\n`],
  ['a huge length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 18446744073709551616\r\n\r\n`],
  [
    'two codings',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  ],
  ['another coding first', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  ['a coding that is not chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['a coding with a tab before it', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ['a quoted coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  ['a coding in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a space before the colon', `POST / HTTP/1.1\r\n${HOST}Content-Length : 44\r\n\r\n${SMUGGLED}`],
  ['an obsolete fold', `POST / HTTP/1.1\r\n${HOST}X: a\r\n Content-Length: 44\r\n\r\n${SMUGGLED}`],
  ['a folded coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ['a bare line feed after the request line', `GET / HTTP/1.1\n${HOST}\r\n`],
  ['a bare line feed in the head', `GET / HTTP/1.1\r\n${HOST}X: a\nContent-Length: 44\r\n\r\n${SMUGGLED}`],
  ['a bare carriage return in the head', `GET / HTTP/1.1\r\n${HOST}X: a\rContent-Length: 44\r\n\r\n`],
  ['a NUL in a value', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`],
  ['a header without a name', `GET / HTTP/1.1\r\n${HOST}: a\r\n\r\n`],
  ['a header without a colon', `GET / HTTP/1.1\r\n${HOST}Content-Length\r\n\r\n`],
  ['a line that begins with a space', `GET / HTTP/1.1\r\n Host: b\r\n${HOST}\r\n`],
  ['no Host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n'],
  ['two Hosts', `GET / HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`],
  ['another host in the target', `GET http://b/ HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
  ['a fragment in the target', `GET /a#b HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
  ['a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ['an unknown version', `GET / HTTP/3.0\r\n${HOST}\r\n`],
  ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['a bad chunk size', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n`],
  ['a chunk without its end', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nabc0\r\n\r\n`],
  [
    'a chunk size that overflows',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nab\r\n0\r\n\r\n`,
  ],
  [
    'an upgrade with a body',
    `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 44\r\n\r\n${SMUGGLED}`,
  ],
  ['too many headers', `GET / HTTP/1.1\r\n${HOST}${'X: a\r\n'.repeat(300)}\r\n`],
  ['a long header', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n\r\n`],
];

describe('request smuggling', () => {
  it.each(REFUSED)('%s is refused and the connection closed', async (_, message) => {
    const before = upstream.requests.join('').length;
    const got = await RawClient.exchange(gateway.port, message);
    expect(got).toMatch(/^HTTP\/1\.1 (400|413|417|431|501|505) /);
    expect(got.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(upstream.requests.join('').slice(before)).not.toMatch(/smuggled/);
  });

  it.each(['DELETE', 'OPTIONS', 'GET', 'PATCH', 'PROPFIND'])(
    'a chunked body of %s stays a body, whatever it looks like',
    async (method) => {
      const before = upstream.requests.length;
      const size = SMUGGLED.length.toString(16);
      await RawClient.exchange(
        gateway.port,
        `${method} / HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
      );
      const sent = upstream.requests.slice(before).join('');
      const [head = '', body = ''] = sent.split(/\r\n\r\n(.*)/s);
      expect(head.toLowerCase()).toContain('transfer-encoding: chunked');
      expect(head.toLowerCase()).not.toContain('content-length');
      expect(body.startsWith(`${size}\r\n`)).toBe(true);
    },
  );

  it('a request that follows in the same packet is answered after the first', async () => {
    const one = `GET /1 HTTP/1.1\r\n${HOST}\r\n`;
    const client = await RawClient.to(gateway.port);
    client.send(one + one.replace('/1', '/2'));
    const got = await client.until((text) => text.split('HTTP/1.1 200 OK').length === 3);
    client.socket.destroy();
    expect(got.split('HTTP/1.1 200 OK')).toHaveLength(3);
  });
});

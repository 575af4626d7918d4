/** What may become of a message that two servers could cut differently. */
export type Fate =
  /** One answer that refuses it, then the end of the connection; nothing of it goes upstream. */
  | 'refused'
  /** It has one reading, and everyone has it: one request goes upstream, whatever its content looks like. */
  | 'one request'
  /** Its beginning is a request, the rest of it is refused. */
  | 'one request, then refused';

export interface Smuggling {
  readonly name: string;
  readonly fate: Fate;
  /** The only engine that can tell; absent: both. */
  readonly engine?: 'native';
  /** @param host for the Host line: it chooses the upstream */
  message(host: string): string;
}

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const SIZE = SMUGGLED.length.toString(16);
const CHUNKED = 'Transfer-Encoding: chunked';
const BODY = `${SIZE}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
const EMPTY_BODY = '0\r\n\r\n';

/** A POST with these header lines, its body as it stands. */
function post(lines: readonly string[], body: string, method = 'POST'): (host: string) => string {
  return (host) =>
    `${method} /attack HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

function refused(name: string, message: (host: string) => string): Smuggling {
  return { name, fate: 'refused', message };
}

const length = (bytes: number | string): string => `Content-Length: ${bytes}`;

export const CORPUS: readonly Smuggling[] = [
  // Two framings.
  refused('CL.TE', post([length(6), CHUNKED], `${EMPTY_BODY}${SMUGGLED}`)),
  refused('TE.CL', post([CHUNKED, length(4)], BODY)),
  refused('CL.TE with the length of all', post([length(BODY.length), CHUNKED], BODY)),
  refused('CL.CL, different', post([length(0), length(SMUGGLED.length)], SMUGGLED)),
  refused('CL.CL, in one line', post([length(`0, ${SMUGGLED.length}`)], SMUGGLED)),
  refused('CL.CL in other cases', post([length(0), `content-length: ${SMUGGLED.length}`], SMUGGLED)),
  refused('TE.TE: identity first', post(['Transfer-Encoding: identity', CHUNKED], `${EMPTY_BODY}${SMUGGLED}`)),
  refused('TE.TE: identity last', post([CHUNKED, 'Transfer-Encoding: identity'], `${EMPTY_BODY}${SMUGGLED}`)),
  refused('TE.TE: chunked twice', post([CHUNKED, CHUNKED], `${EMPTY_BODY}${SMUGGLED}`)),
  // A coding that one sees and the other does not.
  ...[
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: 'chunked'",
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: chunked\x0c',
    'Transfer-Encoding: chu\0nked',
    'Transfer-Encoding: chünked',
    'Transfer-Encoding:',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding\t: chunked',
    ' Transfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
    'X: y\r\n Transfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\nX: y',
    'Transfer-Encoding: chunked\r\r',
    '\rTransfer-Encoding: chunked',
    'Transfer-Encoding\0: chunked',
    'Transfer-Encoding\xa0: chunked',
    'Transfer Encoding: chunked',
    ': chunked\r\nTransfer-Encoding: chunked',
  ].map((line) => refused(`with a length, ${JSON.stringify(line)}`, post([length(SMUGGLED.length), line], SMUGGLED))),
  // A length that one sees and the other does not, or reads differently.
  ...[
    '+5',
    '-5',
    '0x5',
    '5a',
    '5 5',
    '5,5',
    '5;',
    '0_5',
    '5.0',
    '1e1',
    '\x0b5',
    '٥',
    '',
    '18446744073709551621',
    '1'.repeat(40),
  ].map((value) =>
    refused(`the length ${JSON.stringify(value.slice(0, 22))}`, post([length(value)], `hello${SMUGGLED}`)),
  ),
  ...[
    'Content-Length : 5',
    'Content-Length\t: 5',
    ' Content-Length: 5',
    'Content-Length\0: 5',
    'X: y\n Content-Length: 5',
  ].map((line) => refused(`the line ${JSON.stringify(line)}`, post([line], `hello${SMUGGLED}`))),
  // Chunks.
  ...[
    '10000000000000005\r\nhello\r\n0\r\n\r\n',
    '00000000000000000000000000000000000000005x\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
    '+5\r\nhello\r\n0\r\n\r\n',
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5 \x0b\r\nhello\r\n0\r\n\r\n',
    ' 5\r\nhello\r\n0\r\n\r\n',
    '\r\n5\r\nhello\r\n0\r\n\r\n',
    '5\nhello\r\n0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhelloXX0\r\n\r\n',
    '5\rhello\r\n0\r\n\r\n',
    `2;x\ny\r\nab\r\n${SIZE}\r\n0\r\n\r\n`,
    '5;a="b\r\nhello\r\n0\r\n\r\n',
    'g\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n',
    '5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
    '5\r\nhello\r\n0\r\nX : y\r\n\r\n',
    '5\r\nhello\r\n0\r\n X: y\r\n\r\n',
  ].map((body) => refused(`the chunks ${JSON.stringify(body.slice(0, 60))}`, post([CHUNKED], `${body}${SMUGGLED}`))),
  {
    // Node's own parser takes it for a length, and waits until the connection has been silent for too long.
    ...refused('a chunk of 2^64 - 1 bytes', post([CHUNKED], `ffffffffffffffff\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)),
    engine: 'native',
  },
  // Request lines and hosts.
  refused('HTTP/1.0 with chunks', (host) => `POST /attack HTTP/1.0\r\nHost: ${host}\r\n${CHUNKED}\r\n\r\n${BODY}`),
  refused('HTTP/0.9', () => 'GET /attack\r\n\r\n'),
  refused('a space in the target', (host) =>
    `GET /attack HTTP/1.1\r\nX: /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`.replace('/attack ', '/attack /b '),
  ),
  refused('two Hosts', (host) => `GET /attack HTTP/1.1\r\nHost: ${host}\r\nHost: b\r\n\r\n`),
  refused('a Host with a comma', (host) => `GET /attack HTTP/1.1\r\nHost: ${host},b\r\n\r\n`),
  refused('another host in the target', (host) => `GET http://b/attack HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  refused('a tab in the request line', (host) => `GET\t/attack HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  refused('bare line feeds', (host) => `GET /attack HTTP/1.1\nHost: ${host}\n\n`),
  refused(
    'an upgrade with a body',
    post(['Connection: Upgrade', 'Upgrade: websocket', length(SMUGGLED.length)], SMUGGLED, 'GET'),
  ),
  refused('a tunnel', (host) => `CONNECT ${host}:80 HTTP/1.1\r\nHost: ${host}:80\r\n\r\n`),
  // One reading, whatever it looks like.
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'].flatMap((method): Smuggling[] => [
    {
      name: `CL.0: ${method}`,
      fate: 'one request',
      message: post([length(SMUGGLED.length), 'Connection: close'], SMUGGLED, method),
    },
    { name: `TE.0: ${method}`, fate: 'one request', message: post([CHUNKED, 'Connection: close'], BODY, method) },
  ]),
  {
    name: 'a length that Connection asks to be dropped',
    fate: 'one request',
    message: post([length(SMUGGLED.length), 'Connection: close, content-length'], SMUGGLED),
  },
  {
    name: 'a coding that Connection asks to be dropped',
    fate: 'one request',
    message: post([CHUNKED, 'Connection: close, transfer-encoding'], BODY),
  },
  {
    name: 'the length in underscores',
    fate: 'one request',
    message: post(
      [length(SMUGGLED.length), 'Content_Length: 0', 'Transfer_Encoding: chunked', 'Connection: close'],
      SMUGGLED,
    ),
  },
  {
    name: 'a chunk extension that looks like a chunk',
    fate: 'one request',
    message: post([CHUNKED, 'Connection: close'], `${SIZE};0=a\r\n${SMUGGLED}\r\n0\r\n\r\n`),
  },
  {
    name: 'a coding in underscores, and no length',
    fate: 'one request, then refused',
    message: post(['Transfer_Encoding: chunked'], `${EMPTY_BODY}${SMUGGLED}`),
  },
  {
    name: 'more content than the length says, and no request',
    fate: 'one request, then refused',
    message: post([length(2)], `hi\0${SMUGGLED}`),
  },
];

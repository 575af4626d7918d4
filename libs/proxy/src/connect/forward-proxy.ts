import { isIPv4, isIPv6, type Socket } from 'node:net';
import type { ForwardProxy } from '../ports/upstream-settings.js';

/** What a proxy may answer a CONNECT with, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Asks the proxy at the other end of `socket` for a way to `host:port`; after it the connection is one to there. A name is
 * resolved by the proxy.
 * @throws Error with what the proxy said instead
 */
export function reachThrough(socket: Socket, proxy: ForwardProxy, host: string, port: number): Promise<void> {
  switch (proxy.type) {
    case 'http':
      return connectByHttp(socket, proxy, host, port);
    case 'socks4':
      return connectBySocks4(socket, proxy, host, port);
    case 'socks5':
      return connectBySocks5(socket, proxy, host, port);
  }
}

async function connectByHttp(socket: Socket, proxy: ForwardProxy, host: string, port: number): Promise<void> {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const credentials = `${proxy.username ?? ''}:${proxy.password ?? ''}`;
  const authorization =
    proxy.username === undefined ? '' : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  let head = '';
  while (!head.endsWith('\r\n\r\n')) {
    // Byte by byte, since what follows the head is the upstream's.
    head += (await read(socket, 1)).toString('latin1');
    if (head.length > MAX_HEAD_BYTES) throw new Error('the proxy’s answer does not end');
  }
  if (!/^HTTP\/1\.[01] 2\d\d[ \r]/.test(head)) {
    throw new Error(`the proxy refused: ${head.slice(0, head.indexOf('\r\n')).slice(0, 100)}`);
  }
}

/** With the extension 4a, by which a name goes to the proxy. */
async function connectBySocks4(socket: Socket, proxy: ForwardProxy, host: string, port: number): Promise<void> {
  if (isIPv6(host)) throw new Error('SOCKS4 knows no IPv6');
  const isName = !isIPv4(host);
  socket.write(
    Buffer.concat([
      Buffer.of(4, 1, port >> 8, port & 0xff),
      Buffer.from(isName ? [0, 0, 0, 1] : host.split('.').map(Number)),
      Buffer.from(`${proxy.username ?? ''}\0`),
      Buffer.from(isName ? `${host}\0` : ''),
    ]),
  );
  const answer = await read(socket, 8);
  if (answer[0] !== 0 || answer[1] !== 0x5a) throw new Error(`the proxy refused: SOCKS4 code ${answer[1]}`);
}

/** RFC 1928, and RFC 1929 where there is a user name. */
async function connectBySocks5(socket: Socket, proxy: ForwardProxy, host: string, port: number): Promise<void> {
  const method = proxy.username === undefined ? 0 : 2;
  socket.write(Buffer.of(5, 1, method));
  const chosen = await read(socket, 2);
  if (chosen[0] !== 5 || chosen[1] !== method) throw new Error('the proxy refused: another way to log in is needed');
  if (proxy.username !== undefined) {
    const [name, password] = [Buffer.from(proxy.username), Buffer.from(proxy.password ?? '')];
    socket.write(Buffer.concat([Buffer.of(1, name.length), name, Buffer.of(password.length), password]));
    if ((await read(socket, 2))[1] !== 0) throw new Error('the proxy refused user name and password');
  }
  socket.write(Buffer.concat([Buffer.of(5, 1, 0), socksAddress(host), Buffer.of(port >> 8, port & 0xff)]));
  const answer = await read(socket, 4);
  if (answer[0] !== 5 || answer[1] !== 0) throw new Error(`the proxy refused: SOCKS5 code ${answer[1]}`);
  const length = answer[3] === 1 ? 4 : answer[3] === 4 ? 16 : ((await read(socket, 1))[0] as number);
  await read(socket, length + 2);
}

function socksAddress(host: string): Buffer {
  if (isIPv4(host)) return Buffer.of(1, ...host.split('.').map(Number));
  // An IPv6 address as a name: every proxy that resolves names reads those too.
  const name = Buffer.from(host, 'latin1');
  return Buffer.concat([Buffer.of(3, name.length), name]);
}

/** Exactly `count` bytes; what comes after them stays. */
async function read(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes?.length === count) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error('the proxy closed the connection');
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        socket.off('readable', wake).off('close', wake).off('end', wake);
        resolve();
      };
      socket.on('readable', wake).on('close', wake).on('end', wake);
    });
  }
}

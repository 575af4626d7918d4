import fastifyProxy from '@fastify/http-proxy';
import { fastify } from 'fastify';
import httpProxy from 'http-proxy';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createRelay, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import type { Certificate } from '../processes/certificate.js';
import { ExternalProcess, freePort } from '../processes/external.js';
import { type Ability, type Peer, PREFIX, type Subject } from './peer.js';

const MAX_CONNECTIONS = 256;
const BODY = Buffer.from('{"answer":"upstream"}');

interface Wanted {
  readonly upstream: string;
  readonly port: number;
  readonly certificate?: Certificate;
}

/** What one would write with each library, with connections to the upstream kept but where the name says otherwise. */
const SERVERS: Readonly<Record<string, (wanted: Wanted) => Server | Promise<Server>>> = {
  'node:http hello': (wanted) =>
    listening(wanted, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
      response.end(BODY);
    }),
  // Reads nothing of what it moves: what the runtime and the system calls leave to a proxy.
  'net relay': ({ upstream, port }) => {
    const { hostname, port: upstreamPort } = new URL(upstream);
    const relay = createRelay({ noDelay: true }, (client) => {
      const server = connect({ host: hostname, port: Number(upstreamPort), noDelay: true });
      client.pipe(server).on('error', () => client.destroy());
      server.pipe(client).on('error', () => server.destroy());
    });
    return relay.listen(port, '127.0.0.1');
  },
  // What a gateway on these two can come up to: no header is looked at, and no body is sent on.
  'node:http and undici, bare': (wanted) => {
    const pool = new Pool(wanted.upstream, { connections: MAX_CONNECTIONS, pipelining: 1 });
    return listening(wanted, ({ url = '', rawHeaders }, response) => {
      const headers = [...rawHeaders, 'X-Route', 'route-0'];
      pool.dispatch(
        { method: 'GET', path: url.slice(PREFIX.length), headers },
        {
          onConnect: () => undefined,
          onHeaders: (status, lines, resume) => {
            response.writeHead(status, lines.map(String));
            response.on('drain', resume);
            return true;
          },
          onData: (chunk) => response.write(chunk),
          onComplete: () => response.end(),
          onError: () => response.destroy(),
        },
      );
    });
  },
  'http-proxy': (wanted) => viaHttpProxy(wanted, keptAgent()),
  // Without an agent it makes a connection to the upstream for every request.
  'http-proxy, as it comes': (wanted) => viaHttpProxy(wanted),
  'http-proxy-middleware': (wanted) => {
    const proxy = createProxyMiddleware({
      target: wanted.upstream,
      xfwd: true,
      agent: keptAgent(),
      pathRewrite: (path) => path.slice(PREFIX.length),
      headers: { 'X-Route': 'route-0' },
    });
    const server = listening(wanted, (request, response) => {
      void proxy(request, response, () => response.writeHead(404).end());
    });
    return server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void proxy.upgrade(request, socket, head);
    });
  },
  '@fastify/http-proxy': async ({ upstream, port, certificate }) => {
    const app = fastify({ https: certificate ? read(certificate) : null });
    await app.register(fastifyProxy, {
      upstream,
      prefix: PREFIX,
      rewritePrefix: '',
      websocket: true,
      replyOptions: { rewriteRequestHeaders: (_, headers) => ({ ...headers, 'x-route': 'route-0' }) },
    });
    await app.listen({ port, host: '127.0.0.1' });
    return app.server;
  },
};

const LACKS: Readonly<Record<string, readonly Ability[]>> = {
  'node:http hello': ['proxy', 'websocket'],
  'net relay': ['tls'],
  'node:http and undici, bare': ['websocket'],
  // It could; only the connections to the upstream set it apart.
  'http-proxy, as it comes': ['websocket', 'tls'],
};

export const NODE_PROXIES: readonly Peer[] = Object.keys(SERVERS).map((name) => ({
  name,
  lacks: LACKS[name] ?? [],
  missing: () => undefined,
  async start(upstream, certificate): Promise<Subject> {
    const port = await freePort();
    const script = fileURLToPath(import.meta.url);
    const command = [process.execPath, script, JSON.stringify({ name, upstream, port, certificate })];
    const running = await ExternalProcess.start('subject', command, port);
    const origin = `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`;
    return { pid: running.pid, url: origin + (name === 'net relay' ? '' : PREFIX), stop: () => running.stop() };
  },
}));

function listening({ port, certificate }: Wanted, listener: RequestListener): HttpServer {
  const server = certificate ? createSecureServer(read(certificate), listener) : createServer(listener);
  server.keepAliveTimeout = 60_000;
  return server.listen(port, '127.0.0.1');
}

function read({ certificate, key }: Certificate): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

function viaHttpProxy(wanted: Wanted, agent?: Agent): Server {
  const proxy = httpProxy.createProxyServer({ target: wanted.upstream, xfwd: true, ...(agent && { agent }) });
  proxy.on('proxyReq', (request) => request.setHeader('X-Route', 'route-0'));
  const server = listening(wanted, (request, response) => {
    request.url = (request.url ?? '').slice(PREFIX.length);
    proxy.web(request, response, {}, () => response.writeHead(502).end());
  });
  return server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    request.url = (request.url ?? '').slice(PREFIX.length);
    proxy.ws(request, socket, head, { agent: false }, () => socket.destroy());
  });
}

function keptAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { name, ...wanted } = JSON.parse(process.argv[2] ?? '') as Wanted & { readonly name: string };
  await SERVERS[name]?.(wanted);
}

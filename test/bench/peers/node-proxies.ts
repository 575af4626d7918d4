import fastifyProxy from '@fastify/http-proxy';
import { fastify } from 'fastify';
import httpProxy from 'http-proxy';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { Agent, createServer, Server as HttpServer } from 'node:http';
import { connect, createServer as createRelay, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ExternalProcess, freePort } from '../processes/external.js';
import { type Peer, PREFIX, type Subject } from './peer.js';

const BODY = Buffer.from('{"answer":"upstream"}');

/** What one would write with each library, with connections to the upstream kept. */
const SERVERS: Readonly<Record<string, (upstream: string, port: number) => Server | Promise<Server>>> = {
  'node:http hello': (_, port) =>
    createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
      response.end(BODY);
    }).listen(port, '127.0.0.1'),
  // Reads nothing of what it moves: what the runtime and the system calls leave to a proxy.
  'net relay': (upstream, port) => {
    const { hostname, port: upstreamPort } = new URL(upstream);
    const relay = createRelay({ noDelay: true }, (client) => {
      const server = connect({ host: hostname, port: Number(upstreamPort), noDelay: true });
      client.pipe(server).on('error', () => client.destroy());
      server.pipe(client).on('error', () => server.destroy());
    });
    return relay.listen(port, '127.0.0.1');
  },
  'http-proxy': (upstream, port) => {
    const proxy = httpProxy.createProxyServer({ target: upstream, xfwd: true, agent: keptAgent() });
    proxy.on('proxyReq', (request) => request.setHeader('X-Route', 'route-0'));
    return createServer((request, response) => {
      request.url = (request.url ?? '').slice(PREFIX.length);
      proxy.web(request, response, {}, () => response.writeHead(502).end());
    }).listen(port, '127.0.0.1');
  },
  'http-proxy-middleware': (upstream, port) => {
    const proxy = createProxyMiddleware({
      target: upstream,
      xfwd: true,
      agent: keptAgent(),
      pathRewrite: (path) => path.slice(PREFIX.length),
      headers: { 'X-Route': 'route-0' },
    });
    return createServer((request, response) => {
      void proxy(request, response, () => response.writeHead(404).end());
    }).listen(port, '127.0.0.1');
  },
  '@fastify/http-proxy': async (upstream, port) => {
    const app = fastify();
    await app.register(fastifyProxy, {
      upstream,
      prefix: PREFIX,
      rewritePrefix: '',
      replyOptions: { rewriteRequestHeaders: (_, headers) => ({ ...headers, 'x-route': 'route-0' }) },
    });
    await app.listen({ port, host: '127.0.0.1' });
    return app.server;
  },
};

export const NODE_PROXIES: readonly Peer[] = Object.keys(SERVERS).map((name) => ({
  name,
  missing: () => undefined,
  async start(upstream): Promise<Subject> {
    const port = await freePort();
    const script = fileURLToPath(import.meta.url);
    const command = [process.execPath, script, JSON.stringify({ name, upstream, port })];
    const running = await ExternalProcess.start('subject', command, port);
    return { pid: running.pid, url: running.url + (name === 'net relay' ? '' : PREFIX), stop: () => running.stop() };
  },
}));

function keptAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 256 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { name, upstream, port } = JSON.parse(process.argv[2] ?? '') as Record<'name' | 'upstream', string> & {
    port: number;
  };
  const server = await SERVERS[name]?.(upstream, port);
  if (server instanceof HttpServer) server.keepAliveTimeout = 60_000;
}

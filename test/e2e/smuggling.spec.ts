import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, GatewayProcess } from './gateway-process.js';
import { NginxServer, withoutNginx } from './nginx-server.js';
import { CORPUS } from './smuggling-corpus.js';
import { Upstream } from './upstream.js';

/** A real server behind the gateway, and what it took for requests. */
interface Listener {
  readonly url: string;
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

async function nodeListener(): Promise<Listener> {
  const requests: string[] = [];
  const upstream = await Upstream.started((request, response) => {
    request.resume();
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`);
      response.end(`node ${request.url}`);
    });
  });
  return { url: upstream.url, requests, stop: () => upstream.stop() };
}

async function nginxListener(): Promise<Listener> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const nginx = await NginxServer.started(port);
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return nginx.requests;
    },
    stop: () => nginx.stop(),
  };
}

/** All that comes on one connection, to its end. */
async function exchange(port: number, message: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(message, 'latin1');
  await once(socket, 'close');
  return received;
}

const UPSTREAMS = { node: nodeListener, nginx: nginxListener };
const missing = { node: undefined, nginx: withoutNginx() };

describe.each(ENGINES)('on the %s engine', (engine) => {
  describe.each(['node', 'nginx'] as const)('before %s', (name) => {
    describe.skipIf(missing[name] !== undefined)('request smuggling', () => {
      let upstream: Listener;
      let gateway: GatewayProcess;
      let round = 0;

      beforeAll(async () => {
        upstream = await UPSTREAMS[name]();
        gateway = await GatewayProcess.started({
          server: { engine, 'max-requests-per-connection': 0 },
          routes: { 'all.yaml': `routes: [{ id: all, uri: ${upstream.url}, predicates: ['Path=/**'] }]` },
        });
      });
      afterAll(async () => {
        await gateway.dispose();
        await upstream.stop();
      });

      /** Asks on a connection of its own, by the same pooled connection to the upstream; then all that was before is written down. */
      async function settled(): Promise<readonly string[]> {
        const path = `/after/${++round}`;
        const answer = await fetch(gateway.url + path);
        expect(await answer.text()).toBe(`${name} ${path}`);
        while (!upstream.requests.includes(`GET ${path}`)) await new Promise((resolve) => setImmediate(resolve));
        return upstream.requests;
      }

      const corpus = CORPUS.filter(({ engine: only }) => only === undefined || only === engine);

      it.each(corpus.map((each) => [each.name, each] as const))('%s', async (_, { fate, message }) => {
        const before = (await settled()).length;
        const got = await exchange(gateway.port, message('a'));
        const heard = (await settled()).slice(before, -1);
        const statuses = [...got.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
        expect(heard.filter((request) => request.includes('smuggled'))).toEqual([]);
        if (fate === 'refused') {
          expect(statuses).toHaveLength(1);
          expect([400, 413, 417, 431, 501, 505]).toContain(statuses[0]);
          return;
        }
        if (fate === 'one request') {
          expect(heard).toHaveLength(1);
          expect(statuses).toEqual([200]);
        } else {
          // Node's server may take the answer to the first for lost when it sees the rest.
          expect(heard.length).toBeLessThanOrEqual(1);
          expect([[200, 400], [400]]).toContainEqual(statuses);
        }
      });
    });
  });
});

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { DEFAULT_GLOBALS } from '@tigateway/routing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';

const CERTIFICATE = fileURLToPath(new URL('../testing/certificates/upstream.pem', import.meta.url));
const KEY = CERTIFICATE.replace('.pem', '.key.pem');
const names: (string | false | null)[] = [];
const server = createServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) }, (_request, response) => {
  response.end('ok');
});
server.on('secureConnection', ({ servername }) => names.push(servername));

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

describe('an https upstream', () => {
  it.each([
    ['is refused while nobody vouches for its certificate', 'localhost', {}, 502],
    ['is reached where its certificate is trusted', 'localhost', { trustedX509Certificates: [CERTIFICATE] }, 200],
    ['is reached by address', '127.0.0.1', { trustedX509Certificates: [CERTIFICATE] }, 200],
    ['is reached where all certificates will do', 'localhost', { useInsecureTrustManager: true }, 200],
  ])('%s', async (_, host, ssl, status) => {
    names.length = 0;
    const { port } = server.address() as AddressInfo;
    const target = { scheme: 'https', host, port, authority: `${host}:${port}` };
    const { httpclient } = DEFAULT_GLOBALS;
    const gateway = await RunningGateway.start(
      [
        {
          id: 'r',
          uri: { kind: 'direct', target },
          filters: [{ onRequest: (exchange) => void (exchange.preservesHost = true) }],
        },
      ],
      {},
      { httpclient: { ...httpclient, ssl: { ...httpclient.ssl, ...ssl } } },
    );
    // The Host header that goes upstream is another than the certificate's name.
    const got = await RawClient.exchange(
      gateway.port,
      'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
    );
    await gateway.stop();
    expect(got).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === 200) expect(names).toEqual([host === 'localhost' ? host : false]);
  });
});

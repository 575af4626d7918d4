import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { join, resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

const CERTIFICATES = resolve(import.meta.dirname, '../../libs/proxy/src/testing/certificates');
const pem = (name: string): string => readFileSync(join(CERTIFICATES, name), 'utf8');
const TRUSTED = [pem('first.pem'), pem('second.pem')];

const PROCESSES = ENGINES.flatMap((engine) => [1, 2].map((workers) => [engine, workers] as const));

describe.each(PROCESSES)('a listener with TLS on the %s engine, where %i process serves', (engine, workers) => {
  let upstream: Upstream;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    upstream = await Upstream.started((request, response) =>
      response.end(`${request.url} ${request.headers['x-forwarded-proto'] as string}`),
    );
    gateway = await GatewayProcess.prepare({
      server: { engine, workers, tls: { certificate: 'tls/tls.crt', key: 'tls/tls.key' } },
      routes: { 'all.yaml': `routes: [{ id: all, uri: ${upstream.url}, predicates: ['Path=/**'] }]` },
    });
    mkdirSync(join(gateway.folder, 'tls'));
    show('first');
    await gateway.start();
  });
  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
  });

  /** Puts another pair in the place of the files. */
  function show(name: string): void {
    copyFileSync(join(CERTIFICATES, `${name}.pem`), join(gateway.folder, 'tls/tls.crt'));
    copyFileSync(join(CERTIFICATES, `${name}.key.pem`), join(gateway.folder, 'tls/tls.key'));
  }

  async function byHttp1(path: string): Promise<{ body: string; subject: string }> {
    const options = { host: 'localhost', port: gateway.port, path, ca: TRUSTED, agent: false, family: 4 };
    const request = requestHttps(options).end();
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { socket: TLSSocket }];
    const subject = String(response.socket.getPeerCertificate().subject.CN);
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { body, subject };
  }

  async function byHttp2(path: string): Promise<string> {
    const session = connectHttp2(`https://localhost:${gateway.port}`, { ca: TRUSTED });
    const stream = session.request({ ':path': path });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    session.close();
    return `${session.alpnProtocol} ${String(headers[':status'])} ${body}`;
  }

  it('serves HTTP/1.1 and HTTP/2, and upstreams learn that it came by https', async () => {
    expect((await byHttp1('/one')).body).toBe('/one https');
    expect(await byHttp2('/two')).toBe('h2 200 /two https');
  });

  it('shows another certificate as soon as its files have one', async () => {
    expect((await byHttp1('/')).subject).toBe('first.example');
    show('second');
    while ((await byHttp1('/')).subject !== 'second.example') await new Promise((wake) => setTimeout(wake, 50));
    await expect.poll(() => gateway.output).toContain('"context":"Tls"');
  });
});

describe('services behind the gateway', () => {
  it('are shown with their instances in health and metrics', async () => {
    const good = await Upstream.saying('good');
    const bad = await Upstream.started((_request, response) => {
      response.statusCode = 500;
      response.end();
    });
    const gateway = await GatewayProcess.started({
      tigateway: {
        services: {
          orders: { instances: [good.url, bad.url], health: { passive: { failures: 2, 'eject-time': '1m' } } },
        },
      },
      routes: {
        'all.yaml': `
routes: [{ id: all, uri: 'lb://orders', predicates: ['Path=/**'] }]
globals: { httpclient: { pool: { metrics: true } } }`,
      },
    });
    try {
      const statuses: number[] = [];
      for (let round = 0; round < 8; round++) statuses.push((await fetch(gateway.url)).status);
      expect(statuses.filter((status) => status === 500)).toHaveLength(2);

      const health = (await (await fetch(`${gateway.adminUrl}/actuator/health`)).json()) as {
        components: { services: unknown };
      };
      const instance = (url: string): string => new URL(url).host;
      expect(health.components.services).toMatchObject({
        status: 'UP',
        details: {
          orders: {
            status: 'UP',
            balancing: 'round-robin',
            instances: {
              [instance(good.url)]: { status: 'UP', requests: 6, failures: 0 },
              [instance(bad.url)]: { status: 'EJECTED', requests: 2, failures: 2, ejections: 1 },
            },
          },
        },
      });
      const metrics = await (await fetch(`${gateway.adminUrl}/actuator/prometheus`)).text();
      expect(metrics).toContain(`tigateway_upstream_up{service="orders",instance="${instance(bad.url)}"} 0`);
      expect(metrics).toContain(
        `tigateway_upstream_requests_total{service="orders",instance="${instance(good.url)}"} 6`,
      );
      expect(metrics).toContain(`tigateway_upstream_connections{pool="proxy",target="${good.url}",state="idle"} 1`);
    } finally {
      await gateway.dispose();
      await Promise.all([good.stop(), bad.stop()]);
    }
  });
});

describe('the global configuration httpclient', () => {
  it('is refused where it names a file that cannot be used', async () => {
    const gateway = await GatewayProcess.started();
    try {
      const answer = await fetch(`${gateway.adminUrl}/api/configuration/global?configId=httpclient`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ssl: { 'trusted-x509-certificates': ['/no/such.pem'] } }),
      });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toMatch(/"pointer":"\/ssl\/trusted-x509-certificates\/0".*cannot be used: ENOENT/);
    } finally {
      await gateway.dispose();
    }
  });
});

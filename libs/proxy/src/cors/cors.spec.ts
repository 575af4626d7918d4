import { CorsSettings, DEFAULT_GLOBALS, GlobalCors, type GatewayFilter, PathPattern } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function settings(part: Partial<CorsSettings>): CorsSettings {
  return Object.assign(new CorsSettings(), part);
}

async function gateway(routes: Partial<TestRoute>[], cors: GlobalCors = DEFAULT_GLOBALS.cors): Promise<RunningGateway> {
  const upstream = await RawUpstream.listen((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nX-Upstream: yes\r\nAccess-Control-Allow-Origin: up\r\nContent-Length: 0\r\n\r\n'),
  );
  cleanups.push(() => upstream.stop());
  const running = await RunningGateway.start(
    routes.map((route, at) => ({ id: `r${at}`, uri: local(upstream.port), ...route })),
    {},
    { cors },
  );
  cleanups.push(() => running.stop());
  return running;
}

function ask(running: RunningGateway, method: string, headers: Record<string, string>): Promise<string> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return RawClient.exchange(
    running.port,
    `${method} /a HTTP/1.1\r\nHost: gw:1\r\nConnection: close\r\n${lines.join('')}\r\n`,
  );
}

const preflight = (running: RunningGateway, origin: string, method: string, headers?: string): Promise<string> =>
  ask(running, 'OPTIONS', {
    Origin: origin,
    'Access-Control-Request-Method': method,
    ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
  });

const ORIGIN = 'https://shop.example';

describe('CORS', () => {
  it('of the route lets an origin read the response, ahead of the upstream’s own headers and before the response hooks', async () => {
    const seen: string[] = [];
    const look: Partial<GatewayFilter> = {
      onResponse: ({ response }) => void seen.push(...response.headers.getAll('access-control-allow-origin')),
    };
    const cors = settings({ allowedOrigins: [`${ORIGIN}/`], allowCredentials: true, exposedHeaders: ['X-A', 'X-B'] });
    const got = await ask(await gateway([{ cors, filters: [look] }]), 'GET', { Origin: ORIGIN });
    expect(got).toContain(`Access-Control-Allow-Origin: ${ORIGIN}\r\nAccess-Control-Allow-Credentials: true\r\n`);
    expect(got).toContain('Access-Control-Expose-Headers: X-A,X-B\r\n');
    expect(got).toContain('Vary: Origin\r\n');
    expect(seen).toEqual([ORIGIN, 'up']);
  });

  it.each<[string, Partial<CorsSettings>, Record<string, string>, string | number]>([
    ['another origin', { allowedOrigins: ['https://other.example'] }, { Origin: ORIGIN }, 403],
    ['any origin', { allowedOrigins: ['*'] }, { Origin: ORIGIN }, '*'],
    ['a pattern', { allowedOriginPatterns: ['https://*.example'] }, { Origin: ORIGIN }, ORIGIN],
    ['a pattern that does not match', { allowedOriginPatterns: ['http://*.example'] }, { Origin: ORIGIN }, 403],
    ['a pattern with ports', { allowedOriginPatterns: ['http://a:[1,2]'] }, { Origin: 'http://a:2' }, 'http://a:2'],
    ['a pattern with other ports', { allowedOriginPatterns: ['http://a:[1,2]'] }, { Origin: 'http://a:3' }, 403],
    ['no origin', { allowedOrigins: ['https://other.example'] }, {}, 'up'],
    ['the same origin', { allowedOrigins: [] }, { Origin: 'http://gw:1' }, 'up'],
  ])('judges %s', async (_, cors, headers, expected) => {
    const got = await ask(await gateway([{ cors: settings(cors) }]), 'GET', headers);
    if (expected === 403) expect(got).toMatch(/^HTTP\/1\.1 403 [\s\S]*Invalid CORS request$/);
    else expect(/Access-Control-Allow-Origin: (\S+)/.exec(got)?.[1]).toBe(expected);
  });

  it('matches a preflight by the method that it asks for, and answers itself', async () => {
    const allowed = settings({
      allowedOrigins: ['*'],
      allowedMethods: ['PUT', 'POST'],
      allowedHeaders: ['X-A'],
      maxAgeSeconds: 9,
    });
    const running = await gateway([{ method: 'GET' }, { method: 'PUT', cors: allowed }]);
    const got = await preflight(running, ORIGIN, 'PUT', 'x-a, x-b');
    expect(got).toMatch(/^HTTP\/1\.1 200 /);
    expect(got).toContain(
      'Access-Control-Allow-Methods: PUT,POST\r\nAccess-Control-Allow-Headers: x-a\r\nAccess-Control-Max-Age: 9\r\n',
    );
    expect(got).not.toContain('X-Upstream');
    expect(await preflight(running, ORIGIN, 'PUT', 'x-b')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await preflight(running, ORIGIN, 'DELETE')).toMatch(/^HTTP\/1\.1 404 /);
    const unconfigured = await preflight(running, ORIGIN, 'GET');
    expect(unconfigured).toMatch(/^HTTP\/1\.1 200 /);
    expect(unconfigured).not.toContain('Access-Control');
  });

  it('lets a preflight through to the upstream where the route says so', async () => {
    const running = await gateway([{ cors: settings({ passthrough: true }) }]);
    expect(await preflight(running, ORIGIN, 'GET')).toContain('X-Upstream: yes');
  });

  it('of the whole gateway serves routes without their own, and unrouted preflights where asked to', async () => {
    const everywhere = [{ pattern: PathPattern.parse('/**'), settings: settings({ allowedOrigins: ['*'] }) }];
    const running = await gateway([{ method: 'GET' }], new GlobalCors(everywhere, true, true));
    expect(await ask(running, 'GET', { Origin: ORIGIN })).toContain('Access-Control-Allow-Origin: *');
    expect(await preflight(running, ORIGIN, 'HEAD')).toMatch(/^HTTP\/1\.1 200 [\s\S]*Access-Control-Allow-Origin: \*/);
  });
});

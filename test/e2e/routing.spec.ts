import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi } from './admin-api.js';
import { ENGINES, GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

/** What the upstream saw of a request. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Of the client, on this machine. */
  readonly from?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly seen: Seen;
}

const TRUSTED_CLIENT = '127.0.0.3';

describe.each(ENGINES)('on the engine %s', (engine) => {
  let gateway: GatewayProcess;
  let api: AdminApi;
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await Upstream.started((request, response) => {
      if (request.url === '/never') return;
      if (request.url === '/cut') {
        request.socket.destroy();
        return;
      }
      void text(request).then((body) => {
        response.writeHead(200, {
          'Content-Type': 'application/json',
          'X-From': 'upstream',
          'X-Twice': ['a', 'b'],
          Connection: 'keep-alive, X-Hop',
          'X-Hop': 'of the upstream',
          'Keep-Alive': 'timeout=5',
          'Proxy-Authenticate': 'Basic',
        });
        const { method, url, headers } = request;
        response.end(JSON.stringify({ method, url, headers, body }));
      });
    });
    const dead = await Upstream.saying('');
    const deadUrl = dead.url;
    await dead.stop();
    gateway = await GatewayProcess.started({
      server: { engine },
      tigateway: {
        'log-level': 'error',
        'trusted-proxies': [`${TRUSTED_CLIENT}/32`],
        services: { pool: [upstream.url] },
      },
      routes: { 'routes.json': JSON.stringify({ routes: routesTo(upstream.url, deadUrl) }) },
    });
    api = new AdminApi(gateway);
  });

  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
  });

  async function send(path: string, { method = 'GET', headers = {}, body, from }: Sent = {}): Promise<Answer> {
    const request = httpRequest({
      host: '127.0.0.1',
      port: gateway.port,
      method,
      path,
      headers,
      agent: false,
      ...(from !== undefined && { localAddress: from }),
    });
    request.end(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      request.once('response', resolve).once('error', reject),
    );
    const content = await text(response);
    const isSeen = response.headers['content-type'] === 'application/json' && content.startsWith('{"method"');
    return {
      status: response.statusCode as number,
      headers: response.headers,
      body: content,
      seen: isSeen ? (JSON.parse(content) as Seen) : ({} as Seen),
    };
  }

  it('tells the upstream method, path, query, headers and body as they came', async () => {
    const { status, seen } = await send('/path/b%20c/d?q=%7B1%7D&q=2&empty=&none', {
      method: 'POST',
      headers: { 'X-Mixed': 'ä'.normalize(), 'Content-Type': 'text/plain' },
      body: 'hello',
    });
    expect(status).toBe(200);
    expect(seen).toMatchObject({ method: 'POST', url: '/path/b%20c/d?q=%7B1%7D&q=2&empty=&none', body: 'hello' });
    expect(seen.headers).toMatchObject({ 'content-type': 'text/plain', host: new URL(upstream.url).host });
  });

  describe('a predicate matches', () => {
    it.each<[string, string, Sent, boolean]>([
      ['Path', '/path/a/b', {}, true],
      ['Path', '/paths', {}, false],
      ['Path with a variable', '/users/7', {}, true],
      ['Path with a variable', '/users/x', {}, false],
      ['Path with one slash more', '/users/7/', {}, true],
      ['Host', '/host', { headers: { Host: 'a.b.Example.org:81' } }, true],
      ['Host', '/host', { headers: { Host: 'example.com' } }, false],
      ['Method', '/method', { method: 'PUT' }, true],
      ['Method', '/method', { method: 'GET' }, false],
      ['Header', '/header', { headers: { 'X-Number': '42' } }, true],
      ['Header', '/header', { headers: { 'X-Number': '4x' } }, false],
      ['Header', '/header', {}, false],
      ['Query', '/query?page=7', {}, true],
      ['Query', '/query?page=seven', {}, false],
      ['Cookie', '/cookie', { headers: { Cookie: 'a=b; taste=sweet' } }, true],
      ['Cookie', '/cookie', { headers: { Cookie: 'taste=sour' } }, false],
      ['After the past', '/after-past', {}, true],
      ['After the future', '/after-future', {}, false],
      ['Before the future', '/before-future', {}, true],
      ['Before the past', '/before-past', {}, false],
      ['Between', '/between', {}, true],
      ['RemoteAddr', '/remote', { from: '127.0.0.2' }, true],
      ['RemoteAddr', '/remote', {}, false],
      ['an order', '/order', {}, true],
      ['enabled: false', '/disabled', {}, false],
    ])('%s: %s %j: %s', async (_, path, sent, matches) => {
      expect((await send(path, sent)).status).toBe(matches ? 200 : 404);
    });

    it('Weight: by share, and never one of weight 0', async () => {
      const counts = new Map<string, number>();
      for (let n = 0; n < 200; n++) {
        const { headers } = await send('/weight');
        const route = String(headers['x-route']);
        counts.set(route, (counts.get(route) ?? 0) + 1);
      }
      expect([...counts.keys()].sort()).toEqual(['heavy', 'light']);
      // 8 to 2: with 200 requests fewer than 20 or more than 60 come once in a hundred thousand runs.
      expect(counts.get('light')).toBeGreaterThan(15);
      expect(counts.get('light')).toBeLessThan(70);
    });

    it('the lower order of two that match', async () => {
      expect((await send('/order')).headers['x-route']).toBe('first');
    });
  });

  describe('a filter', () => {
    it.each<[string, string, Sent, Partial<Seen>]>([
      ['AddRequestHeader', '/add-header/7', { headers: { 'X-A': 'own' } }, { headers: { 'x-a': 'own, id 7' } }],
      ['SetRequestHeader', '/set-header', { headers: { 'X-A': ['1', '2'] } }, { headers: { 'x-a': 'only' } }],
      ['RemoveRequestHeader', '/remove-header', { headers: { 'X-A': '1' } }, { headers: {} }],
      ['StripPrefix', '/strip/a/b/?q=1', {}, { url: '/b/?q=1' }],
      ['PrefixPath', '/prefix/x', {}, { url: '/base/prefix/x' }],
      ['SetPath', '/set-path/a%20b', {}, { url: '/new/a%20b' }],
      ['RewritePath', '/rewrite/a/b', {}, { url: '/a/b/new' }],
      ['AddRequestParameter', '/parameter?a=1', {}, { url: '/parameter?a=1&b=2' }],
      [
        'PreserveHostHeader',
        '/preserve',
        { headers: { Host: 'shop.example.org' } },
        { headers: { host: 'shop.example.org' } },
      ],
      ['a named filter configuration', '/named', {}, { headers: { 'x-named': 'yes' } }],
    ])('%s changes what the upstream sees', async (what, path, sent, expected) => {
      if (what.startsWith('a named')) {
        const filter = {
          id: 'named',
          name: 'AddRequestHeader',
          args: { name: 'X-Named', value: 'yes' },
          routes: ['nam*'],
        };
        await api.write('POST', '/api/configuration/filters', filter);
        expect((await send('/path/x')).seen.headers).not.toHaveProperty('x-named');
      }
      const { status, seen } = await send(path, sent);
      expect(status).toBe(200);
      const { headers = {}, ...others } = expected;
      expect(seen).toMatchObject(others);
      expect(seen.headers).toMatchObject(headers);
      if (what === 'RemoveRequestHeader') expect(seen.headers).not.toHaveProperty('x-a');
    });

    it.each<[string, string, number, Record<string, unknown>]>([
      ['AddResponseHeader', '/add-response', 200, { 'x-from': 'upstream, gateway' }],
      ['SetResponseHeader', '/set-response', 200, { 'x-from': 'gateway' }],
      ['RemoveResponseHeader', '/remove-response', 200, { 'x-from': undefined }],
      ['SetStatus', '/status', 418, { 'x-from': 'upstream' }],
      ['RedirectTo', '/redirect?a=1', 302, { location: 'https://example.org/new', 'x-from': undefined }],
    ])('%s changes what the client sees', async (_, path, status, headers) => {
      const answer = await send(path);
      expect(answer.status).toBe(status);
      for (const [name, value] of Object.entries(headers)) expect(answer.headers[name]).toEqual(value);
    });
  });

  describe('a global configuration', () => {
    it('default-filters joins every route, interleaved with its own', async () => {
      const filters = ['AddRequestHeader=X-Order, default', 'AddResponseHeader=X-Default, yes'];
      await api.write('POST', '/api/configuration/global?configId=default-filters', filters);
      const { headers, seen } = await send('/interleaved');
      expect(headers['x-default']).toBe('yes');
      expect(seen.headers['x-order']).toBe('default, own');
      await api.write('DELETE', '/api/configuration/global/default-filters');
      expect((await send('/interleaved')).headers).not.toHaveProperty('x-default');
    });

    it('cors answers preflights and judges origins', async () => {
      const cors = {
        allowedOrigins: ['https://shop.example'],
        allowedMethods: ['PUT'],
        allowedHeaders: ['X-A'],
        maxAge: 60,
      };
      await api.write('POST', '/api/configuration/global?configId=cors', { corsConfigurations: { '/method': cors } });
      const origin = { Origin: 'https://shop.example' };
      const preflight = await send('/method', {
        method: 'OPTIONS',
        headers: { ...origin, 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-a' },
      });
      expect(preflight.status).toBe(200);
      expect(preflight.headers).toMatchObject({
        'access-control-allow-origin': 'https://shop.example',
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': expect.stringMatching(/x-a/i) as string,
        'access-control-max-age': '60',
      });
      expect(preflight.seen).toEqual({});
      const actual = await send('/method', { method: 'PUT', headers: origin });
      expect([actual.status, actual.headers['access-control-allow-origin']]).toEqual([200, 'https://shop.example']);
      const foreign = await send('/method', { method: 'PUT', headers: { Origin: 'https://evil.example' } });
      expect([foreign.status, foreign.seen]).toEqual([403, {}]);
      expect((await send('/path/x', { headers: { Origin: 'https://evil.example' } })).status).toBe(200);
    });

    it('httpclient sets the response timeout of routes that have none', async () => {
      await api.write('POST', '/api/configuration/global?configId=httpclient', { 'response-timeout': '100ms' });
      expect((await send('/never')).status).toBe(504);
      await api.write('DELETE', '/api/configuration/global/httpclient');
    });
  });

  describe('headers between client, gateway and upstream', () => {
    const forged: OutgoingHttpHeaders = {
      Host: 'shop.example.org',
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Host': 'forged.example',
      'X-Forwarded-Prefix': '/forged',
      Forwarded: 'for=203.0.113.7;host=forged.example',
    };

    it('of forwarding are made anew for a client that nobody trusts', async () => {
      const { headers } = (await send('/path/x', { headers: forged })).seen;
      expect(headers).toMatchObject({
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'shop.example.org',
        'x-forwarded-proto': 'http',
        'x-forwarded-port': '80',
      });
      expect(JSON.stringify(headers)).not.toMatch(/forged|203\.0\.113\.7/);
      expect(headers.forwarded).toContain('host=shop.example.org');
    });

    it('of forwarding are kept and continued for a trusted proxy', async () => {
      const { headers } = (await send('/path/x', { headers: forged, from: TRUSTED_CLIENT })).seen;
      expect(headers).toMatchObject({
        'x-forwarded-for': expect.stringMatching(/127\.0\.0\.3$/) as string,
        'x-forwarded-host': 'forged.example,shop.example.org',
      });
    });

    it('of forwarding name the prefix that was taken away', async () => {
      expect((await send('/strip/a/b')).seen.headers['x-forwarded-prefix']).toBe('/strip/a');
    });

    it('of one hop stay there, both ways', async () => {
      const { headers, seen } = await send('/path/x', {
        method: 'POST',
        body: 'x',
        headers: {
          Connection: 'X-Mine, X-Forwarded-For, keep-alive',
          'X-Mine': '1',
          'Keep-Alive': 'timeout=1',
          TE: 'trailers',
          'Proxy-Connection': 'keep-alive',
          'Proxy-Authorization': 'Basic x',
        },
      });
      for (const name of ['x-mine', 'keep-alive', 'te', 'proxy-connection', 'proxy-authorization', 'upgrade']) {
        expect(seen.headers).not.toHaveProperty(name);
      }
      expect(seen.headers['x-forwarded-for']).toBe('127.0.0.1');
      for (const name of ['x-hop', 'proxy-authenticate']) expect(headers).not.toHaveProperty(name);
      expect(headers['x-twice']).toBe('a, b');
    });
  });

  describe('a failure is told by its status', () => {
    it.each<[string, string, number]>([
      ['no route', '/nothing/here', 404],
      ['a refused connection', '/dead', 502],
      ['a connection that ends before a response', '/cut', 502],
      ['a response that does not come', '/slow', 504],
      ['a service without instances', '/empty', 503],
      ['a path that is read in two ways', '/path/%00', 400],
      ['a path with an encoded dot segment', '/path/%2e%2e/x', 400],
    ])('%s', async (_, path, status) => {
      const { body, headers, ...answer } = await send(path);
      expect([answer.status, headers['content-type']]).toEqual([status, 'application/json']);
      expect(JSON.parse(body)).toMatchObject({
        status,
        path,
        error: expect.any(String) as string,
        requestId: expect.any(String) as string,
      });
      const page = await send(path, { headers: { Accept: 'text/html' } });
      expect([page.status, page.headers['content-type']]).toEqual([status, 'text/html;charset=UTF-8']);
    });

    it('and none of them spoils the next request', async () => {
      expect((await send('/path/after')).status).toBe(200);
      expect((await send('/pool')).status).toBe(200);
    });
  });
});

function routesTo(uri: string, dead: string): object[] {
  const route = (id: string, predicates: string[], filters: unknown[] = [], more: object = {}) => {
    return { id, uri, predicates, filters, ...more };
  };
  const [past, future] = ['2001-01-01T00:00:00Z', '2199-01-01T00:00:00+01:00[Europe/Berlin]'];
  return [
    route('path', ['Path=/path/**']),
    route('users', ['Path=/users/{id:\\d+}']),
    route('host', ['Path=/host', 'Host=**.example.org']),
    route('method', ['Path=/method', 'Method=PUT,DELETE']),
    route('header', ['Path=/header', 'Header=X-Number, \\d+']),
    route('query', ['Path=/query', 'Query=page, \\d+']),
    route('cookie', ['Path=/cookie', 'Cookie=taste, sw..t']),
    route('after-past', ['Path=/after-past', `After=${past}`]),
    route('after-future', ['Path=/after-future', `After=${future}`]),
    route('before-past', ['Path=/before-past', `Before=${past}`]),
    route('before-future', ['Path=/before-future', `Before=${future}`]),
    route('between', ['Path=/between', `Between=${past}, ${future}`]),
    route('remote', ['Path=/remote', 'RemoteAddr=127.0.0.2/32, 2001:db8::/32']),
    route('heavy', ['Path=/weight', 'Weight=group, 8'], ['SetResponseHeader=X-Route, heavy']),
    route('light', ['Path=/weight', 'Weight=group, 2'], ['SetResponseHeader=X-Route, light']),
    route('none', ['Path=/weight', 'Weight=group, 0'], ['SetResponseHeader=X-Route, none']),
    route('second', ['Path=/order'], ['SetResponseHeader=X-Route, second'], { order: 2 }),
    route('first', ['Path=/order'], ['SetResponseHeader=X-Route, first'], { order: 1 }),
    route('disabled', ['Path=/disabled'], [], { enabled: false }),
    route('add-header', ['Path=/add-header/{id}'], ['AddRequestHeader=X-A, id {id}']),
    route('set-header', ['Path=/set-header'], ['SetRequestHeader=X-A, only']),
    route('remove-header', ['Path=/remove-header'], ['RemoveRequestHeader=X-A']),
    route('strip', ['Path=/strip/**'], ['StripPrefix=2']),
    route('prefix', ['Path=/prefix/**'], ['PrefixPath=/base']),
    route('set-path', ['Path=/set-path/{name}'], ['SetPath=/new/{name}']),
    route('rewrite', ['Path=/rewrite/**'], ['RewritePath=^/rewrite/(?<rest>.*), /$\\{rest}/new']),
    route('parameter', ['Path=/parameter'], ['AddRequestParameter=b, 2']),
    route('preserve', ['Path=/preserve'], ['PreserveHostHeader']),
    route('named', ['Path=/named']),
    route('add-response', ['Path=/add-response'], ['AddResponseHeader=X-From, gateway']),
    route('set-response', ['Path=/set-response'], ['SetResponseHeader=X-From, gateway']),
    route('remove-response', ['Path=/remove-response'], ['RemoveResponseHeader=X-From']),
    route('status', ['Path=/status'], ['SetStatus=418']),
    route('redirect', ['Path=/redirect'], ['RedirectTo=302, https://example.org/new']),
    route('interleaved', ['Path=/interleaved'], ['AddRequestHeader=X-Order, own']),
    route('never', ['Path=/never']),
    route('slow', ['Path=/slow'], ['SetPath=/never'], { metadata: { 'response-timeout': 100 } }),
    route('cut', ['Path=/cut']),
    route('dead', ['Path=/dead'], [], { uri: dead }),
    route('empty', ['Path=/empty'], [], { uri: 'lb://empty' }),
    route('pool', ['Path=/pool'], [], { uri: 'lb://pool' }),
  ];
}

import {
  type CompiledGlobals,
  type CompiledRoute,
  DEFAULT_GLOBALS,
  Exchange,
  HeaderList,
  RemoveHopByHopSettings,
  trustedProxies,
  XForwardedHeaderSettings,
} from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { IncomingRequest } from './incoming-request.js';
import { upstreamHeaders } from './upstream-headers.js';

const TARGET = { scheme: 'http', host: 'up', port: 80, authority: 'up' };

interface Given {
  readonly lines?: readonly string[];
  readonly peer?: string;
  readonly trusted?: string | readonly string[];
  readonly scheme?: 'http' | 'https';
  readonly globals?: Partial<CompiledGlobals>;
  readonly change?: (exchange: Exchange) => void;
}

/** The lines that go upstream, as one text. */
function sent({ lines = [], peer = '9.9.9.9', trusted, scheme = 'http', globals, change }: Given): string {
  const headers = new HeaderList([...(lines.includes('Host') ? [] : ['Host', 'gw.example']), ...lines]);
  const client = { remoteAddress: peer, remotePort: 4711, scheme, localPort: 8080 };
  const request = new IncomingRequest('GET', { path: '/svc/a', query: undefined }, headers, client);
  const exchange = new Exchange(request, {} as CompiledRoute, {}, { ...DEFAULT_GLOBALS, ...globals });
  const host = headers.get('host') ?? '';
  change?.(exchange);
  const flat = upstreamHeaders(exchange, TARGET, host, trustedProxies(trusted));
  return flat.reduce((text, part, at) => text + part + (at % 2 === 0 ? ': ' : '\n'), '');
}

function xForwarded(settings: Partial<XForwardedHeaderSettings>): XForwardedHeaderSettings {
  return Object.assign(new XForwardedHeaderSettings(), settings);
}

function hopByHop(...headers: string[]): RemoveHopByHopSettings {
  return Object.assign(new RemoveHopByHopSettings(), { headers });
}

describe('the headers that go upstream', () => {
  it.each<[string, Given, readonly string[], readonly string[]]>([
    [
      'nobody is trusted: what the client claims is dropped',
      { lines: ['X-Forwarded-For', '1.1.1.1', 'x-forwarded-anything', 'a', 'Forwarded', 'for=1.1.1.1'] },
      ['X-Forwarded-For: 9.9.9.9\n', 'Forwarded: proto=http;host=gw.example;for="9.9.9.9:4711"\n'],
      ['1.1.1.1', 'anything'],
    ],
    [
      'a trusted peer by CIDR: each trusted element stays',
      {
        trusted: ['9.0.0.0/8', '1.1.1.0/24'],
        peer: '9.9.9.9',
        lines: ['X-Forwarded-For', '6.6.6.6, 1.1.1.1', 'X-Forwarded-For', '1.1.1.2:80'],
      },
      ['X-Forwarded-For: 1.1.1.1,1.1.1.2:80,9.9.9.9\n'],
      ['6.6.6.6'],
    ],
    [
      'a trusted peer by regular expression',
      { trusted: '9\\..*|1\\.1\\.1\\.1', lines: ['X-Forwarded-For', '1.1.1.1, 1.1.1.11'] },
      ['X-Forwarded-For: 1.1.1.1,9.9.9.9\n'],
      ['1.1.1.11'],
    ],
    [
      'a peer that the expression only begins like is not trusted',
      { trusted: '9\\.9\\.9', lines: ['X-Forwarded-For', '1.1.1.1'] },
      ['X-Forwarded-For: 9.9.9.9\n'],
      ['1.1.1.1'],
    ],
    [
      'everybody trusted',
      {
        trusted: '.*',
        lines: [
          'X-Forwarded-For',
          '1.1.1.1',
          'X-Forwarded-Proto',
          'https',
          'X-Forwarded-Host',
          'shop',
          'X-Forwarded-Port',
          '443',
          'X-Forwarded-Prefix',
          '/p',
        ],
      },
      [
        'X-Forwarded-For: 1.1.1.1,9.9.9.9\n',
        'X-Forwarded-Proto: https,http\n',
        'X-Forwarded-Host: shop,gw.example\n',
        'X-Forwarded-Port: 443,80\n',
        'X-Forwarded-Prefix: /p\n',
      ],
      [],
    ],
    [
      'Forwarded elements of a trusted peer',
      { trusted: ['9.9.9.9', '::1'], lines: ['Forwarded', 'for="[::1]:80";proto=https, for=6.6.6.6;host="a,b"'] },
      ['Forwarded: for="[::1]:80";proto=https, proto=http;host=gw.example;for="9.9.9.9:4711"\n'],
      ['6.6.6.6'],
    ],
    ['an IPv6 peer', { peer: '2001:db8::1' }, ['for="[2001:db8::1]:4711"', 'X-Forwarded-For: 2001:db8::1\n'], []],
    [
      'https',
      { scheme: 'https', lines: ['Host', 'gw.example:443'] },
      ['X-Forwarded-Proto: https\n', 'X-Forwarded-Port: 443\n', 'X-Forwarded-Host: gw.example\n'],
      [],
    ],
    [
      'a port of its own',
      { lines: ['Host', 'gw.example:8080'] },
      ['X-Forwarded-Port: 8080\n', 'X-Forwarded-Host: gw.example:8080\n', 'Host: up\n'],
      [],
    ],
    ['a stripped prefix', { change: (exchange) => exchange.rewritePath('/a') }, ['X-Forwarded-Prefix: /svc\n'], []],
    ['a path that is another altogether', { change: (exchange) => exchange.rewritePath('/b') }, [], ['Prefix']],
    [
      'a preserved Host',
      { change: (exchange) => void (exchange.preservesHost = true) },
      ['Host: gw.example\n'],
      ['Host: up'],
    ],
    [
      'a Host set by a filter',
      {
        change: (exchange) => {
          exchange.request.headers.set('Host', 'set');
          exchange.preservesHost = true;
        },
      },
      ['Host: set\n', 'X-Forwarded-Host: gw.example\n'],
      [],
    ],
    ['gRPC', { lines: ['Content-Type', 'application/grpc+proto', 'TE', 'trailers'] }, ['TE: trailers\n'], []],
    [
      'no X-Forwarded at all',
      {
        globals: { xForwarded: xForwarded({ enabled: false }) },
        trusted: '.*',
        lines: ['X-Forwarded-For', '1.1.1.1'],
      },
      ['Forwarded: proto=http'],
      ['X-Forwarded', '1.1.1.1'],
    ],
    [
      'no Forwarded',
      { globals: { forwarded: { enabled: false, by: { enabled: false } } }, lines: ['Forwarded', 'for=1.1.1.1'] },
      ['X-Forwarded-For: 9.9.9.9\n'],
      ['\nForwarded', 'for='],
    ],
    [
      'some of X-Forwarded',
      { globals: { xForwarded: xForwarded({ protoEnabled: false, portEnabled: false }) } },
      ['X-Forwarded-For: 9.9.9.9\n', 'X-Forwarded-Host: gw.example\n'],
      ['Proto', 'X-Forwarded-Port'],
    ],
    [
      'one that is not made, and was sent by a trusted peer',
      {
        globals: { xForwarded: xForwarded({ protoEnabled: false }) },
        trusted: '.*',
        lines: ['X-Forwarded-Proto', 'https'],
      },
      ['X-Forwarded-Proto: https\n'],
      [],
    ],
    [
      'X-Forwarded that replaces',
      {
        globals: { xForwarded: xForwarded({ forAppend: false, hostAppend: false, prefixAppend: false }) },
        trusted: '.*',
        lines: ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Host', 'shop', 'X-Forwarded-Prefix', '/p'],
      },
      ['X-Forwarded-For: 9.9.9.9\n', 'X-Forwarded-Host: gw.example\n', 'X-Forwarded-Prefix: /p\n'],
      [],
    ],
    [
      'a peer that the global configuration trusts',
      { globals: { trustedProxies: trustedProxies('9.9.9.9') }, lines: ['X-Forwarded-Host', 'shop'] },
      ['X-Forwarded-Host: shop,gw.example\n'],
      [],
    ],
    [
      'a list of hop-by-hop headers, beside those of the connection',
      {
        globals: { removeHopByHop: hopByHop('X-Internal') },
        lines: ['x-internal', 'a', 'Proxy-Authorization', 'b', 'TE', 'gzip', 'Keep-Alive', 'c'],
      },
      ['Proxy-Authorization: b\n'],
      ['x-internal', 'TE', 'Keep-Alive'],
    ],
    [
      'framing and expectations',
      { lines: ['Content-Length', '3', 'Transfer-Encoding', 'chunked', 'Expect', '100-continue', 'TE', 'gzip'] },
      [],
      ['Content-Length', 'Transfer', 'Expect', 'TE'],
    ],
  ])('%s', (_, given, present, absent) => {
    const text = sent(given);
    for (const part of present) expect(text).toContain(part);
    for (const part of absent) expect(text).not.toContain(part);
  });
});

import type { Problem } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { networkInterfaces } from 'node:os';
import { CompileEnvironment } from './compile-environment.js';
import { parseRouteUri } from './route-uri.js';

class Listening extends CompileEnvironment {
  readonly ownListeners = [
    { address: '0.0.0.0', port: 8080 },
    { address: '127.0.0.1', port: 8090 },
  ];
}

function parse(text: string): { uri?: object | undefined; problems: Problem[]; warnings: Problem[] } {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  return { uri: parseRouteUri(text, new Listening(), '/uri', problems, warnings), problems, warnings };
}

const direct = (scheme: string, host: string, port: number, authority: string): object => ({
  kind: 'direct',
  target: { scheme, host, port, authority },
});

describe('a route URI', () => {
  it.each<[string, object]>([
    ['http://api.test', direct('http', 'api.test', 80, 'api.test')],
    ['https://API.test:8443/', direct('https', 'api.test', 8443, 'api.test:8443')],
    ['https://api.test:443', direct('https', 'api.test', 443, 'api.test')],
    ['ws://api.test', direct('ws', 'api.test', 80, 'api.test')],
    ['wss://api.test:80', direct('wss', 'api.test', 80, 'api.test:80')],
    ['HTTP://user_service:9001', direct('http', 'user_service', 9001, 'user_service:9001')],
    ['http://[2001:DB8::1]:9001', direct('http', '2001:db8::1', 9001, '[2001:db8::1]:9001')],
    ['http://bücher.test', direct('http', 'xn--bcher-kva.test', 80, 'xn--bcher-kva.test')],
    ['lb://user-service', { kind: 'balanced', service: 'user-service', innerScheme: undefined }],
    ['lb://Orders', { kind: 'balanced', service: 'Orders', innerScheme: undefined }],
    ['lb://orders.shop:8080', { kind: 'balanced', service: 'orders.shop:8080', innerScheme: undefined }],
    ['lb://orders:admin', { kind: 'balanced', service: 'orders:admin', innerScheme: undefined }],
    ['lb:ws://chat', { kind: 'balanced', service: 'chat', innerScheme: 'ws' }],
    ['lb:https://pay', { kind: 'balanced', service: 'pay', innerScheme: 'https' }],
    ['forward:/fallback', { kind: 'forward', path: '/fallback' }],
    ['forward:///fallback', { kind: 'forward', path: '/fallback' }],
    ['no://op', { kind: 'none' }],
  ])('leads %s to its target', (text, expected) => {
    expect(parse(text)).toEqual({ uri: expected, problems: [], warnings: [] });
  });

  it.each([
    ['http://api.test/v1', 'path'],
    ['http://api.test/v1?x=1#top', 'path and the query and the fragment'],
    ['http://user:pw@api.test', 'user'],
    ['lb://svc/v1', 'path'],
    ['forward:/x?y=1', 'query'],
  ])('takes %s with a warning', (text, ignored) => {
    const { uri, problems, warnings } = parse(text);
    expect(uri).toBeDefined();
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.objectContaining({ pointer: '/uri', code: 'ignored-uri-part' })]);
    expect(warnings[0]?.message).toContain(`the ${ignored} is ignored`);
  });

  it.each([
    ['', 'invalid-uri', 'no scheme'],
    ['api.test', 'invalid-uri', 'http://api.test'],
    ['//api.test', 'invalid-uri', 'no scheme'],
    ['lb://orders:a_b', 'invalid-uri', 'is no port of a service'],
    ['localhost:8080', 'invalid-uri', 'did you mean "http://localhost:8080"'],
    ['htp://api.test', 'invalid-uri', 'nothing answers the scheme "htp"'],
    ['http://', 'invalid-uri', 'no host'],
    ['http:/api.test', 'invalid-uri', 'no host'],
    ['http://api test', 'invalid-uri', 'percent-encoded'],
    ['http://{host}', 'invalid-uri', 'percent-encoded'],
    ['http://api.test:0', 'invalid-uri', 'no port'],
    ['http://api.test:70000', 'invalid-uri', 'no port'],
    ['http://api.test:x', 'invalid-uri', 'no port'],
    ['http://[::1', 'invalid-uri', 'no host'],
    ['http://[nonsense]', 'invalid-uri', 'no host name'],
    ['lb://my_service', 'invalid-uri', 'no name of a service'],
    ['lb:ftp://svc', 'invalid-uri', 'followed by'],
    ['forward:fallback', 'invalid-uri', 'followed by a path'],
    ['fn://upper', 'unsupported', 'needs code'],
    ['fn:upper', 'unsupported', 'needs code'],
    ['stream://out', 'unsupported', 'message broker'],
  ])('refuses "%s"', (text, code, message) => {
    const { uri, problems } = parse(text);
    expect(uri).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ pointer: '/uri', code })]);
    expect(problems[0]?.message).toContain(message);
  });

  const ownAddress = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

  it.each([
    'http://127.0.0.1:8080',
    'http://localhost:8090',
    'http://LOCALHOST:8080/x',
    'http://127.1:8080',
    'http://2130706433:8090',
    'http://[::1]:8080',
    'http://0.0.0.0:8080',
    ...(ownAddress === undefined ? [] : [`http://${ownAddress}:8080`]),
  ])("refuses the gateway's own address %s", (text) => {
    expect(parse(text).problems).toEqual([expect.objectContaining({ code: 'own-port' })]);
  });

  it.each(['http://127.0.0.1:9001', 'http://api.test:8080', 'http://192.0.2.7:8090'])('allows %s', (text) => {
    expect(parse(text).problems).toEqual([]);
  });
});

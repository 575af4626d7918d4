import { type Json, SystemClock } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import type { HttpClientSettings } from '../globals/httpclient.settings.js';
import { PreparedPath } from '../patterns/prepared-path.js';
import { CompileEnvironment } from './compile-environment.js';
import { RouteCompiler } from './route-compiler.js';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { testCatalogue } from '../../../../test/builders/test-components.js';

class Listening extends CompileEnvironment {
  readonly ownListeners = [{ address: '127.0.0.1', port: 8080 }];
}

const compiler = new RouteCompiler(testCatalogue(), new SystemClock(), new Listening());

function route(more: Record<string, Json>): Json {
  return { id: 'r', uri: 'http://api.test', predicates: ['Path=/a/{id}'], ...more };
}

function problemsOf(definition: Json): [pointer: string, code: string][] {
  return compiler.compileRoute(definition).problems.map(({ pointer, code }) => [pointer, code]);
}

describe('compileRoute', () => {
  it('makes a route of its definition', () => {
    const definition = route({
      order: '5',
      filters: ['Tag=last', { name: 'Tag', args: { text: '{id}' } }, 'Early=x'],
      metadata: { 'connect-timeout': '250', 'response-timeout': -1, cors: { allowedOrigins: 'https://a.test' } },
    });
    const { result, problems, warnings } = compiler.compileRoute(definition);
    expect([problems, warnings]).toEqual([[], []]);
    expect(result).toMatchObject({
      id: 'r',
      order: 5,
      isEnabled: true,
      uri: { kind: 'direct', target: { host: 'api.test', port: 80 } },
      connectTimeoutMs: 250,
      responseTimeoutMs: -1,
      cors: { allowedOrigins: ['https://a.test'], allowedMethods: ['GET', 'HEAD'], allowCredentials: false },
    });
    expect(result?.definition).toBe(definition);
    expect(result?.filters.map(({ filter, order }) => `${String(filter)} ${order}`)).toEqual([
      '[Early x] -4',
      '[Tag last] 1',
      '[Tag {id}] 2',
    ]);
  });

  it('compiles a definition once between its validation and its use, and then lets go of it', () => {
    const definition = route({ filters: ['Tag=x'] });
    const validated = compiler.compileRoute(definition).result;
    expect(compiler.compileRoute(definition).result).toBe(validated);
    expect(compiler.takeRoute(definition).result).toBe(validated);
    expect(compiler.takeRoute(definition).result).not.toBe(validated);
  });

  it('forgets in time what was validated and never used', () => {
    const clock = new FakeClock();
    const forgetful = new RouteCompiler(testCatalogue(), clock, new Listening());
    const definition = route({});
    const validated = forgetful.compileRoute(definition).result;
    clock.advance(60_000);
    expect(forgetful.compileRoute(definition).result).toBe(validated);
    clock.advance(120_000);
    expect(forgetful.compileRoute(definition).result).not.toBe(validated);
  });

  it.each<[string, Json, [pointer: string, code: string][]]>([
    ['a text', 'x', [['', 'wrong-type']]],
    ['no id', { uri: 'no://op' }, [['/id', 'required']]],
    ['an id with a slash', route({ id: 'a/b' }), [['/id', 'constraint']]],
    ['an id that is a property of objects', route({ id: '__proto__' }), [['/id', 'constraint']]],
    ['no uri', { id: 'r' }, [['/uri', 'required']]],
    ['an unknown key', route({ uris: 'x' }), [['/uris', 'unknown-property']]],
    ['a wrong order', route({ order: 'first' }), [['/order', 'wrong-type']]],
    ['metadata that is no object', route({ metadata: 'x' }), [['/metadata', 'constraint']]],
    ['its own address', route({ uri: 'http://localhost:8080' }), [['/uri', 'own-port']]],
    [
      'a connect timeout that is no number',
      route({ metadata: { 'connect-timeout': '2s' } }),
      [['/metadata/connect-timeout', 'wrong-type']],
    ],
    [
      'a connect timeout of 0',
      route({ metadata: { 'connect-timeout': 0 } }),
      [['/metadata/connect-timeout', 'wrong-type']],
    ],
    [
      'a wrong CORS key',
      route({ metadata: { cors: { origins: '*' } } }),
      [['/metadata/cors/origins', 'unknown-property']],
    ],
    [
      'credentials for every origin',
      route({ metadata: { cors: { allowedOrigins: '*', allowCredentials: true } } }),
      [['/metadata/cors/allowCredentials', 'constraint']],
    ],
    [
      'a template that nothing fills',
      route({ filters: ['Tag={id}', 'Tag={name}'] }),
      [['/filters/1', 'unknown-variable']],
    ],
    [
      'everything at once',
      {
        id: '',
        uri: 'localhost:8080',
        order: 'x',
        predicates: ['Path=/{', 'Nope=1'],
        filters: ['Tag=', { name: 'Tag', args: { txt: 1 } }],
      },
      [
        ['/order', 'wrong-type'],
        ['/predicates/0', 'invalid-pattern'],
        ['/predicates/1', 'unknown-predicate'],
        ['/filters/0', 'required'],
        ['/filters/1/args/txt', 'unknown-property'],
        ['/filters/1/args/text', 'required'],
        ['/uri', 'invalid-uri'],
      ],
    ],
  ])('refuses %s', (_, definition, expected) => {
    expect(problemsOf(definition)).toEqual(expected);
  });

  it('points into what was sent', () => {
    const { problems, warnings } = compiler.compileRoute({ id: 'r', uri: 'x' }, '/changes/3/configuration');
    expect(problems[0]?.pointer).toBe('/changes/3/configuration/uri');
    expect(warnings[0]?.pointer).toBe('/changes/3/configuration/predicates');
  });

  it('warns of a route that takes everything', () => {
    expect(compiler.compileRoute(route({ predicates: [] })).warnings).toEqual([
      expect.objectContaining({ code: 'no-predicates' }),
    ]);
  });
});

describe('compileFilter', () => {
  it('makes a named filter', () => {
    const { result } = compiler.compileFilter({
      id: 'f',
      name: 'Tag',
      args: { text: 'x' },
      routes: ['order-*', 'pay'],
    });
    expect(result).toMatchObject({ id: 'f', isEnabled: true, placed: { order: 0 } });
    expect(['order-1', 'pay', 'paying'].map((id) => result?.selector.names(id))).toEqual([true, true, false]);
  });

  it.each<[string, Json, number]>([
    ['its definition', { id: 'f', name: 'Early', args: { text: 'x' }, order: 7 }, 7],
    ['the filter itself', { id: 'f', name: 'Early', args: { text: 'x' } }, -4],
    ['neither', { id: 'f', name: 'Tag', args: { text: 'x' } }, 0],
  ])('takes the order of %s', (_, definition, order) => {
    expect(compiler.compileFilter(definition).result?.placed.order).toBe(order);
  });

  it.each<[Json, [pointer: string, code: string][]]>([
    [{ id: 'f' }, [['/name', 'required']]],
    [{ id: 'f', name: 'Tagg' }, [['/name', 'unknown-filter']]],
    [{ id: 'f', name: 'Tag', args: { text: 'x', more: 1 } }, [['/args/more', 'unknown-property']]],
    [
      { id: 'f', name: 'Tag', args: 5 },
      [
        ['/args', 'constraint'],
        ['/args', 'wrong-type'],
      ],
    ],
    [{ id: 'f', name: 'Tag', args: { text: 'x' }, route: 'a' }, [['/route', 'unknown-property']]],
  ])('refuses %j', (definition, expected) => {
    const problems = compiler.compileFilter(definition).problems.map(({ pointer, code }) => [pointer, code]);
    expect(problems).toEqual(expected);
  });
});

describe('compileGlobal', () => {
  it('has nothing to say of what routing does not know', () => {
    expect(compiler.compileGlobal('notification', { anything: 1 })).toEqual({ problems: [], warnings: [] });
    expect(compiler.compileGlobal('constructor', {})).toEqual({ problems: [], warnings: [] });
  });

  it.each<[string, Json, object]>([
    [
      'httpclient',
      { 'connect-timeout': 1000, 'response-timeout': '5s', pool: { 'max-connections': 500 } },
      { connectTimeoutMs: 1000, responseTimeoutMs: 5000, pool: { type: 'ELASTIC', maxConnections: 500 } },
    ],
    [
      'httpclient',
      { httpclient: { 'pool.max-idle-time': '30s' } },
      { connectTimeoutMs: 30_000, pool: { maxIdleTimeMs: 30_000 } },
    ],
    ['metrics', { enabled: false, 'path-tags': { enabled: true } }, { enabled: false, pathTags: { enabled: true } }],
    ['access-log', { enabled: true, headers: 'a,b' }, { enabled: true, headers: ['a', 'b'] }],
    ['x-forwarded', { 'for-enabled': false, prefixAppend: 'no' }, { forEnabled: false, prefixAppend: false }],
    ['forwarded', { forwarded: { enabled: false } }, { enabled: false }],
    ['remove-hop-by-hop', { headers: 'a,b' }, { headers: ['a', 'b'] }],
    ['set-status', { 'original-status-header-name': 'X-Was' }, { originalStatusHeaderName: 'X-Was' }],
    ['loadbalancer', { use404: true }, { use404: true }],
    ['secure-headers', { disable: 'x-frame-options', frameOptions: 'X' }, { frameOptions: 'X' }],
    ['request-rate-limiter', { 'empty-key-status-code': 401 }, { emptyKeyStatusCode: 401 }],
    ['redis-rate-limiter', { 'remaining-header': 'X-Left' }, { remainingHeader: 'X-Left' }],
    ['actuator', { 'verbose.enabled': false }, { verbose: { enabled: false } }],
  ])('reads %s %j', (configId, configuration, expected) => {
    const { result, problems } = compiler.compileGlobal(configId, configuration);
    expect(problems).toEqual([]);
    expect(Object.values(result ?? {})).toMatchObject([expected]);
  });

  it.each<[Json, string, boolean]>([
    ['10\\..*', '10.1.2.3', true],
    ['10.0.0.0/8, 127.0.0.1', '127.0.0.1', true],
    [['10.0.0.0/8', '::1'], '127.0.0.1', false],
    [{ 'trusted-proxies': '::1' }, '::1', true],
  ])('reads trusted-proxies %j', (configuration, address, trusts) => {
    const { result } = compiler.compileGlobal('trusted-proxies', configuration);
    expect(result?.trustedProxies?.trusts(address)).toBe(trusts);
  });

  it('says which settings of the HTTP client are not needed', () => {
    const { result, warnings } = compiler.compileGlobal('httpclient', { pool: { 'eviction-interval': '10s' } });
    expect(result?.httpclient).toBeDefined();
    expect(warnings.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/pool/eviction-interval', 'needless-property'],
    ]);
  });

  it('keeps the times of the response apart from their absence', () => {
    const { result } = compiler.compileGlobal('httpclient', {});
    expect((result?.httpclient as HttpClientSettings).responseTimeoutMs).toBeUndefined();
  });

  it.each<[string, Json]>([
    ['a list', ['Tag=a', 'Early=b']],
    ['Spring’s key', { 'default-filters': ['Tag=a', 'Early=b'] }],
    ['a short key', { filters: ['Tag=a', 'Early=b'] }],
  ])('reads default filters as %s', (_, configuration) => {
    const { result } = compiler.compileGlobal('default-filters', configuration);
    expect(result?.defaultFilters?.map(({ filter, order }) => [String(filter), order])).toEqual([
      ['[Early b]', -4],
      ['[Tag a]', 1],
    ]);
  });

  it('takes the first CORS pattern that matches', () => {
    const { result } = compiler.compileGlobal('cors', {
      globalcors: {
        'cors-configurations': {
          '[/api/**]': { 'allowed-origins': 'https://a.test,https://b.test', 'max-age': 30 },
          '/**': { 'allowed-origin-patterns': ['https://*.test:[80,81]'] },
        },
      },
    });
    expect(result?.cors?.settingsFor(new PreparedPath('/api/x'))).toMatchObject({
      allowedOrigins: ['https://a.test', 'https://b.test'],
      maxAgeSeconds: 30,
    });
    expect(result?.cors?.settingsFor(new PreparedPath('/x'))?.allowedOriginPatterns).toEqual([
      'https://*.test:[80,81]',
    ]);
  });

  it.each<[string, Json, [pointer: string, code: string][]]>([
    ['default-filters', ['Tag=a', 'Nope'], [['/1', 'unknown-filter']]],
    ['default-filters', { filters: ['Nope'] }, [['/filters/0', 'unknown-filter']]],
    ['default-filters', { fliters: [] }, [['/fliters', 'unknown-property']]],
    ['cors', { 'cors-configurations': { '/{': {} } }, [['/cors-configurations/~1{', 'invalid-pattern']]],
    [
      'cors',
      { 'cors-configurations': { '/**': { 'allowed-origin-patterns': 'https://a.test,https://b.test' } } },
      [['/cors-configurations/~1**/allowed-origin-patterns', 'constraint']],
    ],
    ['httpclient', { pool: { type: 'BIG' } }, [['/pool/type', 'wrong-type']]],
    ['httpclient', { 'connect-timeout': 0 }, [['/connect-timeout', 'constraint']]],
    ['httpclient', { wiretap: true }, [['/wiretap', 'unsupported']]],
    ['httpclient', { ssl: { 'ssl-bundle': 'a' } }, [['/ssl/ssl-bundle', 'unsupported']]],
    ['httpclient', { ssl: { 'key-store-type': 'JKS' } }, [['/ssl/key-store-type', 'wrong-type']]],
    ['httpclient', { ssl: { 'key-store-provider': 'SUN' } }, [['/ssl/key-store-provider', 'unsupported']]],
    [
      'httpclient',
      { ssl: { 'close-notify-flush-timeout': '1s' } },
      [['/ssl/close-notify-flush-timeout', 'unsupported']],
    ],
    ['httpclient', { ssl: { 'close-notify-read-timeout': '1s' } }, [['/ssl/close-notify-read-timeout', 'unsupported']]],
    [
      'httpclient',
      { httpclient: { websocket: { 'proxy-ping': false } } },
      [['/httpclient/websocket/proxy-ping', 'unsupported']],
    ],
    ['httpclient', { proxy: { host: 'a' } }, [['/proxy/port', 'unsupported']]],
    ['trusted-proxies', '(', [['', 'invalid-argument']]],
    ['forwarded', { by: { enabled: true } }, [['/by/enabled', 'unsupported']]],
    ['remove-hop-by-hop', { headers: 'a b' }, [['/headers', 'constraint']]],
    ['secure-headers', { enable: 'x-frame' }, [['/enable', 'invalid-argument']]],
    ['secure-headers', { 'referrer-policy': 'a\nb' }, [['/referrer-policy', 'invalid-argument']]],
    [
      'httpclient',
      { proxy: { host: 'a', port: 1, 'non-proxy-hosts-pattern': '(' } },
      [['/proxy/non-proxy-hosts-pattern', 'unsupported']],
    ],
  ])('refuses %s %j', (configId, configuration, expected) => {
    const { problems } = compiler.compileGlobal(configId, configuration);
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual(expected);
  });
});

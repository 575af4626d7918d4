import { type Change, hashOf, type Json } from '@tigateway/model';
import {
  emptySnapshot,
  Exchange,
  type GatewayRequest,
  HeaderList,
  RouteCompiler,
  RouteTable,
  type Snapshot,
  SnapshotCompiler,
  standardCatalogue,
} from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/builders/fake-clock.js';
import { requestTo } from '../../../test/builders/gateway-request.js';
import { MemoryBuckets } from './rate-limit/memory-buckets.js';
import { tokenBucketLimit } from './rate-limit/token-bucket.limit.js';
import { standardTrafficFilters } from './traffic-filters.js';

/*
 * What every gateway that speaks the language of Spring Cloud Gateway must make of the same texts and requests, as far as Spring
 * Cloud Gateway's own behaviour is no trap.
 */

const clock = new FakeClock();
const compiler = new RouteCompiler(standardCatalogue([], standardTrafficFilters(clock)), clock, { ownListeners: [] });

type Definition = Readonly<Record<string, Json>>;

async function snapshotOf(configurations: readonly Definition[], draw = 0, defaults: readonly Json[] = []) {
  const change = (configType: 'route' | 'global', configId: string, configuration: Json, index: number): Change => {
    const position = { source: 'file', document: 'a.yaml', line: 1, column: 1 };
    const next = {
      configuration,
      hash: hashOf(configuration),
      source: 'file',
      position,
      rank: [0, 'a', index] as const,
    };
    return { op: 'upsert', configType, configId, next };
  };
  const changes = configurations.map((definition, index) => {
    const route = { id: `r${index}`, uri: 'http://up', ...definition };
    return change('route', route.id, route, index);
  });
  const before: Snapshot = { ...emptySnapshot(), table: RouteTable.empty(() => draw) };
  const all = [...changes, change('global', 'default-filters', defaults, changes.length)];
  return new SnapshotCompiler(compiler).compile(before, { changes: all });
}

/** A request's way through the first of these routes that takes it, as far as the upstream and back. */
async function through(
  request: GatewayRequest,
  routes: readonly Definition[],
  more: { readonly headers?: readonly string[]; readonly defaults?: readonly Json[]; readonly draw?: number } = {},
): Promise<Exchange | undefined> {
  const { table } = await snapshotOf(routes, more.draw, more.defaults);
  const match = table.match(request);
  if (match?.route === undefined) return undefined;
  const exchange = new Exchange(request, match.route, match.variables);
  for (const filter of match.route.chain.requestHooks) await filter.onRequest?.(exchange);
  exchange.response.status = 200;
  exchange.response.headers = new HeaderList([...(more.headers ?? [])]);
  for (const filter of match.route.chain.responseHooks) await filter.onResponse?.(exchange);
  return exchange;
}

async function isTaken(predicate: Json, path: string): Promise<boolean> {
  return (await through(requestTo(path), [{ predicates: [predicate] }])) !== undefined;
}

/** The predicate or filter as the actuator shows it, or what keeps it from loading. */
function read(kind: 'predicates' | 'filters', component: Json): string {
  const { result, problems } = compiler.compileRoute({ id: 'r', uri: 'http://up', [kind]: [component] });
  return result ? String(result[kind].map((each) => ('filter' in each ? each.filter : each))[0]) : codesOf(problems);
}

function codesOf(problems: readonly { readonly code: string }[]): string {
  return problems.map(({ code }) => code).join(', ');
}

describe('parsing', () => {
  it.each<[Json, string]>([
    ['Path=/a , /b,true', 'Paths: [/a, /b], match trailing slash: true'],
    ['Path=/a,/b', 'Paths: [/a, /b], match trailing slash: true'],
    [{ name: 'Path', args: { patterns: '/a,/b' } }, 'Paths: [/a,/b], match trailing slash: true'],
    [{ name: 'Path', args: { _genkey_0: '/a/**' } }, 'Paths: [/a/**], match trailing slash: true'],
    [{ name: 'Path', args: { x: '/a/**' } }, 'Paths: [/a/**], match trailing slash: true'],
    ['Weight=g, 8', 'Weight: g 8'],
  ])('the predicate %j is %s', (component, expected) => {
    expect(read('predicates', component)).toBe(expected);
  });

  it.each<[Json, string]>([
    ['AddResponseHeader=A, b, false', "[AddResponseHeader name = 'A', value = 'b', override = false]"],
    // Spring drops what is too much, and reads nothing of these shortcuts.
    ['AddRequestHeader=A, b, c', 'surplus-argument'],
    ['AddRequestHeader=A,', 'required'],
    [
      'RewriteResponseHeader=X, , password=[^&]+, password=***',
      "[RewriteResponseHeader name = 'X', regexp = 'password=[^&]+', replacement = 'password=***']",
    ],
    [
      'Retry=3,INTERNAL_SERVER_ERROR,GET,10ms,50ms,2,false,0.5,100ms',
      expect.stringContaining('statuses = list[INTERNAL_SERVER_ERROR], methods = list[GET]'),
    ],
    ['Retry=3,INTERNAL_SERVER_ERROR,GET,10ms,50ms,2,false,0.5,100ms,more', 'surplus-argument'],
    [{ name: 'Retry', args: { statuses: 502 } }, 'wrong-type'],
    ['SetStatus=404', "[SetStatus status = '404']"],
    ['SetStatus=not_found', "[SetStatus status = '404']"],
    ['SetStatus=299', "[SetStatus status = '299']"],
    ['RequestSize=1', '[RequestSize max = 1B]'],
    [
      'RequestRateLimiter=1,2',
      "[RequestRateLimiter replenishRate = 1, burstCapacity = 2, requestedTokens = 1, keyResolver = '#{@principalNameKeyResolver}']",
    ],
  ])('the filter %j is %s', (component, expected) => {
    expect(read('filters', component)).toEqual(expected);
  });
});

describe('matching of paths', () => {
  it.each<[pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['/a/**', ['/a', '/a/', '/a/b/c'], ['/ab']],
    ['/a/*', ['/a/b', '/a/', '/a/b/'], ['/a', '/a/b/c']],
    ['/a/*,false', ['/a/b', '/a/'], ['/a', '/a/b/', '/a/b/c']],
    ['/a/{x}', ['/a/1', '/a/%31', '/a/b%2Fc', '/a/1;v=2'], ['/a', '/a/', '/a/1/2']],
    ['/a/{*r}', ['/a', '/a/', '/a/b/'], ['/ab']],
    ['/x/{id:\\d+}', ['/x/12'], ['/x/1a']],
    ['/img/*.png', ['/img/.png', '/img/x.png'], ['/img/x/y.png']],
    ['/a', ['/a', '/a/'], ['/A', '//a', '/a//']],
    ['/a,false', ['/a'], ['/a/', '/A', '//a', '/a//']],
    ['/a/', ['/a/'], ['/a']],
    ['/a/,false', ['/a/'], ['/a']],
  ])('%s takes %j and leaves %j', async (pattern, yes, no) => {
    for (const path of yes) expect([path, await isTaken(`Path=${pattern}`, path)]).toEqual([path, true]);
    for (const path of no) expect([path, await isTaken(`Path=${pattern}`, path)]).toEqual([path, false]);
  });

  it.each([
    ['/a/{x}', '/a/1', 'x', '1'],
    ['/a/{x}', '/a/%31', 'x', '1'],
    ['/a/{x}', '/a/b%2Fc', 'x', 'b/c'],
    ['/a/{x}', '/a/1;v=2', 'x', '1'],
    ['/a/{*r}', '/a', 'r', ''],
    ['/a/{*r}', '/a/', 'r', '/'],
    ['/a/{*r}', '/a/b/', 'r', '/b/'],
  ])('%s captures of %s as %s what is %j', async (pattern, path, name, value) => {
    const exchange = await through(requestTo(path), [{ predicates: [`Path=${pattern}`] }]);
    expect(exchange?.variables[name]).toBe(value);
  });
});

describe('filters of paths', () => {
  it.each<[filters: readonly string[], from: string, to: string, predicate?: string]>([
    [['StripPrefix=1'], '/a/b/c', '/b/c'],
    [['StripPrefix=1'], '/a/b/', '/b/'],
    [['StripPrefix=1'], '//a//b', '/b'],
    [['StripPrefix=1'], '/a', '/'],
    [['StripPrefix=2'], '/name/blue/red', '/red'],
    [['StripPrefix=2'], '/a/b/', '/'],
    [['RewritePath=/red/?(?<segment>.*), /$\\{segment}'], '/red/blue', '/blue'],
    [['RewritePath=/red/?(?<segment>.*), /$\\{segment}'], '/red', '/'],
    [['RewritePath=/red/?(?<segment>.*), /$\\{segment}'], '/redx', '/x'],
    [['RewritePath=/red/?(?<segment>.*), /$\\{segment}'], '/api/red/b', '/api/b'],
    [['RewritePath=(?<x>.*), /p$\\{x}'], '/a', '/p/a/p'],
    [['PrefixPath=/p', 'PrefixPath=/p'], '/x', '/p/x'],
    [['SetPath=/{segment}'], '/red/a%20b', '/a%20b', 'Path=/red/{segment}'],
  ])('%j makes of %s %s', async (filters, from, to, predicate = 'Method=GET') => {
    const exchange = await through(requestTo(from), [{ predicates: [predicate], filters }]);
    expect(exchange?.request.path).toBe(to);
  });

  it.each([
    ['/some/x', 'https://svc:8443/v2/some/1', 'https://api.io/some/1'],
    ['/v1/some/x', 'https://svc:8443/v2/some/1', 'https://api.io/v2/some/1'],
  ])('RewriteLocationResponseHeader makes, for a request to %s, of %s %s', async (path, from, to) => {
    const route = { predicates: ['Method=GET'], filters: ['RewriteLocationResponseHeader'] };
    const exchange = await through(requestTo(path, { host: 'api.io' }), [route], { headers: ['Location', from] });
    expect(exchange?.response.headers.get('location')).toBe(to);
  });
});

describe('the rest', () => {
  const weighted = (group: string, weight: number, id: string): Definition => ({
    id,
    predicates: ['Path=/**', `Weight=${group}, ${weight}`],
  });

  it.each([
    [0.7999, 'a'],
    [0.8, 'b'],
  ])('of the weights 8 and 2, the draw %d is %s', async (draw, id) => {
    const exchange = await through(requestTo('/'), [weighted('g', 8, 'a'), weighted('g', 2, 'b')], { draw });
    expect(exchange?.route.id).toBe(id);
  });

  it('a limiter of 10 a second and 20 at once refuses the 21st call of a second, and allows 10 in the next', () => {
    const buckets = new MemoryBuckets(clock);
    const { bucket } = tokenBucketLimit({ replenishRate: 10, burstCapacity: 20, requestedTokens: 1 });
    const calls = (count: number): string[] =>
      Array.from({ length: count }, () => {
        const { isAllowed, remaining } = buckets.take('k', bucket);
        return `${isAllowed} ${remaining}`;
      });
    expect(calls(21)).toEqual([...Array.from({ length: 20 }, (_, at) => `true ${19 - at}`), 'false 0']);
    clock.advance(1_000);
    expect(calls(11).filter((call) => call.startsWith('true'))).toHaveLength(10);
  });

  it('default and own filters of one place take turns: D1, R1, D2, and back', async () => {
    const both = (name: string): Json[] => [`AddRequestHeader=X, ${name}`];
    const request = requestTo('/');
    const exchange = await through(request, [{ predicates: ['Path=/**'], filters: both('R1') }], {
      defaults: [...both('D1'), ...both('D2')],
    });
    expect(exchange?.request.headers.getAll('x')).toEqual(['D1', 'R1', 'D2']);
    const back = await through(requestTo('/'), [{ predicates: ['Path=/**'], filters: ['AddResponseHeader=X, R1'] }], {
      defaults: ['AddResponseHeader=X, D1', 'AddResponseHeader=X, D2'],
    });
    expect(back?.response.headers.getAll('x')).toEqual(['D2', 'R1', 'D1']);
  });

  it.each([
    [1, '0.0.0.3'],
    [2, '0.0.0.2'],
    [9, '0.0.0.1'],
  ])('XForwardedRemoteAddr with the index %i looks at %s', async (maxTrustedIndex, address) => {
    const looksAt = async (sources: string): Promise<boolean> => {
      const headers = new HeaderList(['X-Forwarded-For', '0.0.0.1, 0.0.0.2, 0.0.0.3']);
      const predicate = { name: 'XForwardedRemoteAddr', args: { sources, maxTrustedIndex } };
      return (await through(requestTo('/', { headers }), [{ predicates: [predicate] }])) !== undefined;
    };
    expect(await looksAt(address)).toBe(true);
    expect(await looksAt(['0.0.0.1', '0.0.0.2', '0.0.0.3'].filter((each) => each !== address).join(','))).toBe(false);
  });

  it('of two routes that both match, of one order, the first defined takes the request', async () => {
    const routes = [
      { id: 'z', predicates: ['Path=/**'] },
      { id: 'a', predicates: ['Path=/a'] },
    ];
    expect((await through(requestTo('/a'), routes))?.route.id).toBe('z');
  });

  it('a variable of a route that did not match is unknown to the one that did', async () => {
    const exchange = await through(requestTo('/a/7'), [
      { id: 'A', predicates: ['Path=/a/{id}', 'Header=X'] },
      { id: 'B', predicates: ['Path=/a/**'] },
    ]);
    expect([exchange?.route.id, exchange?.variables['id']]).toEqual(['B', undefined]);
  });
});

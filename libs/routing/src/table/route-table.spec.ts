import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestTo } from '../../../../test/builders/gateway-request.js';
import { EMPTY_CHAIN } from '../compiler/compose-chain.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { HostPattern } from '../patterns/host-pattern.js';
import { PathPattern } from '../patterns/path-pattern.js';
import { PreparedPath } from '../patterns/prepared-path.js';
import type { RoutePredicate } from '../predicates/predicate-factory.js';
import { RouteTraffic } from '../traffic/route-traffic.js';
import type { CompiledRoute } from './compiled-route.js';
import { compareRoutes } from './route-list.js';
import { RouteTable } from './route-table.js';

function paths(...texts: string[]): RoutePredicate {
  const patterns = texts.map((text) => PathPattern.parse(text));
  return {
    index: { paths: patterns.map(({ indexKey }) => indexKey) },
    variables: patterns.flatMap(({ variables }) => variables),
    matches: (request, capture) => patterns.some((pattern) => pattern.matches(PreparedPath.of(request), true, capture)),
  };
}

function host(text: string): RoutePredicate {
  const pattern = HostPattern.parse(text, 'patterns');
  return {
    index: { hosts: [pattern.indexKey] },
    variables: pattern.variables,
    matches: (request, capture) => pattern.matches(request.headers.get('host') ?? '', capture),
  };
}

const method = (name: string): RoutePredicate => ({ matches: (request) => request.method === name });
const fails: RoutePredicate = {
  matches: () => {
    throw new Error('cannot say');
  },
};
const weight = (group: string, share: number): RoutePredicate => ({
  matches: () => true,
  weight: { group, weight: share },
});

function route(id: string, predicates: RoutePredicate[], order = 0, index = 0): CompiledRoute {
  return {
    id,
    order,
    rank: [0, 'routes.yaml', index],
    predicates,
    chain: EMPTY_CHAIN,
    definition: { id, uri: 'no://op' },
    uri: { kind: 'none' },
    connectTimeoutMs: undefined,
    responseTimeoutMs: undefined,
    cors: undefined,
    traffic: new RouteTraffic(),
  };
}

async function tableOf(routes: CompiledRoute[], random = () => 0): Promise<RouteTable> {
  return RouteTable.empty(random).with([], routes);
}

const idFor = (table: RouteTable, request: GatewayRequest): string | undefined => table.match(request)?.route?.id;

/** The meaning of a table: ask every route in turn. */
function scan(routes: readonly CompiledRoute[], request: GatewayRequest): string | undefined {
  const nothing = { set: () => undefined };
  return [...routes].sort(compareRoutes).find(({ predicates }) => {
    try {
      return predicates.every((predicate) => predicate.matches(request, nothing));
    } catch {
      return false;
    }
  })?.id;
}

const segment = fc.constantFrom('a', 'b', '*', '{x}', 'a*', '');
const pathText = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '/**', '/{*rest}', 'start'))
  .map(([segments, end]) => {
    const named = segments.map((text, at) => text.replace('x', `x${at}`));
    return end === 'start' ? `/**/${named.join('/')}` : `/${named.join('/')}${end}`;
  });
const hosts = [
  'foo.org',
  'A.foo.org',
  '**.foo.org',
  '*.foo.org',
  '{t}.org',
  '**.org',
  'foo.org:8080',
  'foo.*',
  '**',
  'bar.net.',
];
const predicate = fc.oneof(
  { weight: 4, arbitrary: fc.array(pathText, { minLength: 1, maxLength: 3 }).map((texts) => paths(...texts)) },
  { weight: 2, arbitrary: fc.constantFrom(...hosts).map(host) },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'POST').map(method) },
  { weight: 1, arbitrary: fc.constant(fails) },
);
const routes = fc
  .array(fc.tuple(fc.array(predicate, { maxLength: 3 }), fc.integer({ min: -1, max: 1 })), { maxLength: 14 })
  .map((all) => all.map(([predicates, order], index) => route(`r${index}`, predicates, order, index)));
const request = fc
  .record({
    segments: fc.array(fc.constantFrom('a', 'b', 'ab', '', '%61', 'a;v=1'), { maxLength: 5 }),
    host: fc.constantFrom(
      'foo.org',
      'foo.org:8080',
      'a.FOO.org:80',
      'b.a.foo.org',
      'bar.net',
      'bar.net.',
      'org',
      '[::1]:80',
    ),
    method: fc.constantFrom('GET', 'POST'),
  })
  .map(({ segments, ...facts }) => requestTo(`/${segments.join('/')}`, facts));

describe('RouteTable', () => {
  it('answers as asking every route in turn would', async () => {
    await fc.assert(
      fc.asyncProperty(routes, fc.array(request, { minLength: 1, maxLength: 8 }), async (all, requests) => {
        const table = await tableOf(all.toReversed());
        for (const each of requests) expect(idFor(table, each)).toBe(scan(all, each));
      }),
      { numRuns: 400 },
    );
  });

  it('answers the same however it came about, and leaves the table before as it was', async () => {
    await fc.assert(
      fc.asyncProperty(routes, routes, fc.array(request, { maxLength: 6 }), async (first, second, requests) => {
        const before = await tableOf(first);
        const kept = first.filter((_, index) => index % 2 === 0);
        const dropped = first.filter((each) => !kept.includes(each));
        const added = second.map((each) => ({ ...each, id: `new-${each.id}` }));
        const after = await before.with(dropped, added);
        const emptied = await after.with([...kept, ...added], []);
        for (const each of requests) {
          expect(idFor(after, each)).toBe(scan([...kept, ...added], each));
          expect(idFor(before, each)).toBe(scan(first, each));
          expect(emptied.match(each)).toBeUndefined();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('asks in the order of `order`, then of the rank', async () => {
    const table = await tableOf([
      route('late', [paths('/a')], 1, 0),
      route('second', [paths('/**')], 0, 7),
      route('first', [paths('/{x}')], 0, 3),
    ]);
    expect(idFor(table, requestTo('/a'))).toBe('first');
  });

  it('gives the variables of the route that matched, and of no other', async () => {
    const table = await tableOf([
      route('with-header', [paths('/a/{id}'), method('POST')], 0, 0),
      route('other', [paths('/a/{name}')], 0, 1),
    ]);
    expect(table.match(requestTo('/a/7'))).toMatchObject({ variables: { name: '7' } });
    expect(Object.keys((table.match(requestTo('/a/7')) as { variables: object }).variables)).toEqual(['name']);
  });

  it('matches as if the request had another method, for preflights', async () => {
    const table = await tableOf([route('put', [paths('/a'), method('PUT')])]);
    const preflight = requestTo('/a', { method: 'OPTIONS' });
    expect(table.match(preflight)).toBeUndefined();
    expect(table.match(preflight, { method: 'PUT' })?.route?.id).toBe('put');
    expect(preflight.method).toBe('OPTIONS');
  });

  describe('where a predicate fails', () => {
    it('goes on to the routes after it', async () => {
      const table = await tableOf([route('broken', [fails]), route('good', [paths('/a')], 1)]);
      expect(idFor(table, requestTo('/a'))).toBe('good');
    });

    it('tells the failure when nothing else matches', async () => {
      const table = await tableOf([route('broken', [paths('/a'), fails]), route('good', [paths('/b')], 1)]);
      expect(table.match(requestTo('/a'))).toMatchObject({ failure: new Error('cannot say') });
      expect(table.match(requestTo('/c'))).toBeUndefined();
    });

    it('tells of a path that cannot be decoded, unless a route does not look at it', async () => {
      const byPath = route('by-path', [paths('/a/**')]);
      const table = await tableOf([byPath]);
      expect(table.match(requestTo('/a/%zz'))).toMatchObject({ failure: { name: 'MalformedPathError' } });
      const withAny = await table.with([], [route('any', [method('GET')], 1)]);
      expect(idFor(withAny, requestTo('/a/%zz'))).toBe('any');
    });
  });

  describe('in a weight group', () => {
    const group = [
      route('a', [paths('/w/**'), weight('g', 8)], 0, 0),
      route('b', [paths('/w/**'), weight('g', 2)], 0, 1),
      route('c', [paths('/w/c'), weight('g', 10)], 0, 2),
      route('rest', [paths('/**')], 5, 3),
    ];

    it.each([
      ['/w/x', 0.7999, 'a'],
      ['/w/x', 0.8, 'b'],
      ['/w/c', 0.39, 'a'],
      ['/w/c', 0.41, 'b'],
      ['/w/c', 0.5, 'c'],
      ['/x', 0.5, 'rest'],
    ])('serves %s at the draw %d by %s', async (path, draw, expected) => {
      expect(idFor(await tableOf(group, () => draw), requestTo(path))).toBe(expected);
    });

    it('draws once a request, and only where the group can serve it', async () => {
      let draws = 0;
      const table = await tableOf(group, () => (draws++, 0.99));
      table.match(requestTo('/x'));
      expect(draws).toBe(0);
      table.match(requestTo('/w/c'));
      expect(draws).toBe(1);
    });

    it('never chooses a weight of 0', async () => {
      const table = await tableOf([
        route('off', [paths('/w'), weight('g', 0)], 0, 0),
        route('on', [paths('/w'), weight('g', 1)], 0, 1),
      ]);
      expect(idFor(table, requestTo('/w'))).toBe('on');
      const allOff = await tableOf([route('off', [paths('/w'), weight('g', 0)])]);
      expect(allOff.match(requestTo('/w'))).toBeUndefined();
    });

    it('lets a route outside of the group that stands before the chosen one win', async () => {
      const between = route('between', [paths('/w/x')], 0, 1);
      const table = await tableOf([group[0] as CompiledRoute, between, { ...group[1]!, rank: [0, 'x', 0] }], () => 0.9);
      expect(idFor(table, requestTo('/w/x'))).toBe('between');
    });
  });
});

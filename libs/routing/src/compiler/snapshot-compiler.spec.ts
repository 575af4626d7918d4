import {
  type Change,
  type ConfigType,
  hashOf,
  type Json,
  type Rank,
  RouteCompileError,
  SystemClock,
} from '@tigateway/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { requestTo } from '../../../../test/builders/gateway-request.js';
import { testCatalogue } from '../../../../test/builders/test-components.js';
import { DEFAULT_GLOBALS } from '../globals/compiled-globals.js';
import { describeFilters } from '../table/describe-route.js';
import { emptySnapshot, type Snapshot } from '../table/snapshot.js';
import { CompileEnvironment } from './compile-environment.js';
import { RouteCompiler } from './route-compiler.js';
import { SnapshotCompiler } from './snapshot-compiler.js';

class NotListening extends CompileEnvironment {
  readonly ownListeners = [];
}

/** What runs, as the pipeline around the compiler keeps it. */
class Gateway {
  snapshot: Snapshot = emptySnapshot();
  private readonly compiler = new SnapshotCompiler(
    new RouteCompiler(testCatalogue(), new SystemClock(), new NotListening()),
  );
  private readonly running = new Map<string, Extract<Change, { op: 'upsert' }>['next']>();

  async change(
    ...wishes: [type: ConfigType, id: string, configuration: Json | undefined, rank?: Rank][]
  ): Promise<Snapshot> {
    const changes = wishes.map(([configType, configId, configuration, rank = [0, 'api', 0]]): Change => {
      const previous = this.running.get(`${configType}:${configId}`);
      if (configuration === undefined) return { configType, configId, op: 'delete', previous: previous! };
      const position = { source: 'api', document: configId, line: 0, column: 0 };
      const next = { configuration, hash: hashOf(configuration), source: 'api', position, rank };
      return { configType, configId, op: 'upsert', next, ...(previous && { previous }) };
    });
    this.snapshot = await this.compiler.compile(this.snapshot, { changes });
    for (const change of changes) {
      const key = `${change.configType}:${change.configId}`;
      if (change.op === 'upsert') this.running.set(key, change.next);
      else this.running.delete(key);
    }
    return this.snapshot;
  }

  chain(id: string): string[] {
    return describeFilters(this.snapshot.routes.get(id)!.chain);
  }

  answers(path: string): string | undefined {
    return this.snapshot.table.match(requestTo(path))?.route?.id;
  }
}

const route = (id: string, more: Record<string, Json> = {}): Json => ({
  id,
  uri: 'no://op',
  predicates: [`Path=/${id}/**`],
  ...more,
});
const filter = (id: string, more: Record<string, Json> = {}): Json => ({
  id,
  name: 'Tag',
  args: { text: id },
  ...more,
});

describe('SnapshotCompiler', () => {
  let gateway: Gateway;
  beforeEach(() => {
    gateway = new Gateway();
  });

  it('adds, changes and deletes routes, one revision a change', async () => {
    await gateway.change(['route', 'a', route('a')], ['route', 'b', route('b')]);
    expect([gateway.answers('/a'), gateway.answers('/b'), gateway.answers('/c')]).toEqual(['a', 'b', undefined]);
    await gateway.change(['route', 'a', route('a', { predicates: ['Path=/c'] })]);
    expect([gateway.answers('/a'), gateway.answers('/b'), gateway.answers('/c')]).toEqual([undefined, 'b', 'a']);
    await gateway.change(['route', 'b', undefined]);
    expect(gateway.answers('/b')).toBeUndefined();
    expect(gateway.snapshot.revision).toBe(3);
  });

  it('tells which routes changed and keeps the others as they are', async () => {
    const first = await gateway.change(
      ['route', 'a', route('a')],
      ['route', 'b', route('b')],
      ['route', 'c', route('c')],
    );
    const second = await gateway.change(['route', 'b', route('b', { order: 3 })], ['route', 'c', undefined]);
    expect(first.changedRouteIds).toEqual(['a', 'b', 'c']);
    expect(second.changedRouteIds).toEqual(['b', 'c']);
    expect(second.routes.get('a')).toBe(first.routes.get('a'));
    expect([first.routes.size, second.routes.size]).toEqual([3, 2]);
    expect(first.table.match(requestTo('/c'))?.route?.id).toBe('c');
  });

  it('moves a route without making it anew', async () => {
    const two = [
      ['route', 'a', route('a', { predicates: ['Path=/x'] }), [0, 'f', 0]],
      ['route', 'b', route('b', { predicates: ['Path=/x'] }), [0, 'f', 1]],
    ] as const;
    const first = await gateway.change([...two[0]], [...two[1]]);
    expect(gateway.answers('/x')).toBe('a');
    const second = await gateway.change(['route', 'a', route('a', { predicates: ['Path=/x'] }), [0, 'f', 2]]);
    expect(gateway.answers('/x')).toBe('b');
    expect(second.changedRouteIds).toEqual([]);
    expect(second.routes.get('a')?.blueprint).toBe(first.routes.get('a')?.blueprint);
    const third = await gateway.change(['route', 'a', route('a', { predicates: ['Path=/x'] }), [0, 'f', 2]]);
    expect(third.routes.get('a')).toBe(second.routes.get('a'));
    expect(third.table).toBe(second.table);
  });

  it('counts anew for a route that changed, with the past of the one before, and goes on for one that only moved', async () => {
    const traffic = () => gateway.snapshot.routes.get('a')!.traffic;
    await gateway.change(['route', 'a', route('a')]);
    traffic().count(true, 1);
    await gateway.change(['route', 'a', route('a'), [0, 'api', 7]]);
    expect(traffic().requests).toBe(1);
    await gateway.change(['route', 'a', route('a', { order: 3 })]);
    expect([traffic().requests, traffic().recently(1).requests]).toEqual([0, 1]);
    traffic().count(false, 2);
    await gateway.change(['filter', 'f', filter('f')]);
    expect([traffic().requests, traffic().recently(2).requests]).toEqual([0, 2]);
  });

  it('keeps a disabled route out of the traffic', async () => {
    await gateway.change(['route', 'a', route('a')]);
    const off = await gateway.change(['route', 'a', route('a', { enabled: false })]);
    expect([gateway.answers('/a'), off.changedRouteIds]).toEqual([undefined, ['a']]);
    const again = await gateway.change(['route', 'a', route('a', { enabled: false, order: 1 })]);
    expect(again.changedRouteIds).toEqual([]);
    await gateway.change(['route', 'a', route('a')]);
    expect(gateway.answers('/a')).toBe('a');
  });

  it('interleaves default, named and own filters by their order', async () => {
    await gateway.change(
      ['global', 'default-filters', ['Tag=d1', 'Tag=d2', 'Tag=d3']],
      ['filter', 'n0', filter('n0')],
      ['filter', 'n2', filter('n2', { order: 2 })],
      ['route', 'a', route('a', { filters: ['Tag=r1', 'Tag=r2', 'Early=r3'] })],
    );
    expect(gateway.chain('a')).toEqual([
      '[[Early r3], order = -4]',
      '[[Tag n0], order = 0]',
      '[[Tag d1], order = 1]',
      '[[Tag r1], order = 1]',
      '[[Tag d2], order = 2]',
      '[[Tag n2], order = 2]',
      '[[Tag r2], order = 2]',
      '[[Tag d3], order = 3]',
    ]);
  });

  it('gives a named filter to the routes that it names, before and after its change', async () => {
    const routes = ['order-1', 'order-2', 'pay', 'user'];
    await gateway.change(...routes.map((id): ['route', string, Json] => ['route', id, route(id)]));
    const first = await gateway.change(['filter', 'f', filter('f', { routes: ['order-*', 'pay'] })]);
    expect(first.changedRouteIds.toSorted()).toEqual(['order-1', 'order-2', 'pay']);
    const second = await gateway.change(['filter', 'f', filter('f', { routes: ['pay', 'user'] })]);
    expect(second.changedRouteIds.toSorted()).toEqual(['order-1', 'order-2', 'pay', 'user']);
    expect(gateway.chain('user')).toEqual(['[[Tag f], order = 0]']);
    expect(gateway.chain('order-1')).toEqual([]);
    const third = await gateway.change(['filter', 'f', undefined]);
    expect(third.changedRouteIds.toSorted()).toEqual(['pay', 'user']);
    const late = await gateway.change(['filter', 'f', filter('f')], ['route', 'new', route('new')]);
    expect(late.changedRouteIds.toSorted()).toEqual(['new', ...routes]);
    expect(gateway.chain('new')).toEqual(['[[Tag f], order = 0]']);
  });

  it('leaves a disabled filter out', async () => {
    await gateway.change(['route', 'a', route('a')], ['filter', 'f', filter('f', { enabled: false })]);
    expect(gateway.chain('a')).toEqual([]);
  });

  it('composes every chain anew when the default filters change, and gives them back their old one', async () => {
    await gateway.change(['route', 'a', route('a')], ['route', 'b', route('b', { filters: ['Tag=own'] })]);
    const on = await gateway.change(['global', 'default-filters', ['Tag=d']]);
    expect(on.changedRouteIds).toEqual(['a', 'b']);
    expect(gateway.chain('b')).toEqual(['[[Tag d], order = 1]', '[[Tag own], order = 1]']);
    const off = await gateway.change(['global', 'default-filters', undefined]);
    expect(gateway.chain('a')).toEqual([]);
    expect(off.globals).toEqual(DEFAULT_GLOBALS);
  });

  it('touches no route when another setting changes', async () => {
    const before = await gateway.change(['route', 'a', route('a')]);
    const after = await gateway.change(
      ['global', 'httpclient', { 'connect-timeout': 5 }],
      ['global', 'mine', { x: 1 }],
    );
    expect(after.globals.httpclient.connectTimeoutMs).toBe(5);
    expect(after.globals.cors).toBe(before.globals.cors);
    expect(after.table).toBe(before.table);
    expect(after.changedRouteIds).toEqual([]);
  });

  it.each<[ConfigType, Json]>([
    ['route', route('x', { filters: ['Nope'] })],
    ['filter', filter('x', { name: 'Nope' })],
  ])('changes nothing when a %s does not compile', async (type, broken) => {
    const before = await gateway.change(['route', 'a', route('a')]);
    const attempt = gateway.change(['route', 'a', undefined], [type, 'x', broken], ['route', 'b', route('b')]);
    await expect(attempt).rejects.toThrow(RouteCompileError);
    await expect(attempt).rejects.toMatchObject({ routeId: 'x', configType: type });
    expect(gateway.snapshot).toBe(before);
    expect([before.routes.size, gateway.answers('/a'), gateway.answers('/b')]).toEqual([1, 'a', undefined]);
  });

  it('has the weights of a group from the routes that run', async () => {
    const weighted = (id: string, share: number): Json => route(id, { predicates: ['Path=/w', `Weight=g,${share}`] });
    await gateway.change(['route', 'a', weighted('a', 0)], ['route', 'b', weighted('b', 1)]);
    expect(gateway.answers('/w')).toBe('b');
    await gateway.change(['route', 'b', undefined], ['route', 'c', weighted('c', 1)]);
    expect(gateway.answers('/w')).toBe('c');
  });
});

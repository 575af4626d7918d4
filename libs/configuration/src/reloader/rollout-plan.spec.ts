import { type Change, hashOf, type Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { batchesOf } from './rollout-plan.js';

const of = (configuration: Json) => ({
  configuration,
  hash: hashOf(configuration),
  source: 'file',
  position: { source: 'file', document: 'f', line: 1, column: 1 },
  rank: [0, '', 0] as const,
});

function put(text: string, configuration: Json = {}, previous?: Json): Change {
  const [configType, configId] = text.split(':') as [Change['configType'], string];
  const before = previous === undefined ? {} : { previous: of(previous) };
  return { configType, configId, op: 'upsert', next: of(configuration), ...before };
}

function remove(text: string, configuration: Json = {}): Change {
  const [configType, configId] = text.split(':') as [Change['configType'], string];
  return { configType, configId, op: 'delete', previous: of(configuration) };
}

function ids(changes: readonly Change[], size: number): string[][] {
  return batchesOf(changes, size).map((batch) => batch.map(({ configId }) => configId));
}

describe('the batches of a change', () => {
  it('are as large as the policy says', () => {
    const changes = ['a', 'b', 'c', 'd', 'e'].map((id) => put(`route:${id}`));
    expect(ids(changes, 2)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(ids(changes, 10)).toEqual([['a', 'b', 'c', 'd', 'e']]);
    expect(ids([], 10)).toEqual([]);
  });

  it.each<[what: string, changes: Change[], size: number, batches: string[][]]>([
    [
      'a filter with the routes that it names, even where that is more than a batch',
      [put('route:a'), put('route:x'), put('route:b'), put('filter:f', { routes: ['a', 'b'] })],
      2,
      [['a', 'b', 'f'], ['x']],
    ],
    [
      'a filter with the routes that its globs name',
      [put('route:o-1'), put('route:x'), put('route:o-2'), put('filter:f', { routes: ['o-*'] })],
      3,
      [['o-1', 'o-2', 'f'], ['x']],
    ],
    [
      'a filter with the routes that it leaves, and those that it joins',
      [put('route:old'), put('route:x'), put('route:new'), put('filter:f', { routes: ['new'] }, { routes: ['old'] })],
      3,
      [['old', 'new', 'f'], ['x']],
    ],
    [
      'what is for all routes first',
      [put('route:a'), put('filter:f', {}), put('global:cors')],
      1,
      [['f'], ['cors'], ['a']],
    ],
    [
      'what goes away last, what was for all routes at the very end',
      [remove('filter:f', {}), remove('route:a'), put('route:b')],
      1,
      [['b'], ['a'], ['f']],
    ],
    [
      'a route after those that it leads to',
      [put('route:a', { uri: 'forward:/fallback' }), put('route:fallback')],
      1,
      [['fallback'], ['a']],
    ],
    [
      'routes of a weight group together',
      [
        put('route:a', { predicates: ['Weight=g, 9'] }),
        put('route:x'),
        put('route:b', { predicates: [{ name: 'Weight', args: { group: 'g', weight: 1 } }] }),
      ],
      2,
      [['a', 'b'], ['x']],
    ],
  ])('hold %s', (_, changes, size, batches) => {
    expect(ids(changes, size)).toEqual(batches);
  });
});

import { type Change, hashOf, type Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { affectedRoutes } from './affected-routes.js';

function upsert(configType: Change['configType'], configId: string, configuration: Json, previous?: Json): Change {
  const of = (content: Json) => ({
    configuration: content,
    hash: hashOf(content),
    source: 'api',
    position: { source: 'api', document: configId, line: 0, column: 0 },
    rank: [0, '', 0] as const,
  });
  const next = of(configuration);
  return { configType, configId, op: 'upsert', next, ...(previous !== undefined && { previous: of(previous) }) };
}

const MADE_ANEW = ['order-1', 'order-2', 'pay', 'user'];

describe('a change', () => {
  it.each<[what: string, changes: Change[], affected: string[] | 'all']>([
    ['of a route', [upsert('route', 'pay', {})], ['pay']],
    ['of a filter for one route', [upsert('filter', 'f', { routes: ['user'] })], ['user']],
    ['of a filter for routes by glob', [upsert('filter', 'f', { routes: ['order-*'] })], ['order-1', 'order-2']],
    ['of the routes of a filter', [upsert('filter', 'f', { routes: ['pay'] }, { routes: ['user'] })], ['pay', 'user']],
    ['of a filter for all routes', [upsert('filter', 'f', {})], 'all'],
    ['of the default filters', [upsert('global', 'default-filters', [])], 'all'],
    ['of settings that no request meets', [upsert('global', 'update-policy', {})], []],
    ['of nothing but a place', [upsert('route', 'pay', { a: 1 }, { a: 1 })], []],
  ])('%s affects those routes', async (_, changes, affected) => {
    const found = await affectedRoutes(changes, MADE_ANEW);
    expect(found === 'all' ? found : [...found].sort()).toEqual(affected);
  });
});

import type { Json, Problem } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import type { ConfigurationInForce } from '../../reloader/configuration-api.js';
import { resourceConditions, type ResourceFacts } from './resource-conditions.js';

const PLACE = { source: 'crd', document: 'TiGatewayRoute/shop/users', line: 0, column: 0 };
const KEY = { configType: 'route', configId: 'users' } as const;

function definition(hash = 'h2', configuration: Json = { id: 'users' }): NonNullable<ResourceFacts['definition']> {
  return { ...KEY, configuration, pointer: '/spec/route', position: PLACE, hash };
}

function running(hash: string, position = PLACE): ConfigurationInForce {
  return { ...KEY, configuration: {}, version: 'v1', hash, source: position.source, position };
}

function problem(code: string, message: string, pointer = '/spec/route/uri'): Problem {
  return { pointer, code, message, position: PLACE };
}

const NOTHING: ResourceFacts = {
  generation: 2,
  definition: definition(),
  rejected: undefined,
  running: undefined,
  held: undefined,
  pending: undefined,
  heldBack: undefined,
};
const FILE = { source: 'file', document: 'routes/a.yaml', line: 3, column: 5 };
const INVALID = { document: PLACE.document, problems: [problem('wrong-type', 'no scheme')], servesLastGood: true };
const PENDING = { id: 'p', strategy: 'scheduled', source: 'crd', actor: 'crd', acceptedAt: '', changes: [] } as const;

describe('the conditions of a custom resource', () => {
  it.each<[string, Partial<ResourceFacts>, [string, string], [string, string, string]]>([
    ['runs', { running: running('h2') }, ['True', 'Accepted'], ['True', 'Programmed', 'route "users" is in force']],
    [
      'runs and is switched off',
      { definition: definition('h2', { enabled: false }), running: running('h2') },
      ['True', 'Accepted'],
      ['True', 'Disabled', 'route "users" is in force, and switched off'],
    ],
    [
      'is not taken up yet',
      { running: running('h1') },
      ['True', 'Accepted'],
      ['False', 'Pending', 'route "users" is not in force yet'],
    ],
    [
      'waits for its time',
      { pending: { ...PENDING, dueAt: '2026-01-01T03:00:00.000Z' } },
      ['True', 'Accepted'],
      ['False', 'Pending', 'route "users" goes in at 2026-01-01T03:00:00.000Z'],
    ],
    [
      'has missed its time',
      { pending: { ...PENDING, missedAt: '2026-01-01T03:00:00.000Z' } },
      ['True', 'Accepted'],
      ['False', 'Pending', 'route "users" missed its time, 2026-01-01T03:00:00.000Z'],
    ],
    [
      'goes in by batches',
      { pending: { ...PENDING, strategy: 'rolling', batch: { applied: 1, total: 4 } } },
      ['True', 'Accepted'],
      ['False', 'Pending', 'route "users" goes in batch by batch, 4 in all'],
    ],
    [
      'is barred by a rollback',
      { running: running('h1'), held: { version: 'v1', reason: 'too many errors' } },
      ['True', 'Accepted'],
      ['False', 'RolledBack', 'route "users" is held at v1 until what is written here changes: too many errors'],
    ],
    [
      'is held back with others',
      { running: running('h1'), heldBack: { deletions: 8, of: 10 } },
      ['True', 'Accepted'],
      [
        'False',
        'HeldBack',
        'the source would drop 8 of 10 configurations; POST /api/configuration/refresh?confirm=crd lets it',
      ],
    ],
    [
      'is shadowed',
      { running: running('h2', FILE) },
      ['True', 'Accepted'],
      ['False', 'Shadowed', 'route "users" is in force from the source "file" (routes/a.yaml:3:5), which wins'],
    ],
    [
      'is shadowed by another resource',
      { running: running('h2', { ...PLACE, document: 'TiGatewayRoute/a/users' }) },
      ['True', 'Accepted'],
      ['False', 'Shadowed', 'route "users" is in force from the source "crd" (TiGatewayRoute/a/users), which wins'],
    ],
    [
      'is unsound, and was not before',
      { running: running('h1'), rejected: INVALID },
      ['False', 'Invalid'],
      ['False', 'NotAccepted', 'an earlier form of it is in force as route "users"'],
    ],
    [
      'is unsound from the start',
      { rejected: { ...INVALID, servesLastGood: false } },
      ['False', 'Invalid'],
      ['False', 'NotAccepted', 'nothing of it is in force'],
    ],
    [
      'is unsound, and another runs in its place',
      { running: running('h1', FILE), rejected: INVALID },
      ['False', 'Invalid'],
      ['False', 'NotAccepted', 'route "users" is in force from the source "file" (routes/a.yaml:3:5)'],
    ],
    [
      'defines nothing',
      { definition: undefined, rejected: { ...INVALID, servesLastGood: false } },
      ['False', 'Invalid'],
      ['False', 'NotAccepted', 'nothing of it is in force'],
    ],
    [
      'comes second to another of the source',
      { rejected: { ...INVALID, problems: [problem('duplicate-id', 'twice')], servesLastGood: false } },
      ['False', 'Conflict'],
      ['False', 'NotAccepted', 'nothing of it is in force'],
    ],
  ])('that %s', (_, facts, [status, reason], programmed) => {
    const [accepted, second, ...others] = resourceConditions({ ...NOTHING, ...facts });
    expect(accepted).toMatchObject({ type: 'Accepted', status, reason, observedGeneration: 2 });
    expect(second).toMatchObject({ type: 'Programmed', observedGeneration: 2 });
    expect([second?.status, second?.reason, second?.message]).toEqual(programmed);
    expect(others).toEqual([]);
  });

  it('name every problem with its pointer, and end where nobody reads on', () => {
    const one = { ...INVALID, problems: [problem('a', 'no scheme'), problem('b', 'unknown', '/spec/route/filters/0')] };
    expect(resourceConditions({ ...NOTHING, rejected: one })[0]?.message).toBe(
      '/spec/route/uri: no scheme\n/spec/route/filters/0: unknown',
    );
    const many = { ...INVALID, problems: Array.from({ length: 25 }, () => problem('a', 'x')) };
    expect(resourceConditions({ ...NOTHING, rejected: many })[0]?.message).toMatch(/\nand 5 more$/);
    const long = { ...INVALID, problems: [problem('a', 'x'.repeat(50_000))] };
    expect(resourceConditions({ ...NOTHING, rejected: long })[0]?.message).toHaveLength(4_096);
  });
});

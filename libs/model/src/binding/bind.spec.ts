import { IsNotEmpty, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import type { Json } from '../json.js';
import { bind } from './bind.js';
import { Choice, DurationMs, Flag, HttpStatus, Int, ListOf, MapOf, Nested, SizeBytes, Text } from './fields.js';

class Backoff {
  @DurationMs({ key: 'first-backoff' }) firstBackoffMs = 5;
  @Int() @Min(1) factor = 2;
}

class Sample {
  @Text() @IsNotEmpty() name!: string;
  @Int({ optional: true }) @Max(10) retries?: number;
  @Flag() enabled = true;
  @SizeBytes({ key: 'max-size' }) maxBytes = 1024;
  @Choice(['RETAIN_FIRST', 'RETAIN_LAST']) strategy = 'RETAIN_FIRST';
  @HttpStatus() status = 200;
  @ListOf({ kind: 'text' }) methods: string[] = [];
  @Nested(() => Backoff) backoff = new Backoff();
  @MapOf({ kind: 'int' }, { optional: true }) limits?: Record<string, number>;
}

const accepted: [string, Json, Partial<Record<keyof Sample, unknown>>][] = [
  ['defaults', { name: 'a' }, { enabled: true, maxBytes: 1024, status: 200 }],
  ['relaxed names', { NAME: 'a', MAX_SIZE: '2KB' }, { name: 'a', maxBytes: 2048 }],
  ['words for booleans', { name: 'a', enabled: 'off' }, { enabled: false }],
  [
    'enum names in any spelling',
    { name: 'a', strategy: 'retain-last', status: 'not_found' },
    { strategy: 'RETAIN_LAST', status: 404 },
  ],
  ['comma lists', { name: 'a', methods: 'GET, POST,' }, { methods: ['GET', 'POST'] }],
  ['index-keyed lists', { name: 'a', 'methods[1]': 'B', 'methods[0]': 'A' }, { methods: ['A', 'B'] }],
  [
    'dotted keys',
    { name: 'a', 'backoff.first-backoff': '1s', 'backoff.factor': 3 },
    { backoff: { firstBackoffMs: 1000, factor: 3 } },
  ],
  ['maps', { name: 'a', limits: { x: '0x10' } }, { limits: { x: 16 } }],
];

describe('bind', () => {
  it.each(accepted)('reads %s', (_, raw, expected) => {
    const { value, problems } = bind(Sample, raw);
    expect(problems).toEqual([]);
    expect(value).toMatchObject(expected);
  });

  it.each<[string, Json, string, string]>([
    ['a missing field', {}, '/name', 'required'],
    ['an unknown key', { name: 'a', nope: 1 }, '/nope', 'unknown-property'],
    ['a wrong type', { name: 'a', retries: 'many' }, '/retries', 'wrong-type'],
    ['a constraint', { name: 'a', retries: 11 }, '/retries', 'constraint'],
    ['a nested constraint', { name: 'a', backoff: { factor: 0 } }, '/backoff/factor', 'constraint'],
    [
      'a nested wrong type',
      { name: 'a', backoff: { 'first-backoff': 'soon' } },
      '/backoff/first-backoff',
      'wrong-type',
    ],
    ['an object where a text belongs', { name: { a: 1 } }, '/name', 'wrong-type'],
    ['a text where an object belongs', { name: 'a', backoff: 'x' }, '/backoff', 'wrong-type'],
    ['a status by an unknown name', { name: 'a', status: 'FINE' }, '/status', 'wrong-type'],
  ])('refuses %s and says where', (_, raw, pointer, code) => {
    const { problems } = bind(Sample, raw);
    expect(problems).toEqual([expect.objectContaining({ pointer, code })]);
  });

  it('reports every problem, not the first', () => {
    expect(bind(Sample, { retries: 'x', nope: 1 }).problems.map(({ code }) => code)).toEqual([
      'wrong-type',
      'unknown-property',
      'required',
    ]);
  });

  it('takes keys of Object.prototype as unknown properties', () => {
    expect(bind(Sample, { name: 'a', constructor: 1 }).problems[0]?.code).toBe('unknown-property');
  });
});

import { DurationMs, Flag, Int, type Json, ListOf, Nested, type Problem, SystemClock, Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { describe, expect, it } from 'vitest';
import type { FilterFactory, GatewayFilter } from '../filters/filter-factory.js';
import type { PredicateFactory, RoutePredicate } from '../predicates/predicate-factory.js';
import { type CompileContext, ComponentError, type Shortcut } from './component.js';
import { ComponentCatalogue } from './component-catalogue.js';
import { ComponentCompiler } from './component-compiler.js';

class PathArgs {
  @ListOf({ kind: 'text' }, { splitsCommas: false }) patterns!: string[];
  @Flag() matchTrailingSlash = true;
}
class MethodArgs {
  @ListOf({ kind: 'text' }) methods!: string[];
}
class HeaderArgs {
  @Text() @IsNotEmpty() name!: string;
  @Text() @IsNotEmpty() value!: string;
}
class Backoff {
  @DurationMs({ key: 'first-backoff' }) firstBackoffMs = 5;
}
class RetryArgs {
  @Int() retries = 3;
  @Nested(() => Backoff) backoff = new Backoff();
}
class NoArgs {}

class Compiled implements GatewayFilter, RoutePredicate {
  constructor(readonly args: object) {}

  matches(): boolean {
    return true;
  }
}

const about = { about: 'For the test.', example: 'X=1' };

function factory(name: string, args: new () => object, shortcut: Shortcut): FilterFactory & PredicateFactory {
  const compile = (values: object): Compiled => {
    if ('name' in values && values.name === 'refused') throw new ComponentError('name', 'is refused', 'refused');
    return new Compiled(values);
  };
  return { name, args, shortcut, ...about, compile };
}

const fields = (...names: string[]): Shortcut => ({ kind: 'fields', names });
const factories = [
  factory('Path', PathArgs, {
    kind: 'gather',
    list: 'patterns',
    splitsCommas: false,
    tailFlag: 'matchTrailingSlash',
  }),
  factory('Method', MethodArgs, { kind: 'gather', list: 'methods', splitsCommas: true }),
  factory('AddRequestHeader', HeaderArgs, fields('name', 'value')),
  factory('Retry', RetryArgs, fields('retries', 'backoff.firstBackoff')),
  factory('PreserveHostHeader', NoArgs, fields()),
];
const compiler = new ComponentCompiler(new ComponentCatalogue(factories, factories), new SystemClock());

function compile(kind: 'predicate' | 'filter', definition: Json): { args?: object; problems: Problem[] } {
  const problems: Problem[] = [];
  const compiled = compiler[kind](definition, '/at', { routeId: 'r' }, problems) as Compiled | undefined;
  return { ...(compiled && { args: { ...compiled.args } }), problems };
}

describe('a component', () => {
  it.each<[Json, object]>([
    ['Path=/a , /b,true', { patterns: ['/a', '/b'], matchTrailingSlash: true }],
    ['Path=/a,FALSE', { patterns: ['/a'], matchTrailingSlash: false }],
    ['Path=/a,, ,/b', { patterns: ['/a', '/b'] }],
    [{ name: 'Path', args: { patterns: '/a,/b' } }, { patterns: ['/a,/b'] }],
    [{ name: 'Path', args: { patterns: ['/a', '/b'] } }, { patterns: ['/a', '/b'] }],
    [{ name: 'Path', args: { patterns: { 0: '/a', 1: '/b' } } }, { patterns: ['/a', '/b'] }],
    [{ name: 'Path', args: { 'patterns.0': '/a', 'patterns.1': '/b' } }, { patterns: ['/a', '/b'] }],
    [{ name: 'Path', args: { _genkey_0: '/a/**' } }, { patterns: ['/a/**'] }],
    [{ name: 'Path', args: { x: '/a/**' } }, { patterns: ['/a/**'] }],
    [{ name: 'Path', args: { 'match-trailing-slash': false, x: '/a' } }, { matchTrailingSlash: false }],
    [
      { name: 'Path', args: { x: '/a', y: 'false' } },
      { patterns: ['/a'], matchTrailingSlash: false },
    ],
    ['Method=GET,POST', { methods: ['GET', 'POST'] }],
    [{ name: 'Method', args: { methods: 'GET, POST' } }, { methods: ['GET', 'POST'] }],
  ])('reads the predicate %j', (definition, expected) => {
    const { args, problems } = compile('predicate', definition);
    expect(problems).toEqual([]);
    expect(args).toMatchObject(expected);
  });

  it.each<[Json, object]>([
    ['AddRequestHeader=X, a=b', { name: 'X', value: 'a=b' }],
    [
      { name: 'AddRequestHeader', args: { NAME: 'X', _genkey_1: 'v' } },
      { name: 'X', value: 'v' },
    ],
    [
      { name: 'AddRequestHeader', args: { name: 'X', value: 5 } },
      { name: 'X', value: '5' },
    ],
    ['Retry=5,10ms', { retries: 5, backoff: { firstBackoffMs: 10 } }],
    [
      { name: 'Retry', args: { 'backoff.first-backoff': '1s' } },
      { retries: 3, backoff: { firstBackoffMs: 1000 } },
    ],
    [{ name: 'Retry', args: { backoff: { firstBackoff: '1s' } } }, { backoff: { firstBackoffMs: 1000 } }],
    ['Retry', { retries: 3 }],
    ['PreserveHostHeader', {}],
    ['PreserveHostHeader=', {}],
    [{ name: 'PreserveHostHeader' }, {}],
    [{ name: 'PreserveHostHeader', args: null }, {}],
  ])('reads the filter %j', (definition, expected) => {
    const { args, problems } = compile('filter', definition);
    expect(problems).toEqual([]);
    expect(args).toMatchObject(expected);
  });

  it.each<['predicate' | 'filter', Json, [pointer: string, code: string, text: string][]]>([
    ['predicate', 'Path', [['/at', 'invalid-shortcut', 'name=value']]],
    ['predicate', '=x', [['/at', 'invalid-shortcut', 'name=value']]],
    ['predicate', 'Path =/x', [['/at', 'unknown-predicate', 'did you mean Path?']]],
    ['predicate', 'ReadBody=x', [['/at', 'unsupported', 'needs code']]],
    ['predicate', 'Path=', [['/at', 'required', 'patterns']]],
    ['filter', 'AddRequestHeaders=a,b', [['/at', 'unknown-filter', 'did you mean AddRequestHeader?']]],
    ['filter', { name: 'Nothing' }, [['/at/name', 'unknown-filter', 'there is no filter "Nothing"']]],
    ['filter', '=x', [['/at', 'unknown-filter', '"=x"']]],
    ['filter', 'SaveSession', [['/at', 'unsupported', 'session']]],
    ['filter', 'AddRequestHeader=A, b, c', [['/at', 'surplus-argument', '"c"']]],
    ['filter', 'AddRequestHeader=A,', [['/at', 'required', 'value']]],
    ['filter', 'PreserveHostHeader=x', [['/at', 'surplus-argument', 'no value']]],
    ['filter', 5, [['/at', 'wrong-type', 'Name=value']]],
    ['filter', { args: {} }, [['/at/name', 'required', '']]],
    ['filter', { name: 'Retry', arg: {} }, [['/at/arg', 'unknown-property', 'name, args']]],
    ['filter', { name: 'Retry', args: 'x' }, [['/at/args', 'wrong-type', 'an object']]],
    ['filter', { name: 'Retry', args: { retires: 1 } }, [['/at/args/retires', 'unknown-property', 'retries']]],
    ['filter', { name: 'Retry', args: { retries: 'x' } }, [['/at/args/retries', 'wrong-type', 'whole number']]],
    ['filter', { name: 'Retry', args: { _genkey_0: 'x' } }, [['/at/args/_genkey_0', 'wrong-type', 'whole number']]],
    [
      'filter',
      { name: 'Retry', args: { 'backoff.first-backoff': 'x' } },
      [['/at/args/backoff.first-backoff', 'wrong-type', 'duration']],
    ],
    [
      'filter',
      { name: 'Retry', args: { backoff: { 'first-backoff': 'x' } } },
      [['/at/args/backoff/first-backoff', 'wrong-type', 'duration']],
    ],
    [
      'filter',
      { name: 'AddRequestHeader', args: { _genkey_0: 'a', name: 'b', value: 'c' } },
      [['/at/args/name', 'duplicate-argument', 'twice']],
    ],
    [
      'filter',
      { name: 'AddRequestHeader', args: { name: '', value: '' } },
      [
        ['/at/args/name', 'constraint', 'empty'],
        ['/at/args/value', 'constraint', 'empty'],
      ],
    ],
    [
      'filter',
      { name: 'AddRequestHeader', args: { name: 'refused', value: 'x' } },
      [['/at/args/name', 'refused', 'AddRequestHeader: is refused']],
    ],
    ['filter', 'AddRequestHeader=refused,x', [['/at', 'refused', 'is refused']]],
  ])('refuses the %s %j', (kind, definition, expected) => {
    const { problems } = compile(kind, definition);
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual(
      expected.map(([pointer, code]) => [pointer, code]),
    );
    expected.forEach(([, , text], at) => expect(problems[at]?.message).toContain(text));
  });
});

describe('equal shortcuts', () => {
  const made = (isShared: boolean | undefined, definitions: readonly Json[], isQuestionable = false) => {
    const compiled = (args: object, { warn }: CompileContext): Compiled => {
      if (isQuestionable) warn?.('name', 'hardly meant');
      return new Compiled(args);
    };
    const each = {
      ...factory('Each', HeaderArgs, fields('name', 'value')),
      ...(isShared && { isShared }),
      compile: compiled,
    };
    const own = new ComponentCompiler(new ComponentCatalogue([], [each]), new SystemClock());
    const warnings: Problem[] = [];
    const filters = definitions.map((definition, at) =>
      own.filter(definition, `/${at}`, { routeId: 'r' }, [], warnings),
    );
    return { different: new Set(filters).size, warnings: warnings.map(({ pointer }) => pointer) };
  };

  it('share what they compile to where the factory allows it', () => {
    expect(made(true, ['Each=a,b', 'Each=a,b', 'Each=a,c']).different).toBe(2);
    expect(made(undefined, ['Each=a,b', 'Each=a,b']).different).toBe(2);
  });

  it('are warned of at each place', () => {
    expect(made(true, ['Each=a,b', 'Each=a,b'], true)).toEqual({ different: 2, warnings: ['/0', '/1'] });
  });

  it('share it still once many others were compiled', () => {
    const others = Array.from({ length: 10_000 }, (_, at) => `Each=a,${at}`);
    expect(made(true, [...others, 'Each=x,y', 'Each=x,y']).different).toBe(10_001);
  });
});

describe('a catalogue', () => {
  it('refuses two factories of one name', () => {
    expect(() => new ComponentCatalogue([factories[0]!, factories[0]!], [])).toThrow('"Path"');
  });
});

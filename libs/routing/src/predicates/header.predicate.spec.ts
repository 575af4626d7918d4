import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { HeaderPredicateFactory } from './header.predicate.js';

const { compile, matches, refusals } = predicateOf(new HeaderPredicateFactory());

describe('Header', () => {
  it.each<[string, string[], boolean]>([
    ['Header=X-A', ['x-a', '1'], true],
    ['Header=X-A', ['x-a', ''], false],
    ['Header=X-A', ['x-a', '', 'X-A', '1'], true],
    ['Header=X-A', ['x-a', ' , '], false],
    ['Header=X-A', [], false],
    ['Header=X-A,\\d+', ['X-A', '12'], true],
    ['Header=X-A,\\d+', ['X-A', 'a12'], false],
    ['Header=X-A,\\d+', ['X-A', 'a', 'X-A', '12'], true],
    ['Header=X-A,\\d+', ['X-A', 'a, 12 ,b'], true],
    ['Header=X-A,12', ['X-A', '"12", b'], true],
    ['Header=X-A,a.b', ['X-A', '"a,b"'], true],
    ['Header=X-A,a.b', ['X-A', 'a,b'], false],
    ['Header=X-A,a"b', ['X-A', '"a\\"b"'], true],
    ['Header=X-A,b', ['X-A', '"a, b'], true],
  ])('%j on %j: %s', (definition, headers, expected) => {
    expect(matches(definition, aRequest({ headers }))).toBe(expected);
  });

  it('shows itself', () => {
    expect(String(compile('Header=X-A,\\d+'))).toBe('Header: X-A regexp=\\d+');
    expect(String(compile('Header=X-A'))).toBe('Header: X-A regexp=null');
  });

  it.each([
    ['Header=', ['required']],
    ['Header=X A', ['constraint']],
    ['Header=X, \\d{1,3}', ['surplus-argument']],
    ['Header=X,(', ['invalid-argument']],
    [{ name: 'Header', args: { header: 'X', regexp: '(' } }, ['invalid-argument /args/regexp']],
  ])('refuses %j', (definition, expected) => {
    expect(refusals(definition)).toEqual(expected);
  });
});

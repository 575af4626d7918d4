import { describe, expect, it } from 'vitest';
import { formatQuery, parseQuery } from '../patterns/query-string.js';
import { aRequest } from './request.fixture.js';
import { ParsedRequest } from './parsed-request.js';

describe('ParsedRequest', () => {
  it.each<[string | undefined, string, (string | undefined)[]]>([
    ['p=1&q=2&p=3', 'p', ['1', '3']],
    ['p', 'p', [undefined]],
    ['p=', 'p', ['']],
    ['a+b=c+d%21', 'a b', ['c d!']],
    ['P=1', 'p', []],
    ['p=%zz', 'p', ['%zz']],
    ['p=a=b', 'p', ['a=b']],
    ['&&p=1&', 'p', ['1']],
    [undefined, 'p', []],
    ['', 'p', []],
    ['__proto__=1', '__proto__', ['1']],
  ])('reads of the query %j the parameter %j as %j', (query, name, expected) => {
    expect(ParsedRequest.of(aRequest({ query })).parameter(name)).toEqual(expected);
  });

  it.each<[string[], string, (string | undefined)[]]>([
    [['a=1; b=2'], 'b', ['2']],
    [['a=1;a=2', 'a=3'], 'a', ['1', '2', '3']],
    [['a="x y"'], 'a', ['x y']],
    [['a=b=c'], 'a', ['b=c']],
    [['A=1'], 'a', []],
    [['a; =x; b='], 'b', ['']],
    [[], 'a', []],
  ])('reads of the cookies %j the cookie %j as %j', (lines, name, expected) => {
    const headers = lines.flatMap((line) => ['Cookie', line]);
    expect(ParsedRequest.of(aRequest({ headers })).cookie(name)).toEqual(expected);
  });

  it('reads again what a filter changed', () => {
    const request = aRequest({ query: 'p=1' });
    expect(ParsedRequest.of(request).parameter('p')).toEqual(['1']);
    request.query = 'p=2';
    expect(ParsedRequest.of(request).parameter('p')).toEqual(['2']);
  });
});

describe('formatQuery', () => {
  it.each([
    ['a+b=c/d', 'a%20b=c%2Fd'],
    ['a=(1)*', 'a=%281%29%2A'],
    ['p&q=', 'p&q='],
    ['p=%zz&q=%41', 'p=%zz&q=A'],
    ['', undefined],
  ])('writes %j as %j', (query, expected) => {
    expect(formatQuery(parseQuery(query))).toBe(expected);
  });
});

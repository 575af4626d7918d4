import { describe, expect, it } from 'vitest';
import { PathPattern } from './path-pattern.js';
import { MalformedPathError, PreparedPath } from './prepared-path.js';

function match(pattern: string, path: string, trailingSlash = true): Record<string, string> | undefined {
  const variables: Record<string, string> = {};
  const matched = PathPattern.parse(pattern).matches(new PreparedPath(path), trailingSlash, {
    set: (name, value) => void (variables[name] = value),
  });
  return matched ? variables : undefined;
}

describe('PathPattern', () => {
  it.each([
    ['/a/**', ['/a', '/a/', '/a/b/c'], ['/ab', '/', '//a']],
    ['/**', ['/', '/a', '//', '/a/b/'], []],
    ['/a/*', ['/a/b', '/a/', '/a/b/', '/a/;x=1'], ['/a', '/a/b/c', '/a//']],
    ['/a/*/c', ['/a/b/c', '/a/b/c/'], ['/a//c', '/a/c', '/a/;x/c']],
    ['/a/{x}', ['/a/1', '/a/1/'], ['/a', '/a/', '/a/1/2']],
    ['/a/{*r}', ['/a', '/a/', '/a/b/'], ['/ab']],
    ['/x/{id:\\d+}', ['/x/12'], ['/x/1a', '/x/']],
    ['/x/{id:\\d{1,3}}', ['/x/123'], ['/x/1234']],
    ['/img/*.png', ['/img/.png', '/img/x.png'], ['/img/x/y.png', '/img/xpng']],
    ['/img/x?.png', ['/img/xy.png'], ['/img/x.png', '/img/xyz.png']],
    ['/a', ['/a', '/a/'], ['/A', '//a', '/a//', '/a/;x', '/']],
    ['/a/', ['/a/'], ['/a', '/a//']],
    ['/', ['/'], ['//', '/a']],
    ['/a//b', ['/a//b'], ['/a/b', '/a/;x/b']],
    ['/a**', ['/a', '/ab', '/ab/'], ['/a/b']],
    ['/**/login', ['/login', '/a/login', '/a/b/login', '/a/login/'], ['/login/a', '/xlogin', '/login//']],
    ['/{*p}/edit', ['/edit', '/a/b/edit'], ['/a/b']],
    ['a/b', ['a/b'], ['/a/b']],
    ['/a b', ['/a%20b'], ['/a%2520b']],
    ['/a%20b', [], ['/a%20b']],
    ['/a.b+', ['/a.b+'], ['/axb']],
  ])('%s', (pattern, matching, others) => {
    expect(matching.filter((path) => match(pattern, path) === undefined)).toEqual([]);
    expect(others.filter((path) => match(pattern, path) !== undefined)).toEqual([]);
  });

  it.each([
    ['/a', '/a/'],
    ['/a/*', '/a/b/'],
    ['/**/login', '/a/login/'],
  ])('%s refuses the extra final slash of %s where it is told to', (pattern, path) => {
    expect(match(pattern, path, true)).toBeDefined();
    expect(match(pattern, path, false)).toBeUndefined();
  });

  it.each([
    ['/a/{x}', '/a/%31', { x: '1' }],
    ['/a/{x}', '/a/b%2Fc', { x: 'b/c' }],
    ['/a/{x}', '/a/1;v=2', { x: '1' }],
    ['/a/{*r}', '/a/b/c', { r: '/b/c' }],
    ['/a/{*r}', '/a', { r: '' }],
    ['/a/{*r}', '/a/', { r: '/' }],
    ['/a/{*r}', '/a/b/', { r: '/b/' }],
    ['/{*p}/{name}', '/a/b/c', { p: '/a/b', name: 'c' }],
    ['/{*p}/edit', '/edit', { p: '' }],
    ['/pre{x}mid{y}', '/preAmidBmidC', { x: 'AmidB', y: 'C' }],
    ['/v{major:\\d+}.{minor}', '/v1.2', { major: '1', minor: '2' }],
    ['/{a-b}/{$c_1}', '/x/y', { 'a-b': 'x', $c_1: 'y' }],
    ['/{x:.+}', '/a%0Ab', { x: 'a\nb' }],
    ['/{x}', '/caf%C3%A9', { x: 'café' }],
    ['/{x}', '/%FF', { x: '\ufffd' }],
  ])('%s captures from %s', (pattern, path, variables) => {
    expect(match(pattern, path)).toEqual(variables);
  });

  it.each([
    ['/a/{x', 4, 'without its "}"'],
    ['/a/{x/b}', 4, 'without its "}"'],
    ['/a/x}', 5, 'without its "{"'],
    ['/{a{b}}', 4, 'inside of braces'],
    ['/{1a}', 3, 'cannot start with "1"'],
    ['/{a b}', 4, 'cannot hold " "'],
    ['/{}', 3, 'needs a name'],
    ['/{a}/{a}', 6, 'captured twice'],
    ['/**/a/**', 7, 'only one'],
    ['/a/**/b', 4, 'at the start or at the end'],
    ['/a/{*r}/b', 4, 'at the start or at the end'],
    ['/a{*r}', 3, 'whole segment'],
    ['/{a:}', 5, 'empty regular expression'],
    ['/{a:[}', 5, 'no regular expression'],
    ['/{a:(}', 5, 'no regular expression'],
    ['/{a:(x)}', 5, 'capturing groups'],
  ])('refuses %s at position %i', (pattern, position, message) => {
    expect(() => PathPattern.parse(pattern)).toThrow(`"${pattern}", position ${position}: `);
    expect(() => PathPattern.parse(pattern)).toThrow(message);
  });

  it('cannot judge a path that is not correctly encoded', () => {
    expect(() => match('/a/*', '/a/%zz')).toThrow(MalformedPathError);
  });

  it.each([
    ['/svc-1/**', ['svc-1'], true],
    ['/a/{x}/b', ['a', null, 'b'], false],
    ['/a/*.png', ['a', null], false],
    ['/**/login', [], true],
    ['/a/', ['a', ''], false],
  ])('tells the index what leads %s', (pattern, segments, open) => {
    expect(PathPattern.parse(pattern).indexKey).toEqual({ segments, open });
  });
});

describe('PreparedPath', () => {
  it('is kept on the request until its path changes', () => {
    const request = { path: '/a/b' } as Parameters<typeof PreparedPath.of>[0];
    const first = PreparedPath.of(request);
    expect(PreparedPath.of(request)).toBe(first);
    request.path = '/c';
    expect(PreparedPath.of(request).segments).toEqual(['c']);
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { PathPredicateFactory } from './path.predicate.js';

const { captures, compile, matches, refusals } = predicateOf(new PathPredicateFactory());

describe('Path', () => {
  it.each([
    ['Path=/a/**', '/a', true],
    ['Path=/a/**', '/a/', true],
    ['Path=/a/**', '/a/b/c', true],
    ['Path=/a/**', '/ab', false],
    ['Path=/a/*', '/a/b', true],
    ['Path=/a/*', '/a/', true],
    ['Path=/a/*', '/a/b/', true],
    ['Path=/a/*,false', '/a/b/', false],
    ['Path=/a/*', '/a', false],
    ['Path=/a/*', '/a/b/c', false],
    ['Path=/x/{id:\\d+}', '/x/12', true],
    ['Path=/x/{id:\\d+}', '/x/1a', false],
    ['Path=/img/*.png', '/img/.png', true],
    ['Path=/img/*.png', '/img/x.png', true],
    ['Path=/img/*.png', '/img/x/y.png', false],
    ['Path=/a', '/a', true],
    ['Path=/a', '/a/', true],
    ['Path=/a,false', '/a/', false],
    ['Path=/a', '/A', false],
    ['Path=/a', '//a', false],
    ['Path=/a', '/a//', false],
    ['Path=/a/', '/a/', true],
    ['Path=/a/', '/a', false],
    ['Path=/a , /b,true', '/b/', true],
  ])('%j takes %j: %s', (definition, path, expected) => {
    expect(matches(definition, aRequest({ path }))).toBe(expected);
  });

  it.each([
    ['Path=/a/{x}', '/a/1', { x: '1' }],
    ['Path=/a/{x}', '/a/%31', { x: '1' }],
    ['Path=/a/{x}', '/a/b%2Fc', { x: 'b/c' }],
    ['Path=/a/{x}', '/a/1;v=2', { x: '1' }],
    ['Path=/a/{x}', '/a', undefined],
    ['Path=/a/{x}', '/a/', undefined],
    ['Path=/a/{x}', '/a/1/2', undefined],
    ['Path=/a/{*r}', '/a', { r: '' }],
    ['Path=/a/{*r}', '/a/', { r: '/' }],
    ['Path=/a/{*r}', '/a/b/', { r: '/b/' }],
    ['Path=/a/{*r}', '/ab', undefined],
    ['Path=/a/{x},/a/{y}', '/a/1', { x: '1' }],
  ])('%j on %j captures %j', (definition, path, expected) => {
    expect(captures(definition, aRequest({ path }))).toEqual(expected);
  });

  it('keeps a comma inside of one value of the expanded form', () => {
    expect(matches({ name: 'Path', args: { patterns: '/{x:a{1,2}}' } }, aRequest({ path: '/aa' }))).toBe(true);
    expect(matches({ name: 'Path', args: { patterns: '/a,/b' } }, aRequest({ path: '/b' }))).toBe(false);
    expect(matches({ name: 'Path', args: { x: '/a/**' } }, aRequest({ path: '/a/b' }))).toBe(true);
  });

  it('tells what it captures, what the index may know, and itself', () => {
    const predicate = compile('Path=/a/{x},/b/**');
    expect(predicate.variables).toEqual(['x']);
    expect(predicate.index).toEqual({
      paths: [
        { segments: ['a', null], open: false },
        { segments: ['b'], open: true },
      ],
    });
    expect(String(predicate)).toBe('Paths: [/a/{x}, /b/**], match trailing slash: true');
  });

  it.each([
    ['Path=/a/{x', ['invalid-pattern']],
    ['Path=/a/**/b/**', ['invalid-pattern']],
    ['Path=', ['required']],
  ])('refuses %j', (definition, expected) => {
    expect(refusals(definition)).toEqual(expected);
  });
});

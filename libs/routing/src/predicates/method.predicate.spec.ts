import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { MethodPredicateFactory } from './method.predicate.js';

const { compile, matches } = predicateOf(new MethodPredicateFactory());

describe('Method', () => {
  it.each([
    ['Method=GET,POST', 'POST', true],
    ['Method=get', 'GET', true],
    ['Method=GET', 'HEAD', false],
    ['Method=PROPFIND', 'PROPFIND', false],
  ])('%j takes %s: %s', (definition, method, expected) => {
    expect(matches(definition, aRequest({ method }))).toBe(expected);
  });

  it('splits commas of the expanded form, and shows itself', () => {
    const definition = { name: 'Method', args: { methods: 'GET, post' } };
    expect(matches(definition, aRequest({ method: 'POST' }))).toBe(true);
    expect(String(compile(definition))).toBe('Methods: [GET, POST]');
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { QueryPredicateFactory } from './query.predicate.js';

const { compile, matches, refusals } = predicateOf(new QueryPredicateFactory());

describe('Query', () => {
  it.each([
    ['Query=p', 'p', true],
    ['Query=p', 'P=1', false],
    ['Query=p', undefined, false],
    ['Query=p,gr.+', 'p=gray', true],
    ['Query=p,gr.+', 'p=agray', false],
    ['Query=p,gr.+', 'p=x&p=gr%20y', true],
    ['Query=p,.*', 'p', false],
    ['Query=p,.*', 'p=', true],
    ['Query=.+', 'p=1', false],
  ])('%j on %j: %s', (definition, query, expected) => {
    expect(matches(definition, aRequest({ query }))).toBe(expected);
  });

  it('shows itself and refuses a bad regexp when it is loaded', () => {
    expect(String(compile('Query=p,a'))).toBe('Query: param=p regexp=a');
    expect(refusals('Query=p,(')).toEqual(['invalid-argument']);
  });
});

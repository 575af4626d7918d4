import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { WeightPredicateFactory } from './weight.predicate.js';

const { compile, matches, refusals } = predicateOf(new WeightPredicateFactory());

describe('Weight', () => {
  it.each(['Weight=g, 8', { name: 'Weight', args: { 'weight.group': 'g', 'weight.weight': '8' } }])(
    'hands %j to the table’s draw',
    (definition) => {
      expect(compile(definition).weight).toEqual({ group: 'g', weight: 8 });
      expect(matches(definition, aRequest())).toBe(true);
      expect(String(compile(definition))).toBe('Weight: g 8');
    },
  );

  it.each([
    ['Weight=g', ['required']],
    ['Weight=g,-1', ['constraint']],
    ['Weight=g,x', ['wrong-type']],
    [{ name: 'Weight', args: { group: 'g', weight: 8 } }, ['unknown-property /args/group', 'wrong-type /args/weight']],
  ])('refuses %j', (definition, expected) => {
    expect(refusals(definition)).toEqual(expected);
  });
});

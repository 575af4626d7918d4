import { type Problem, SystemClock } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { ComponentCompiler } from '../compiler/component-compiler.js';
import { standardCatalogue } from '../compiler/standard-catalogue.js';

const catalogue = standardCatalogue();
const compiler = new ComponentCompiler(catalogue, new SystemClock());

/** What a reader of the documentation tries first. */
describe('the example in the catalogue', () => {
  it.each(catalogue.predicates.map(({ name, example }) => [name, example]))('of %s loads: %s', (name, example) => {
    const problems: Problem[] = [];
    expect(compiler.predicate(example, '', { routeId: 'r' }, problems)).toBeDefined();
    expect(problems).toEqual([]);
    expect(example.startsWith(name)).toBe(true);
  });

  it.each(catalogue.filters.map(({ name, example }) => [name, example]))('of %s loads: %s', (name, example) => {
    const problems: Problem[] = [];
    expect(String(compiler.filter(example, '', { routeId: 'r' }, problems))).toMatch(new RegExp(`^\\[${name}[ \\]]`));
    expect(problems).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { AddResponseHeaderFilterFactory } from './add-response-header.filter.js';
import { anExchange, filterOf } from './filter.fixture.js';
import { RemoveResponseHeaderFilterFactory } from './remove-response-header.filter.js';
import { SetResponseHeaderFilterFactory } from './set-response-header.filter.js';

const add = filterOf(new AddResponseHeaderFilterFactory());
const set = filterOf(new SetResponseHeaderFilterFactory());
const remove = filterOf(new RemoveResponseHeaderFilterFactory());

describe('response header filters', () => {
  it.each([
    [add, 'AddResponseHeader=A, b', ['a', '1'], ['a', '1', 'A', 'b']],
    [add, 'AddResponseHeader=A, b, false', ['a', '1'], ['a', '1']],
    [add, 'AddResponseHeader=A, b, false', ['a', ' '], ['a', ' ', 'A', 'b']],
    [add, 'AddResponseHeader=A, b, false', [], ['A', 'b']],
    [set, 'SetResponseHeader=A, b', ['a', '1', 'C', '2', 'A', '3'], ['a', 'b', 'C', '2']],
    [remove, 'RemoveResponseHeader=A', ['a', '1', 'C', '2', 'A', '3'], ['C', '2']],
  ])('%# %s on %j', (filter, definition, headers, expected) => {
    expect(filter.onResponse(definition, headers).response.headers.raw).toEqual(expected);
  });

  it.each([
    [add, 'AddResponseHeader=A, {v}'],
    [set, 'SetResponseHeader=A, {v}'],
  ])('%# fills in URI variables: %s', (filter, definition) => {
    const exchange = anExchange(aRequest(), { v: 'x' });
    expect(filter.onResponse(definition, [], exchange).response.headers.raw).toEqual(['A', 'x']);
    expect(filter.compile(definition).variables).toEqual(['v']);
  });

  it.each([
    [add, 'AddResponseHeader=A, b, false', "[AddResponseHeader name = 'A', value = 'b', override = false]"],
    [set, 'SetResponseHeader=A, b', "[SetResponseHeader A = 'b']"],
    [remove, 'RemoveResponseHeader=A', "[RemoveResponseHeader name = 'A']"],
  ])('%# %s shows itself', (filter, definition, expected) => {
    expect(String(filter.compile(definition))).toBe(expected);
  });

  it('refuses an override that is none', () => {
    expect(add.refusals('AddResponseHeader=A, b, maybe')).toEqual(['wrong-type']);
  });
});

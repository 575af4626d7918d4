import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { AddRequestHeaderFilterFactory } from './add-request-header.filter.js';
import { filterOf } from './filter.fixture.js';
import { RemoveRequestHeaderFilterFactory } from './remove-request-header.filter.js';
import { SetRequestHeaderFilterFactory } from './set-request-header.filter.js';

const add = filterOf(new AddRequestHeaderFilterFactory());
const set = filterOf(new SetRequestHeaderFilterFactory());
const remove = filterOf(new RemoveRequestHeaderFilterFactory());

const request = () => aRequest({ headers: ['x-a', '1', 'X-B', '2', 'X-A', '3'] });

describe('request header filters', () => {
  it.each([
    [add, 'AddRequestHeader=X-A, b', ['x-a', '1', 'X-B', '2', 'X-A', '3', 'X-A', 'b']],
    [set, 'SetRequestHeader=X-A, b', ['x-a', 'b', 'X-B', '2']],
    [set, 'SetRequestHeader=X-C, b', ['x-a', '1', 'X-B', '2', 'X-A', '3', 'X-C', 'b']],
    [remove, 'RemoveRequestHeader=X-A', ['X-B', '2']],
    [remove, 'RemoveRequestHeader=X-C', ['x-a', '1', 'X-B', '2', 'X-A', '3']],
  ])('%# %s', (filter, definition, expected) => {
    expect(filter.onRequest(definition, request()).request.headers.raw).toEqual(expected);
  });

  it.each([
    [add, 'AddRequestHeader=X, a-{v}'],
    [set, 'SetRequestHeader=X, a-{v}'],
  ])('%# fills in URI variables: %s', (filter, definition) => {
    expect(filter.compile(definition).variables).toEqual(['v']);
    expect(filter.onRequest(definition, aRequest(), { v: 'b/c' }).request.headers.raw).toEqual(['X', 'a-b/c']);
    expect(() => filter.onRequest(definition, aRequest(), { v: 'b\r\nY: 1' })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
    expect(() => filter.onRequest(definition)).toThrow(expect.objectContaining({ status: 500 }));
  });

  it.each([
    [add, 'AddRequestHeader=A,', ['required']],
    [add, 'AddRequestHeader=A, b, c', ['surplus-argument']],
    [add, 'AddRequestHeader=A B, b', ['constraint']],
    [add, { name: 'AddRequestHeader', args: { name: 'A', value: '' } }, ['constraint /args/value']],
    [add, { name: 'AddRequestHeader', args: { name: 'A', value: 'a\nB: c' } }, ['invalid-argument /args/value']],
    [set, 'SetRequestHeader=A', ['required']],
    [remove, 'RemoveRequestHeader', ['required']],
  ])('%# refuses %j', (filter, definition, expected) => {
    expect(filter.refusals(definition)).toEqual(expected);
  });

  it.each([
    [add, 'AddRequestHeader=X-A,b-{c}', "[AddRequestHeader X-A = 'b-{c}']"],
    [set, 'SetRequestHeader=X-A,b', "[SetRequestHeader X-A = 'b']"],
    [remove, 'RemoveRequestHeader=X-A', "[RemoveRequestHeader name = 'X-A']"],
  ])('%# %s shows itself', (filter, definition, expected) => {
    expect(String(filter.compile(definition))).toBe(expected);
  });
});

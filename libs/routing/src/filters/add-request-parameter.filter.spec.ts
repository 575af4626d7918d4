import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { AddRequestParameterFilterFactory } from './add-request-parameter.filter.js';
import { filterOf } from './filter.fixture.js';

const { compile, onRequest, refusals } = filterOf(new AddRequestParameterFilterFactory());

describe('AddRequestParameter', () => {
  it.each([
    [undefined, 'AddRequestParameter=a,b', 'a=b'],
    ['', 'AddRequestParameter=a,b', 'a=b'],
    ['a=1&x=%20', 'AddRequestParameter=a,b', 'a=1&x=%20&a=b'],
    ['x&', 'AddRequestParameter=a,b', 'x&a=b'],
    ['x', 'AddRequestParameter=a b,c#d é', 'x&a%20b=c%23d%20%C3%A9'],
    ['x', 'AddRequestParameter=a,100%25%', 'x&a=100%25%25'],
    ['x', 'AddRequestParameter=a,b-{v}', 'x&a=b-1%262%3D%2B'],
  ])('%j by %s becomes %j', (query, definition, expected) => {
    expect(onRequest(definition, aRequest({ query }), { v: '1&2=+' }).request.query).toBe(expected);
  });

  it('shows itself and needs a value', () => {
    expect(String(compile('AddRequestParameter=a,{b}'))).toBe("[AddRequestParameter a = '{b}']");
    expect(refusals('AddRequestParameter=a')).toEqual(['required']);
  });
});

import { describe, expect, it } from 'vitest';
import { ComponentError } from '../compiler/component.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { HeaderTemplate } from './header-template.js';
import { PathTemplate } from './path-template.js';
import { UriTemplate } from './uri-template.js';

describe('UriTemplate', () => {
  it.each<[string, string[], string]>([
    ['plain //text', [], 'plain //text'],
    ['{a}', ['a'], '1'],
    ['x-{a}-{b}', ['a', 'b'], 'x-1-2'],
    ['{a}{b}', ['a', 'b'], '12'],
    ['{a:\\d{2}}!', ['a'], '1!'],
    ['https://{a}/x', ['a'], 'https:/1/x'],
    ['${a}//', [], '${a}//'],
    ['${a} {b}', ['b'], '${a} 2'],
    ['{}', [], '{}'],
    ['{x/y}', [], '{x/y}'],
    ['{a', [], '{a'],
    ['{:x}', [], '{:x}'],
  ])('%j has the variables %j and gives %j', (text, variables, expanded) => {
    const template = UriTemplate.parse(text);
    expect(template.variables).toEqual(variables);
    expect(template.expand({ a: '1', b: '2' })).toBe(expanded);
  });

  it('ends in a 500 for a variable that the request has not', () => {
    expect(() => UriTemplate.parse('{a}').expand({})).toThrow(expect.objectContaining({ status: 500 }));
  });
});

describe('HeaderTemplate', () => {
  it('sends text beyond ASCII as UTF-8', () => {
    expect(HeaderTemplate.parse('Zürich {a}', 'value').expand({ a: '€' })).toBe(
      Buffer.from('Zürich €').toString('latin1'),
    );
  });

  it.each(['a\r\nX: y', 'a\nb', 'a\0b', '\x7f'])('refuses the constant %j', (text) => {
    expect(() => HeaderTemplate.parse(text, 'value')).toThrow(ComponentError);
  });

  it.each(['a\r\nX: y', 'a\nb', 'a\0b'])('answers 400 to a path variable of %j', (value) => {
    expect(() => HeaderTemplate.parse('{a}', 'value').expand({ a: value })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });
});

describe('PathTemplate', () => {
  it.each([
    ['/{a}', 'a b', '/a%20b'],
    ['/{a}', 'b/c', '/b/c'],
    ['/{a}', '100%', '/100%25'],
    ['/{a}', 'x?y#z[1]', '/x%3Fy%23z%5B1%5D'],
    ['/{a}', 'é\\', '/%C3%A9%5C'],
    ['/a b/{a}', '1', '/a%20b/1'],
    ['{a}', '/rest/', '/rest/'],
    ['/x/{a}', '..b', '/x/..b'],
  ])('%j with %j gives %j', (text, value, expected) => {
    expect(PathTemplate.parse(text, 'template').expand({ a: value })).toBe(expected);
  });

  it.each([
    ['/files/{a}', '..', 400],
    ['/files/{a}', '../etc', 400],
    ['/files/{a}/x', '.', 400],
    ['{a}', '', 500],
    ['{a}', 'x', 500],
  ])('%j with %j is an error %i', (text, value, status) => {
    const expand = () => PathTemplate.parse(text, 'template').expand({ a: value });
    expect(expand).toThrow(ExchangeError);
    expect(expand).toThrow(expect.objectContaining({ status }));
  });

  it.each(['x', '', '/a?b', '/a#b', '{a}?x=1'])('refuses %j', (text) => {
    expect(() => PathTemplate.parse(text, 'template')).toThrow(ComponentError);
  });
});

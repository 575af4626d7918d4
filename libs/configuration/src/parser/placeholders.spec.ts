import { describe, expect, it } from 'vitest';
import { Placeholders } from './placeholders.js';

describe('Placeholders', () => {
  const environment = { NAME: 'value', EMPTY: '', ORDERS_BASE_URL: 'http://orders', LOOKS: '${NAME}' };
  const roots = [
    {
      own: { key: 'own ${NAME}', list: [{ id: 7 }] },
      'dotted.key': 'dotted',
      camelCase: 'relaxed',
      a: '${b}',
      b: '${a}',
    },
  ];
  const placeholders = new Placeholders(environment, roots);

  it.each([
    ['no placeholder', 'no placeholder'],
    ['${NAME}', 'value'],
    ['a ${NAME} b ${NAME}', 'a value b value'],
    ['${EMPTY}', ''],
    ['${EMPTY:default}', ''],
    ['${MISSING}', '${MISSING}'],
    ['${MISSING:}', ''],
    ['${MISSING:http://host:80/a}', 'http://host:80/a'],
    ['${MISSING:${NAME}}', 'value'],
    ['${MISSING:{"a":1}}', '{"a":1}'],
    ['${orders.base-url}', 'http://orders'],
    ['${name}', '${name}'],
    ['${own.key}', 'own value'],
    ['${own.list[0].id}', '7'],
    ['${own}', '${own}'],
    ['${dotted.key}', 'dotted'],
    ['${camel-case}', 'relaxed'],
    ['${LOOKS}', '${NAME}'],
    ['${toString}', '${toString}'],
    ['/$\\{segment}', '/$\\{segment}'],
    ['${open', '${open'],
    ['${open ${NAME}', '${open ${NAME}'],
    ['a{2}${NAME}', 'a{2}value'],
  ])('reads %s as %s', (text, expected) => {
    expect(placeholders.resolve(text)).toBe(expected);
  });

  it('leaves a circle as it is written', () => {
    expect(placeholders.resolve('${a}')).toMatch(/^\$\{[ab]\}$/);
  });

  it('replaces in values at any depth, never in keys, and gives back what holds none as it is', () => {
    const plain = { list: ['a', 1, null, true] };
    expect(placeholders.resolve({ '${NAME}': ['${NAME}', { inner: '${NAME}' }], plain })).toEqual({
      '${NAME}': ['value', { inner: 'value' }],
      plain,
    });
    expect(placeholders.resolve(plain)).toBe(plain);
  });
});

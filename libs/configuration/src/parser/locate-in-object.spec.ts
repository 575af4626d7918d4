import { describe, expect, it } from 'vitest';
import { ConfigurationParser } from './configuration-parser.js';
import { locateInObject } from './locate-in-object.js';

const yaml = [
  '# a comment', // 1
  'routes:', // 2
  '  - id: one', // 3
  '    uri: http://a', // 4
  '', // 5
  '    predicates:', // 6
  '      - Path=/a', // 7
  '      - name: Method', // 8
  '        args: { methods: GET }', // 9
  '  - { id: two, uri: "http://b", order: x }', // 10
  'filters:', // 11
  '  first: { name: F }', // 12
  '  second:', // 13
  '    name: G', // 14
  '    args: { a: 1 }', // 15
  'spring.cloud.gateway.routes[0].id: flat', // 16
  'spring.cloud.gateway.routes[0].uri: http://c', // 17
].join('\n');

describe('locateInObject', () => {
  const document = { kind: 'text', name: 'x', format: 'yaml', text: yaml, placeholders: false } as const;
  const { objects } = new ConfigurationParser().parse('file', document, {});

  it.each([
    ['one', '/uri', 4, 5],
    ['one', '/predicates/1/args/methods', 9, 17],
    ['one', '/predicates/1/args/missing', 9, 9],
    ['one', '/missing', 3, 5],
    ['one', '', 3, 5],
    ['two', '/order', 10, 33],
    ['first', '/name', 12, 12],
    ['second', '/args/a', 15, 13],
    ['flat', '/uri', 17, 1],
  ])('of %s finds %s at %i:%i', (id, inner, line, column) => {
    const object = objects.find(({ configId }) => configId === id);
    expect(object && locateInObject(yaml, object, inner)).toMatchObject({ line, column });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type DocumentTree, Offsets } from './document-tree.js';
import { readAnyYaml } from './yaml-reader.js';

/** Each text is read whole and in pieces: values, places and problems must not tell which. */
function readBothWays(text: string) {
  const [whole, pieces] = [readAnyYaml(text, Infinity), readAnyYaml(text, 0)].map(({ trees, problems }) => ({
    roots: JSON.stringify(trees.map(({ root }) => root)),
    places: trees.map(placesOf),
    problems,
  }));
  return { whole, pieces };
}

function placesOf({ root, offsets }: DocumentTree): unknown {
  const walk = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return undefined;
    const items = Array.isArray(value) ? value.map((_, index) => offsets.ofItem(value, index)) : [];
    return [offsets.of(value), items, ...Object.values(value).map(walk)];
  };
  return walk(root);
}

describe('a YAML text read in pieces', () => {
  it.each([
    ['a bare list', 'routes:\n  - id: a\n    uri: b\n  - id: c\n'],
    ['a list at its key’s indent', 'routes:\n- id: a\n  x:\n  - 1\n- id: b\nfilters: []\n'],
    [
      'a list deep inside, and what follows it',
      'spring:\n  cloud:\n    gateway:\n      routes:\n        - id: a\n      after: 1\nlast: 2\n',
    ],
    ['several lists and documents', 'routes:\n  - a\nx: 1\n---\nroutes:\n  - b\n  - c\n...\n'],
    [
      'comments and blank lines of any indent',
      'routes:\n# one\n\n  - id: a\n# two\n      # three\n  - id: b # four\n\n# five\nx: 1\n',
    ],
    [
      'text blocks',
      'routes:\n  - id: a\n    t: |\n      - not an item\n\n      # text\n  - id: b\n    t: >-\n      folded\n      text\n',
    ],
    ['a key inside a text block', 'note: |\n  routes:\n    - id: a\nx: 1\n'],
    ['a key inside quotes', 'note: "\n  routes:\n    - id: a\n  "\nx: 1\n'],
    ['aliases within one item', 'routes:\n  - { id: a, x: &x [1], y: *x }\n'],
    ['aliases between items', 'routes:\n  - &a { id: a }\n  - { <<: *a, id: b }\n'],
    ['aliases from outside', 'base: &b { uri: x }\nroutes:\n  - { <<: *b, id: a }\n'],
    ['aliases to the inside', 'routes:\n  - &a { id: a }\ncopy: *a\n'],
    ['a flow list over lines', 'routes:\n  - [a,\n     b]\n  - { c: d,\n      e: f }\n'],
    ['quoted texts over lines', 'routes:\n  - "a\n     b"\n  - c\n'],
    ['an empty list', 'routes:\nx: 1\n'],
    ['a map in place of a list', 'routes:\n  a: 1\n'],
    ['Windows line ends', 'routes:\r\n  - id: a\r\n  - id: b\r\nx: 1\r\n'],
    ['no line end at the end', 'routes:\n  - id: a\n  - id: b'],
    ['an item alone on its line', 'routes:\n  -\n    id: a\n  -\n'],
    ['wrong indents', 'routes:\n  - id: a\n - id: b\n'],
    ['tabs', 'routes:\n  - id: a\n\t- id: b\n'],
    ['an unclosed quote', 'routes:\n  - "a\n  - b\n'],
    ['a key given twice, in an item and outside', 'routes:\n  - { id: a, id: b }\nroutes:\n  - c\n'],
    ['tags with a handle', '%TAG !e! tag:example.org,2000:\n---\nroutes:\n  - !e!x { id: a }\n'],
  ])('is the same as read whole: %s', (_, text) => {
    const { whole, pieces } = readBothWays(text);
    expect(pieces).toEqual(whole);
  });

  it('is the same for any content', () => {
    const value = fc.jsonValue({ maxDepth: 3, noUnicodeString: true });
    fc.assert(
      fc.property(fc.array(value), value, fc.constantFrom(1, 2, 4), fc.boolean(), (items, other, indent, indentSeq) => {
        const text = stringify({ spring: { routes: items, other }, routes: items, last: other }, { indent, indentSeq });
        const { whole, pieces } = readBothWays(text);
        expect(pieces).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a YAML text too large to be read once more', () => {
  it.each([
    ['in an item', 'routes:\n  - id: a\n  - id: "b\n  - id: c\n', 'yaml-syntax', '/routes'],
    ['in what an item says', 'routes:\n  - id: a\n  - { id: b, id: c }\n', 'duplicate-key', '/routes/1/id'],
    ['around the list', 'routes:\n  - id: a\nx: [\n', 'yaml-syntax', ''],
  ])('tells of the first problem %s where it stands', (_, text, code, pointer) => {
    const [problem] = readAnyYaml(text, 0, 0).problems;
    const [expected] = readAnyYaml(text, Infinity).problems;
    expect(problem).toMatchObject({ code, pointer });
    expect(expected?.code).toBe(code);
    if (code === 'duplicate-key') expect(problem?.offset).toBe(expected?.offset);
  });
});

describe('Offsets', () => {
  it('know nothing of what was never read', () => {
    expect(new Offsets().of({})).toBeUndefined();
    expect(new Offsets().ofItem([], 0)).toBeUndefined();
  });
});

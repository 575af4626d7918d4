import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type DocumentTree } from './document-tree.js';
import { readPlainYaml } from './plain-yaml.js';
import { readAnyYaml } from './yaml-reader.js';

const ROOT = join(import.meta.dirname, '../../../..');

/** Values with the order of their keys, and the place of every container and item. */
function shown({ root, offsets }: DocumentTree): unknown {
  const walk = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return undefined;
    const items = Array.isArray(value) ? value.map((_, index) => offsets.ofItem(value, index)) : [];
    return [offsets.of(value), items, ...Object.values(value).map(walk)];
  };
  return { json: JSON.stringify(root), negativeZero: Object.is(root, -0), places: walk(root) };
}

/** @returns whether the text is plain; what is read of a plain text must be what the whole reader reads */
function agrees(text: string): boolean {
  const plain = readPlainYaml(text);
  if (!plain) return false;
  const whole = readAnyYaml(text);
  expect({ text, problems: whole.problems, trees: whole.trees.map(shown) }).toEqual({
    text,
    problems: [],
    trees: [shown(plain)],
  });
  return true;
}

describe('a plain YAML text is read as the whole reader reads it', () => {
  it.each([
    [
      'maps and lists',
      'routes:\n  - id: a\n    uri: http://b:80/c?d=e#f\n    order: -3\n  - id: b\n    metadata:\n      x:\n',
    ],
    [
      'lists at the indent of their key',
      'routes:\n- id: a\n  predicates:\n  - Path=/a/{id}, /b/**\n  - Method=GET\n- id: b\n',
    ],
    [
      'flow collections',
      'a: [b, "c", \'d\'\'e\', -1, {f: [g], "h": {}}, []]\nb: { c: d }  # e\n- x\n'.replace('- x\n', ''),
    ],
    ['comments and blank lines', '# a\n\n  # b\na: 1 # c\n   \n      # d\nb: # e\n  # f\n  c: d#e\n# g'],
    ['a start of the document', '---\na: 1\n'],
    ['escapes', 'a: "\\"b\\\\c\\n"\nb: \'\\d\'\nc: \\e\n'],
    [
      'words and numbers',
      'a: true\nb: False\nc: ~\nd: NULL\ne: yes\nf: 10\ng: 0\nh: -0\ni: 127.0.0.1\nj: 10s\nk: 1_0\n',
    ],
    ['blanks behind', 'a:   b  \nc: [ d ]  \ne: "f"  \ng:  \n  - h  \n'],
    ['an indent of the whole', '  a: 1\n  b:\n    - c'],
    ['letters of the world', 'a: Grüße\nb: "日本"\n# ñ\nc: x\u3000\n'],
    ['a list alone', '- a\n- b: c\n  d: e\n'],
  ])('and is plain: %s', (_, text) => {
    expect(agrees(text)).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['a comment alone', '# a\n'],
    ['a text alone', 'a'],
    ['tabs', 'a:\n\tb: 1\n'],
    ['Windows line ends', 'a: 1\r\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['an end of the document', 'a: 1\n...\n'],
    ['a directive', '%YAML 1.2\n---\na: 1\n'],
    ['anchors', 'a: &b c\n'],
    ['aliases', 'a: *b\n'],
    ['tags', 'a: !!str 1\n'],
    ['a merge', '<<: { a: b }\n'],
    ['text blocks', 'a: |\n  b\n'],
    ['texts over lines', 'a: b\n  c\n'],
    ['a text below its key', 'a:\n  b\n'],
    ['quoted texts over lines', 'a: "b\n  c"\n'],
    ['flow collections over lines', 'a: [b,\n  c]\n'],
    ['pairs in a flow list', 'a: [b: c]\n'],
    ['a flow collection without its end', 'a: [b\n'],
    ['what follows a flow collection', 'a: [b] c\n'],
    ['what follows a quoted text', 'a: "b" c\n'],
    ['a comment without its blank', 'a: "b"#c\n'],
    ['a flow map of a key alone', 'a: {b}\n'],
    ['a comma at the end', 'a: [b, ]\n'],
    ['an empty item', 'a:\n  -\n  - b\n'],
    ['a list in a list', '- - a\n'],
    ['a key given twice', 'a: 1\na: 2\n'],
    ['a dangerous key', 'constructor: 1\n'],
    ['keys that are no words', '1: a\n'],
    ['a question', '? a\n: b\n'],
    ['a colon in a text', 'a: b: c\n'],
    ['a wrong indent', 'a:\n    b: 1\n  c: 2\n'],
    ['a list where a key should be', 'a: 1\n- b\n'],
    ['a fraction', 'a: 1.5\n'],
    ['a number that must not be rounded', 'a: 12345678901234567890\n'],
    ['numbers of other bases', 'a: 0x1f\n'],
    ['a number with zeros', 'a: 007\n'],
    ['not a number', 'a: .nan\n'],
    ['escapes of YAML alone', 'a: "\\x41"\n'],
    ['a line separator', 'a: b\u2028c\n'],
    ['a byte order mark', '\uFEFFa: 1\n'],
  ])('or is left to it: %s', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it('in every text of this repository', () => {
    const folders = ['config', 'charts', 'test/fixtures', 'docs'];
    const texts = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ya?ml|md)$/.test(name))
        .map((name) => [name, readFileSync(join(ROOT, folder, name), 'utf8')] as const)
        .flatMap(([name, text]) =>
          name.endsWith('.md') ? [...text.matchAll(/```ya?ml\n(.*?)```/gs)].map((block) => block[1] as string) : [text],
        ),
    );
    const plain = texts.filter(agrees);
    expect(texts.length).toBeGreaterThan(50);
    expect(plain.length / texts.length).toBeGreaterThan(0.5);
  });

  it('for any content', () => {
    const value = fc.jsonValue({ maxDepth: 3, noUnicodeString: true });
    const style = fc.record({
      indent: fc.constantFrom(1, 2, 4),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 20),
    });
    fc.assert(
      fc.property(fc.array(value), value, style, (items, other, options) => {
        agrees(stringify({ routes: items, other, flow: 1 }, options));
        agrees(`a: ${JSON.stringify(items)}\nb: ${JSON.stringify(other)}\n`);
      }),
      { numRuns: 300 },
    );
  });

  /** Most of these are not sound; what the plain reader takes all the same must be what they say. */
  it('for any heap of YAML’s own pieces', () => {
    const pieces = [
      ...[
        '\n',
        '\n',
        '\n  ',
        '\n  ',
        '\n    ',
        '\n- ',
        '\n  - ',
        '\n    - ',
        ' ',
        '  ',
        ': ',
        ': ',
        ':',
        '- ',
        '-',
        ', ',
        ',',
      ],
      ...[
        '[',
        ']',
        '[]',
        '{',
        '}',
        '{}',
        '"',
        "'",
        '#',
        ' # ',
        '?',
        '? ',
        '&a ',
        '*a',
        '!',
        '|',
        '>',
        '%',
        '@',
        '`',
        '~',
        '<<',
      ],
      ...[
        '---',
        '---\n',
        '...',
        '\\',
        '\\n',
        '\t',
        '\r\n',
        '\u00a0',
        '\u2028',
        'é',
        '=',
        '/',
        '/**',
        '.',
        '+',
        '0',
        '-1',
        '1e3',
      ],
      ...[
        '.5',
        '0x1',
        'true',
        'null',
        'a',
        'b',
        'id',
        'routes',
        'a: b',
        'a: ',
        '"a": ',
        'http://x',
        'Path=/{a}',
        '"b"',
        "'c'",
        '[a, b]',
      ],
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((some) => some.join(''));
    let plain = 0;
    fc.assert(
      fc.property(text, (some) => {
        if (agrees(`x: 1\n${some}`)) plain++;
        if (agrees(`x:\n  - ${some}`)) plain++;
      }),
      { numRuns: 4_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});

describe('a piece of a document', () => {
  it('is read with the places that it has in the whole', () => {
    const text = 'routes:\n  - id: a\n    filters: [b]\n';
    const [whole, piece] = [readPlainYaml(text), readPlainYaml(text.slice(8), 8)] as [DocumentTree, DocumentTree];
    const list = (whole.root as { routes: object[] }).routes;
    expect(piece.offsets.ofItem(piece.root as object, 0)).toBe(whole.offsets.ofItem(list, 0));
    expect(piece.offsets.of(piece.root as object)).toBe(text.indexOf('- id'));
    expect(piece.offsets.of((piece.root as object[])[0] as object)).toBe(whole.offsets.of(list[0] as object));
  });
});

import { describe, expect, it } from 'vitest';
import { cutLists } from './yaml-segments.js';

describe('cutLists', () => {
  it('cuts between items, with what belongs to them, and leaves the rest', () => {
    const text = [
      'spring:\n  routes:\n',
      '    # of a\n    - id: a\n      t: |\n        - not an item\n',
      '\n    -\n      id: b\n',
      '  after: 1\nroutes:\n',
      '- c\n',
      '- d\n',
      'last: 2\n',
    ];
    const cut = cutLists(text.join(''), 0);
    expect(cut?.skeleton).toBe([text[0], text[3], text[6]].join(''));
    expect(cut?.lists.map(({ segments }) => segments.map((segment) => segment.text))).toEqual([
      ['    # of a\n', '    - id: a\n      t: |\n        - not an item\n\n', '    -\n      id: b\n'],
      ['- c\n', '- d\n'],
    ]);
    for (const { keyOffset } of cut?.lists ?? []) expect(text.join('').slice(keyOffset)).toMatch(/^routes:/);
    for (const { offset, text: piece } of cut?.lists.flatMap(({ segments }) => segments) ?? []) {
      expect(text.join('').slice(offset, offset + piece.length)).toBe(piece);
    }
    for (const word of ['after', 'last']) {
      expect(cut?.place(cut.skeleton.indexOf(word))).toBe(text.join('').indexOf(word));
    }
  });

  it('gathers items into pieces of at least the length asked for', () => {
    const cut = cutLists(`routes:\n${'- 12345\n'.repeat(100)}`, 80);
    expect(cut?.lists[0]?.segments.map(({ text }) => text.length)).toEqual(Array(10).fill(80));
  });

  it.each([
    ['no list', 'a: 1\n'],
    ['a list in flow style', 'routes: [a]\n'],
    ['a map', 'routes:\n  a: 1\n'],
    ['tabs', 'routes:\n\t- a\n'],
  ])('leaves a text alone that has %s', (_, text) => {
    expect(cutLists(text, 0)).toBeUndefined();
  });
});

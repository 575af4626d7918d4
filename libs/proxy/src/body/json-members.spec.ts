import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutMembers } from './json-members.js';

const without = (text: string, everywhere = false) => withoutMembers(text, new Set(['a', 'b']), everywhere);

/** The same, slowly. */
function expected(value: unknown, everywhere: boolean, isRoot = true): unknown {
  if (Array.isArray(value)) return everywhere ? value.map((each) => expected(each, true, false)) : value;
  if (typeof value !== 'object' || value === null || !(isRoot || everywhere)) return value;
  const members = Object.entries(value).filter(([name]) => name !== 'a' && name !== 'b');
  return Object.fromEntries(members.map(([name, member]) => [name, expected(member, everywhere, false)]));
}

describe('withoutMembers', () => {
  it.each([
    ['{"a":1}', '{}'],
    ['{ "a" : 1, "c": [1, 2], "b": {"x": [{}]} , "d":"a"}', '{"c":[1,2],"d":"a"}'],
    ['{"c":{"a":1},"a":{"a":[]},"d":[{"b":1}]}', '{"c":{"a":1},"d":[{"b":1}]}'],
    ['[{"a":1}]', '[{"a":1}]'],
    ['{"\\u0061":1,"A":2}', '{"A":2}'],
    ['{"n":12345678901234567890,"m":1.0,"e":1E+2}', '{"n":12345678901234567890,"m":1.0,"e":1E+2}'],
    ['{"s":"\\"a\\": {,}"}', '{"s":"\\"a\\": {,}"}'],
    ['"a"', '"a"'],
    [' 1 ', '1'],
  ])('makes of %s %s', (text, result) => expect(without(text)).toBe(result));

  it.each([
    ['[{"a":1,"c":{"b":2,"d":[{"a":3},4]}}]', '[{"c":{"d":[{},4]}}]'],
    ['{"a":{"c":1},"c":[[{"a":1},{"b":2,"e":null}]]}', '{"c":[[{},{"e":null}]]}'],
  ])('makes, everywhere, of %s %s', (text, result) => expect(without(text, true)).toBe(result));

  it.each(['', '{', '{"a":1,}', "{'a':1}", '{"a":1}}', 'nul'])('refuses %j', (text) => {
    expect(() => without(text)).toThrow(SyntaxError);
  });

  it('does what parsing, removing and writing would do', () => {
    const key = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.string());
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.boolean(), fc.constantFrom(0, 2), (json, everywhere, indent) => {
        const text = JSON.stringify(json, undefined, indent);
        const plain: unknown = JSON.parse(text);
        expect(without(text, everywhere)).toBe(JSON.stringify(expected(plain, everywhere)));
      }),
    );
  });

  it('reads what is nested deeply and strings that are long', () => {
    const deep = `${'['.repeat(5_000)}{"a":1}${']'.repeat(5_000)}`;
    expect(without(deep, true)).toBe(deep.replace('"a":1', ''));
    const long = `{"c":"${'x\\n'.repeat(300_000)}"}`;
    expect(without(long)).toBe(long);
  });
});

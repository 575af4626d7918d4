import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonContentError, JsonSyntaxError, readJson } from './json-reader.js';

describe('readJson', () => {
  it('reads what JSON.parse reads, and the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), async (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        if (/"(__proto__|constructor|prototype)":/.test(text)) return;
        expect(JSON.stringify(await readJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('refuses what JSON.parse refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '0', '\\', '\n', '\u0000'),
        async (json, seed, put) => {
          const at = seed % (json.length + 1);
          const text = json.slice(0, at) + put + json.slice(at + 1);
          let accepts = true;
          try {
            JSON.parse(text);
          } catch {
            accepts = false;
          }
          if (!accepts) await expect(readJson(text)).rejects.toThrow();
        },
      ),
    );
  });

  it('makes records without a prototype, however deep and long', async () => {
    expect(Object.getPrototypeOf(await readJson('{}'))).toBeNull();
    const items = (await readJson(`[${'{"a":{"b":[{}]}},'.repeat(20_000)}{}]`)) as { a: { b: object[] } }[];
    const prototypes = items
      .slice(0, -1)
      .flatMap((item) => [item, item.a, ...item.a.b])
      .map((each): unknown => Object.getPrototypeOf(each));
    expect(new Set(prototypes)).toEqual(new Set([null]));
    expect(prototypes).toHaveLength(60_000);
  });

  it.each([
    ['', 1, 1, 'a JSON value'],
    ['{"a": }', 1, 7, 'a JSON value'],
    ['{\n  "a": 1,\n}', 3, 1, 'a key in double quotes'],
    ['{"a" 1}', 1, 6, '":"'],
    ['[1 2]', 1, 4, '"," or "]"'],
    ['{"a":1', 1, 7, '"," or "}"'],
    ['{"a":1} x', 1, 9, 'the end of the text'],
    ['"a\nb"', 1, 3, 'a string without control characters'],
    ['"\\x"', 1, 3, 'an escape'],
    ['"\\u12g4"', 1, 4, 'four hexadecimal digits'],
    ['1e999', 1, 6, 'a number that a double can hold'],
    ['01', 1, 2, 'the end of the text'],
    ["{'a': 1}", 1, 2, 'a key in double quotes'],
    ['NaN', 1, 1, 'a JSON value'],
  ])('says for %j that line %i, column %i should hold %s', async (text, line, column, expected) => {
    const error = await failureOf(text);
    expect(error).toBeInstanceOf(JsonSyntaxError);
    expect(error).toMatchObject({ line, column });
    expect(String(error)).toContain(`expected ${expected}`);
  });

  it.each([
    ['{"a":{"__proto__":{}}}', '/a/__proto__', 'refused-key'],
    ['{"\\u005f_proto__":1}', '/__proto__', 'refused-key'],
    ['[{"constructor":1}]', '/0/constructor', 'refused-key'],
    ['{"prototype":1}', '/prototype', 'refused-key'],
    ['{"a":":","\\u0061":1}', '/a', 'duplicate-key'],
    ['{"\\\\":1,"b\\"":{"c":1},"b\\"":2}', '/b"', 'duplicate-key'],
    ['{"a/b":{"c":1,"c":2}}', '/a~1b/c', 'duplicate-key'],
  ])('refuses %s and points at %s', async (text, pointer, code) => {
    expect(await failureOf(text)).toMatchObject({ pointer, code });
  });

  it('says so of the last of many, too', async () => {
    const many = `{"id":"x","order":1},`.repeat(20_000);
    expect(await failureOf(`[${many}{"id":"x","id":"y"}]`)).toMatchObject({
      pointer: '/20000/id',
      code: 'duplicate-key',
    });
    expect(await failureOf(`[${many}{"constructor":1}]`)).toMatchObject({
      pointer: '/20000/constructor',
      code: 'refused-key',
    });
  });

  it('goes 64 levels deep and no deeper', async () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(await readJson(nested(64))).toBeDefined();
    expect(await failureOf(nested(65))).toBeInstanceOf(JsonContentError);
    expect(await failureOf('{"a":'.repeat(100_000))).toMatchObject({ code: 'too-deep' });
  });
});

async function failureOf(text: string): Promise<unknown> {
  try {
    await readJson(text);
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigurationParser } from './configuration-parser.js';
import { exactNumber } from './json-reader.js';

function parse(text: string, format: 'yaml' | 'json' = 'yaml') {
  return new ConfigurationParser().parse('file', { kind: 'text', name: 'x', format, text, placeholders: false }, {});
}

describe('ConfigurationParser', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((each) => !/\p{Surrogate}/u.test(each));
  const id = fc
    .stringMatching(/^[a-zA-Z0-9][ -.0-~]{0,40}$/)
    .filter((each) => each !== 'constructor' && each !== 'prototype');
  const key = text.filter((each) => !['__proto__', 'constructor', 'prototype'].includes(each));
  const route = fc.record(
    {
      uri: fc.webUrl(),
      order: fc.integer(),
      predicates: fc.array(
        fc.oneof(text, fc.record({ name: text, args: fc.dictionary(key, fc.oneof(text, fc.integer(), fc.boolean())) })),
      ),
      metadata: fc.dictionary(
        key,
        fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.array(text), fc.constant(null)),
      ),
    },
    { requiredKeys: ['uri'] },
  );
  const routes = fc
    .dictionary(id, route)
    .map((byId) => Object.entries(byId).map(([each, rest]) => ({ id: each, ...rest })));

  it.each(['yaml', 'json'] as const)('reads back as %s the routes that were written', (format) => {
    fc.assert(
      fc.property(routes, (written) => {
        const document = format === 'json' ? JSON.stringify({ routes: written }) : stringify({ routes: written });
        const { objects, problems } = parse(document, format);
        expect(problems).toEqual([]);
        // Through JSON: -0 is 0 there, and the records that were read have no prototype.
        const read = objects.map(({ configuration }) => configuration);
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(written)));
      }),
      { numRuns: 150 },
    );
  });

  it('takes of JSON what JSON.parse takes, and nothing else', () => {
    const insertion = fc.constantFrom('', '}', ',', '"', '1', '\\', ' ', '\n', 'e');
    fc.assert(
      fc.property(fc.json(), fc.nat(), insertion, (json, at, inserted) => {
        const cut = at % (json.length + 1);
        const document = `{"globals":{"x":${json.slice(0, cut)}${inserted}${json.slice(cut)}}}`;
        const expected = parsedByPlatform(document);
        const { objects, problems } = parse(document, 'json');
        if (expected === undefined) expect(problems.at(-1)?.code).toBe('json-syntax');
        else if (problems.length === 0) {
          expect(JSON.stringify(objects[0]?.configuration)).toBe(JSON.stringify(expected.globals.x));
        } else {
          for (const { code } of problems) expect(['duplicate-key', 'forbidden-key']).toContain(code);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['flow lists', 'routes: ' + '['.repeat(1_000) + ']'.repeat(1_000), 'yaml'],
    ['a hundred thousand unclosed lists', '['.repeat(100_000), 'yaml'],
    ['block lists', 'routes: \n' + '- '.repeat(1_000), 'yaml'],
    ['keys of keys', '? '.repeat(1_000), 'yaml'],
    ['JSON', '{"routes":' + '['.repeat(1_000) + ']'.repeat(1_000) + '}', 'json'],
  ] as const)('refuses %s in each other 64 deep', (_, document, format) => {
    expect(parse(document, format).problems).toMatchObject([{ code: 'too-deep' }]);
  });

  it('refuses aliases that explode without building what they stand for', () => {
    const levels = 'bcdefghi'.split('').map((name, index) => {
      const below = String.fromCharCode(name.charCodeAt(0) - 1);
      return `${name}: &${name} [${Array(10).fill(`*${below}`).join(',')}] # level ${index}`;
    });
    const { problems } = parse(`globals:\n  a: &a [x]\n${levels.map((level) => `  ${level}`).join('\n')}\n`);
    expect(problems).toMatchObject([{ code: 'alias-limit' }]);
  });

  it('keeps objects free of anything inherited', () => {
    const [object] = parse('globals: { x: { a: 1 } }').objects;
    expect('toString' in (object?.configuration as object)).toBe(false);
  });

  it('gives a route without an id the same id wherever it stands and however its keys are ordered', () => {
    const one = parse('routes: [{ uri: "http://a", order: 1 }]').objects[0]?.configId;
    const other = parse('# moved\n\nroutes:\n  - { id: x, uri: "http://b" }\n  - { order: 1, uri: "http://a" }')
      .objects[1]?.configId;
    expect(one).toMatch(/^route-[0-9a-f]{12}$/);
    expect(other).toBe(one);
  });

  it('replaces nothing where the source does not allow placeholders, and defers none', () => {
    const { objects } = parse(
      'routes: [{ id: a, uri: "${HOME}" }]\nnotification: { slack: { webhook-url: "${HOME}" } }',
    );
    expect(JSON.stringify(objects)).toContain('${HOME}');
    expect(objects.some(({ deferredPlaceholders }) => deferredPlaceholders)).toBe(false);
  });

  it("defers them in the operator's settings and replaces none elsewhere, where its source asks for that", () => {
    const text = 'routes: [{ id: a, uri: "${HOME}" }]\nnotification: { slack: { webhook-url: "${HOME}" } }';
    const document = { kind: 'text', name: 'x', format: 'yaml', text, placeholders: 'deferred' } as const;
    const { objects } = new ConfigurationParser().parse('configmap', document, { HOME: '/secret' });
    expect(objects.map(({ configId, deferredPlaceholders = false }) => [configId, deferredPlaceholders])).toEqual([
      ['a', false],
      ['notification', true],
    ]);
    expect(JSON.stringify(objects)).not.toContain('/secret');
  });

  it('refuses a document of objects for what its source found wrong with it', () => {
    const problem = { pointer: '/spec/route', code: 'required', message: 'a route is required' };
    const document = { kind: 'objects', name: 'x', objects: [], problems: [problem] } as const;
    expect(new ConfigurationParser().parse('crd', document, {}).problems).toEqual([problem]);
  });
});

/** As JSON.parse reads it; numbers that a double cannot hold as the text that they are kept as. */
function parsedByPlatform(text: string): { globals: { x: unknown } } | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    return token.startsWith('"') ? token : JSON.stringify(exactNumber(Number(token), token));
  });
  return JSON.parse(exact) as { globals: { x: unknown } };
}

import type { ComponentDefinition } from '@tigateway/model';
import { SystemClock } from '@tigateway/model';
import { HeaderList, RouteCompiler, standardCatalogue } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { exactPath, prefixPath, quoteRegex, routeId, UntranslatableError } from './route-parts.js';

const compiler = new RouteCompiler(standardCatalogue(), new SystemClock(), { ownListeners: [] });

function takes(predicate: ComponentDefinition, path: string): boolean {
  const { result, problems } = compiler.compileRoute({ id: 'r', uri: 'no://op', predicates: [predicate] });
  if (result === undefined) throw new Error(JSON.stringify(problems));
  const request = {
    method: 'GET',
    path,
    query: undefined,
    headers: new HeaderList(),
    remoteAddress: '192.0.2.1',
    remotePort: 1,
    scheme: 'http',
    localPort: 80,
  } as const;
  return result.predicates.every((each) => each.matches({ ...request }, { set: () => undefined }));
}

describe('a path of a cluster’s object', () => {
  // The table of Kubernetes' documentation of Ingress.
  it.each<['Exact' | 'Prefix', string, string, boolean]>([
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['Prefix', '/foo', '/FOO', false],
    ['Exact', '/', '/', true],
    ['Exact', '/', '/x', false],
    ['Exact', '/a%20b', '/a%20b', true],
    ['Exact', '/é', '/%C3%A9', true],
    ['Exact', '/a*', '/a*', true],
    ['Exact', '/a*', '/ab', false],
    ['Prefix', '/{x}', '/%7Bx%7D/y', true],
    ['Prefix', '/{x}', '/y', false],
    ['Exact', '/a.b(c)+', '/a.b(c)+', true],
    ['Exact', '/**', '/x/y', false],
    ['Exact', '/a?', '/ab', false],
  ])('%s %s on %s: %s', (type, written, path, expected) => {
    expect(takes(type === 'Exact' ? exactPath(written, '') : prefixPath(written, ''), path)).toBe(expected);
  });

  it.each(['/a%2Fb', '/a;b', '/a%3Bb', '/%zz', '/%ff'])('cannot be %s', (path) => {
    expect(() => prefixPath(path, '/spec')).toThrow(UntranslatableError);
  });
});

describe('a value in a regular expression', () => {
  it.each(['a.b', '(x)|[y]', '$1^', 'a\\b', '{2}', '+*?'])('%s stands for itself', (value) => {
    const predicate = { name: 'Query', args: { param: 'p', regexp: quoteRegex(value) } };
    const { result } = compiler.compileRoute({ id: 'r', uri: 'no://op', predicates: [predicate] });
    expect(String(result?.predicates[0])).toContain('regexp=');
    expect(new RegExp(`^${quoteRegex(value)}$`).test(value)).toBe(true);
  });
});

describe('the id of a route', () => {
  it('is made of its parts, and of a hash where these are too long', () => {
    expect(routeId('ingress', 'shop', 'web', '0', '1')).toBe('ingress:shop:web:0:1');
    const [one, other] = ['0', '1'].map((last) => routeId('ingress', 'shop', 'a'.repeat(253), last));
    expect([one?.length, other?.length]).toEqual([253, 253]);
    expect(one).not.toBe(other);
  });
});

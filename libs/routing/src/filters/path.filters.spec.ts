import { describe, expect, it } from 'vitest';
import type { Json } from '@tigateway/model';
import { aRequest } from '../exchange/request.fixture.js';
import { anExchange, filterOf } from './filter.fixture.js';
import { PrefixPathFilterFactory } from './prefix-path.filter.js';
import { RewritePathFilterFactory } from './rewrite-path.filter.js';
import { SetPathFilterFactory } from './set-path.filter.js';
import { StripPrefixFilterFactory } from './strip-prefix.filter.js';

const strip = filterOf(new StripPrefixFilterFactory());
const prefix = filterOf(new PrefixPathFilterFactory());
const set = filterOf(new SetPathFilterFactory());
const rewrite = filterOf(new RewritePathFilterFactory());

describe('StripPrefix', () => {
  it.each([
    ['StripPrefix=1', '/a/b/c', '/b/c'],
    ['StripPrefix=1', '/a/b/', '/b/'],
    ['StripPrefix=1', '//a//b', '/b'],
    ['StripPrefix=1', '/a', '/'],
    ['StripPrefix=1', '/a/', '/'],
    ['StripPrefix=1', '/', '/'],
    ['StripPrefix=2', '/name/blue/red', '/red'],
    ['StripPrefix=2', '/a/b/', '/'],
    ['StripPrefix=9', '/a/b', '/'],
    ['StripPrefix=1', '//a//b//', '/b/'],
    ['StripPrefix=2', '//a//b//', '/'],
    ['StripPrefix=1', '/a%2Fb/c%20d', '/c%20d'],
    ['StripPrefix=0', '/a//b', '/a/b'],
    ['StripPrefix', '/a/b', '/b'],
  ])('%s on %s gives %s', (definition, path, expected) => {
    const exchange = strip.onRequest(definition, aRequest({ path, query: 'q=1' }));
    expect(exchange.request.path).toBe(expected);
    expect(exchange.request.query).toBe('q=1');
    expect(exchange.rewrittenPaths).toEqual([path]);
  });

  it('refuses what is no count, and shows itself', () => {
    expect(strip.refusals('StripPrefix=x')).toEqual(['wrong-type']);
    expect(strip.refusals('StripPrefix=-1')).toEqual(['constraint']);
    expect(String(strip.compile('StripPrefix=2'))).toBe('[StripPrefix parts = 2]');
  });
});

describe('PrefixPath', () => {
  it.each([
    ['PrefixPath=/p', '/x', '/p/x'],
    ['PrefixPath=/{v}', '/x', '/a%20b/x'],
    ['PrefixPath=/p q', '/x%20', '/p%20q/x%20'],
  ])('%s on %s gives %s', (definition, path, expected) => {
    expect(prefix.onRequest(definition, aRequest({ path }), { v: 'a b' }).request.path).toBe(expected);
  });

  it('acts once on a request', () => {
    const exchange = anExchange(aRequest({ path: '/x' }));
    for (const definition of ['PrefixPath=/p', 'PrefixPath=/p', 'PrefixPath=/q']) {
      void prefix.compile(definition).onRequest?.(exchange);
    }
    expect(exchange.request.path).toBe('/p/x');
    expect(exchange.rewrittenPaths).toEqual(['/x']);
  });

  it('shows itself and refuses what starts no path', () => {
    expect(String(prefix.compile('PrefixPath=/p'))).toBe("[PrefixPath prefix = '/p']");
    expect(prefix.refusals('PrefixPath=p')).toEqual(['invalid-argument']);
  });
});

describe('SetPath', () => {
  it.each([
    ['SetPath=/{segment}', { segment: 'a b' }, '/a%20b'],
    ['SetPath={rest}', { rest: '/b/c/' }, '/b/c/'],
    ['SetPath=/fixed', {}, '/fixed'],
    ['SetPath=/${x}', {}, '/$%7Bx%7D'],
  ])('%s with %j gives %s', (definition, variables, expected) => {
    const exchange = set.onRequest(definition, aRequest({ path: '/old', query: 'q' }), variables);
    expect(exchange.request.path).toBe(expected);
    expect(exchange.request.query).toBe('q');
    expect(exchange.rewrittenPaths).toEqual(['/old']);
  });

  it('keeps a client inside of the path that the template fixes', () => {
    expect(() => set.onRequest('SetPath=/files/{v}', aRequest(), { v: '../etc' })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  it('shows itself and tells its variables', () => {
    expect(String(set.compile('SetPath=/{a}'))).toBe("[SetPath template = '/{a}']");
    expect(set.compile('SetPath=/{a}').variables).toEqual(['a']);
  });
});

describe('RewritePath', () => {
  it.each([
    ['RewritePath=/red/?(?<segment>.*), /$\\{segment}', '/red/blue', '/blue'],
    ['RewritePath=/red/?(?<segment>.*), /$\\{segment}', '/red', '/'],
    ['RewritePath=/red/?(?<segment>.*), /$\\{segment}', '/redx', '/x'],
    ['RewritePath=/red/?(?<segment>.*), /$\\{segment}', '/api/red/b', '/api/b'],
    ['RewritePath=/red/?(?<segment>.*), /${segment}', '/red/a%20b', '/a%20b'],
    ['RewritePath=(?<x>.*), /p$\\{x}', '/a', '/p/a/p'],
    ['RewritePath=/foo, /bar', '/x', '/x'],
    ['RewritePath=/([^/]+)/(.*), /$2/$1', '/a/b', '/b/a'],
  ])('%s on %s gives %s', (definition, path, expected) => {
    const exchange = rewrite.onRequest(definition, aRequest({ path, query: 'q=1' }));
    expect(exchange.request.path).toBe(expected);
    expect(exchange.request.query).toBe('q=1');
  });

  it('lets the replacement start a query', () => {
    const exchange = rewrite.onRequest('RewritePath=/u/(.*), /u?id=$1', aRequest({ path: '/u/7', query: 'q=1' }));
    expect([exchange.request.path, exchange.request.query]).toEqual(['/u', 'id=7&q=1']);
  });

  it.each(['RewritePath=/a, b', { name: 'RewritePath', args: { regexp: '.*', replacement: '' } }])(
    'ends in a 500 where %j leaves no path',
    (definition) => {
      expect(() => rewrite.onRequest(definition, aRequest({ path: '/a' }))).toThrow(
        expect.objectContaining({ status: 500 }),
      );
    },
  );

  it.each<[Json, string[]]>([
    ['RewritePath=(, /', ['invalid-argument']],
    [{ name: 'RewritePath', args: { regexp: '/a', replacement: '/${b}' } }, ['invalid-argument /args/replacement']],
    [{ name: 'RewritePath', args: { regexp: '/a', replacement: '/a b' } }, ['invalid-argument /args/replacement']],
    [{ name: 'RewritePath', args: { regexp: '(?!a)', replacement: '/' } }, ['invalid-argument /args/regexp']],
    ['RewritePath=/a', ['required']],
  ])('refuses %j', (definition, expected) => {
    expect(rewrite.refusals(definition)).toEqual(expected);
  });

  it('shows itself', () => {
    expect(String(rewrite.compile('RewritePath=/a(?<s>.*), $\\{s}'))).toBe("[RewritePath /a(?<s>.*) = '${s}']");
  });
});

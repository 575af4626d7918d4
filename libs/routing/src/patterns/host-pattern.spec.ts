import { describe, expect, it } from 'vitest';
import { ComponentError } from '../compiler/component.js';
import { HostPattern } from './host-pattern.js';

function match(pattern: string, host: string): Record<string, string> | undefined {
  const captured: Record<string, string> = {};
  const capture = { set: (name: string, value: string) => void (captured[name] = value) };
  return HostPattern.parse(pattern, 'patterns').matches(host, capture) ? captured : undefined;
}

describe('HostPattern', () => {
  it.each([
    ['foo.org', 'foo.org', true],
    ['foo.org', 'FOO.Org', true],
    ['Foo.Org', 'foo.org', true],
    ['foo.org', 'foo.org:8080', true],
    ['foo.org', 'a.foo.org', false],
    ['foo.org', 'xfoo.org', false],
    ['**.foo.org', 'foo.org', true],
    ['**.foo.org', 'a.b.foo.org', true],
    ['**.foo.org', 'www.foo.org:8080', true],
    ['**.foo.org', 'foo.org.evil.com', false],
    ['*.foo.org', 'foo.org', false],
    ['*.foo.org', 'a.foo.org', true],
    ['*.foo.org', 'a.b.foo.org', false],
    ['api-*.org', 'api-.org', true],
    ['api-*.org', 'API-x.org', true],
    ['api-?.org', 'api-.org', false],
    ['api-?.org', 'api-1.org', true],
    ['a.**.b.**.c', 'a.x.b.y.b.z.c', true],
    ['a.**.b.**.c', 'a.b.c', true],
    ['a.**.b.**.c', 'a.x.c', false],
    ['foo.**', 'foo', true],
    ['**', 'anything.at.all', true],
    ['**.foo.org:*', 'www.foo.org:8080', true],
    ['**.foo.org:*', 'www.foo.org', false],
    ['foo.org:8080', 'foo.org:8080', true],
    ['foo.org:8080', 'foo.org:80', false],
    ['foo.org', 'foo.org.', false],
    ['foo.org.', 'foo.org.', true],
    ['.foo.org', 'foo.org', false],
    ['foo.org', 'foo..org', true],
    ['[::1]', '[::1]:8080', true],
    ['[::1]:8080', '[::1]:8080', true],
    ['[::1]:8080', '[::1]', false],
    ['localhost', 'localhost:80', true],
    ['a.b', '', false],
    ['{x:[ab]+}.org', 'ABBA.org', true],
    ['{x:[ab]+}.org', 'c.org', false],
  ])('%j takes %j: %s', (pattern, host, expected) => {
    expect(match(pattern, host) !== undefined).toBe(expected);
  });

  it.each([
    ['{tenant}.foo.org', 'Acme.foo.org:80', { tenant: 'Acme' }],
    ['{a}-{b}.**.org', 'x-y.z.org', { a: 'x', b: 'y' }],
    ['**.{x}.org', 'a.b.c.org', { x: 'c' }],
    ['{x:v\\d.{2}}.org', 'v1ab.org', { x: 'v1ab' }],
    ['foo.org:{port:\\d+}', 'foo.org:8080', { port: '8080' }],
  ])('%j on %j captures %j', (pattern, host, expected) => {
    expect(match(pattern, host)).toEqual(expected);
  });

  it.each([
    ['foo.org', { labels: ['org', 'foo'], open: false }],
    ['**.Foo.org', { labels: ['org', 'foo'], open: true }],
    ['a.*.org:80', { labels: ['org'], open: true }],
    ['foo.**', { labels: [], open: true }],
  ])('%j tells the index %j', (pattern, expected) => {
    expect(HostPattern.parse(pattern, 'patterns').indexKey).toEqual(expected);
  });

  it.each(['{x', 'x}', '{}.org', '{x}.{x}', '{x:(a)}.org', '{x:[}.org', 'foo.org:{80'])('refuses %j', (pattern) => {
    expect(() => HostPattern.parse(pattern, 'patterns')).toThrow(ComponentError);
  });

  it('gives up at once on what is no host name', () => {
    expect(match('**.a.**.b', 'a.'.repeat(8_000))).toBeUndefined();
  });
});

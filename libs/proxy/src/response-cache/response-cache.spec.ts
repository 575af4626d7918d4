import { describe, expect, it } from 'vitest';
import { type CacheQuestion, ResponseCache } from './response-cache.js';

const question = (base: string, headers: Record<string, string> = {}): CacheQuestion => ({
  base,
  header: (name) => headers[name] ?? '',
});
const response = (body: string) => ({ status: 200, lines: [], body: Buffer.from(body) });

describe('ResponseCache', () => {
  it('gives a response until its time is over', () => {
    const cache = new ResponseCache(1_000, Infinity);
    cache.store(question('a'), [], response('1'), 0);
    expect(cache.find(question('a'), 999)?.leftMs).toBe(1);
    expect(cache.find(question('a'), 1_000)).toBeUndefined();
    cache.store(question('b'), [], response('2'), 1_000);
    expect(cache.size).toBe(1);
  });

  it('tells responses apart by what they vary by, and learns where that changes', () => {
    const cache = new ResponseCache(1_000, Infinity);
    cache.store(question('a', { lang: 'de' }), ['lang'], response('hallo'), 0);
    cache.store(question('a', { lang: 'en' }), ['lang'], response('hello'), 0);
    const body = (headers: Record<string, string>) => cache.find(question('a', headers), 1)?.response.body.toString();
    expect([body({ lang: 'de' }), body({ lang: 'en' }), body({})]).toEqual(['hallo', 'hello', undefined]);
    cache.store(question('a', { lang: 'en' }), [], response('always'), 1);
    expect(body({ lang: 'de' })).toBe('always');
  });

  it('lets the oldest make room, and does not take what is too large', () => {
    const cache = new ResponseCache(1_000, 2 * 512 + 20);
    for (const name of ['a', 'b', 'c']) cache.store(question(name), [], response('0123456789'), 0);
    expect(['a', 'b', 'c'].map((name) => cache.find(question(name), 1) !== undefined)).toEqual([false, true, true]);
    cache.store(question('d'), [], response('x'.repeat(2_000)), 0);
    expect(cache.size).toBe(2);
  });

  it('counts a response that replaces another once', () => {
    const cache = new ResponseCache(1_000, 2 * 512 + 20);
    for (let count = 0; count < 5; count++) cache.store(question('a'), [], response('0123456789'), 0);
    cache.store(question('b'), [], response('0123456789'), 0);
    expect(cache.size).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { parseInstantMs } from './binding/instant.js';
import { parseDataSizeBytes } from './data-size.js';
import { formatDurationMs, parseDurationMs } from './duration.js';
import { canonicalJson, hashOf, pointerTo, pointerTokens, sameJson } from './json.js';
import { maskSecrets, unmaskSecrets } from './secrets.js';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['5M', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1000', 1_000],
    ['PT5M', 300_000],
    ['PT1.5S', 1_500],
    ['P1DT1H', 90_000_000],
    ['-PT1S', -1_000],
  ])('reads %s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(['', '1h30m', '1.5s', 'soon', 'P', 'PT', '10 minutes'])('refuses %j', (text) =>
    expect(parseDurationMs(text)).toBeUndefined(),
  );

  it.each([90_000, 60_000, 1, 0, 86_400_000])('writes %d so that it reads back', (ms) =>
    expect(parseDurationMs(formatDurationMs(ms))).toBe(ms),
  );
});

describe('sizes', () => {
  it.each([
    ['10', 10],
    ['64KB', 65_536],
    ['5MB', 5_242_880],
  ])('reads %s', (text, bytes) => expect(parseDataSizeBytes(text)).toBe(bytes));

  it.each(['10MiB', '64k', '1.5MB', '', 'x'])('refuses %j', (text) => expect(parseDataSizeBytes(text)).toBeUndefined());
});

describe('instants', () => {
  it.each([
    ['2030-01-20T17:42:47.789-07:00[America/Denver]', Date.parse('2030-01-21T00:42:47.789Z')],
    ['2030-01-20T17:42:47Z', Date.parse('2030-01-20T17:42:47Z')],
    ['1700000000000', 1_700_000_000_000],
  ])('reads %s', (text, ms) => expect(parseInstantMs(text)).toBe(ms));

  it.each([
    '2030-01-20T17:42:47',
    '2030-02-31T00:00:00Z',
    '2030-13-01T00:00:00Z',
    '2030-01-20T17:42:47Z[No/Where]',
    'x',
  ])('refuses %j', (text) => expect(parseInstantMs(text)).toBeUndefined());
});

describe('JSON', () => {
  it('gives one canonical form and hash to one content', () => {
    expect(canonicalJson({ b: [1, null], a: 'x' })).toBe('{"a":"x","b":[1,null]}');
    expect(hashOf({ b: 1, a: 2 })).toBe(hashOf({ a: 2, b: 1 }));
    expect(hashOf(null)).toMatch(/^sha256-[\w+/]{43}=$/);
  });

  it('escapes and unescapes pointers', () => {
    expect(pointerTo('/a', 'b/c~d')).toBe('/a/b~1c~0d');
    expect(pointerTokens('/a/b~1c~0d')).toEqual(['a', 'b/c~d']);
  });

  it.each([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [[1, 2], [2, 1], false],
    [{ toString: 1 }, { valueOf: 1 }, false],
    [null, {}, false],
  ])('compares %j with %j: %s', (a, b, same) => expect(sameJson(a, b)).toBe(same));
});

describe('secrets', () => {
  const settings = { webhook: { url: 'https://a', secret: 's1' }, slack: { 'webhook-url': 'https://s' } };

  it('hides every secret field and nothing else', () => {
    expect(maskSecrets(settings)).toEqual({
      webhook: { url: 'https://a', secret: '***' },
      slack: { 'webhook-url': '***' },
    });
  });

  it('takes a mask that comes back as "unchanged"', () => {
    expect(unmaskSecrets({ webhook: { url: 'https://b', secret: '***' } }, settings)).toEqual({
      webhook: { url: 'https://b', secret: 's1' },
    });
  });
});

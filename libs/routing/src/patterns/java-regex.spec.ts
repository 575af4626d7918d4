import { describe, expect, it } from 'vitest';
import { ComponentError } from '../compiler/component.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { JavaRegex } from './java-regex.js';

describe('JavaRegex.fullMatch', () => {
  it.each([
    ['\\d{1,3}', '123', true],
    ['\\d{1,3}', '1234', false],
    ['ch.p', 'chip', true],
    ['ch.p', 'a chip', false],
    ['a|ab', 'ab', true],
    ['(?i)bearer .*', 'BEARER x', true],
    ['a(?i)b(?-i)c', 'aBc', true],
    ['a(?i)b(?-i)c', 'aBC', false],
    ['(?i:a)b', 'AB', false],
    ['\\Qa.b\\E+', 'a.bbb', true],
    ['\\Qa.b\\E', 'axb', false],
    ['[\\Q.]\\E]', ']', true],
    ['\\p{Alpha}+', 'abcXYZ', true],
    ['\\P{Alpha}', 'a', false],
    ['[\\p{Upper}\\d]+', 'A1', true],
    ['\\p{IsLatin}', 'é', true],
    ['\\p{Lu}', 'É', true],
    ['\\p{L}', '漢', true],
    ['\\h', '\u00a0', true],
    ['\\H', '\u00a0', false],
    ['\\s', '\u000b', true],
    ['\\S', '\u000b', false],
    ['[\\S]', 'x', true],
    ['\\v', '\u2028', true],
    ['\\R', '\r\n', true],
    ['\\x41\\u0042\\x{43}\\0104', 'ABCD', true],
    ['\\e\\cA\\t', '\u001b\u0001\t', true],
    ['\\A\\w+\\z', 'abc', true],
    ['[]a]', ']', true],
    ['[^]a]', 'b', true],
    ['[\\s-.]', '-', true],
    ['[\\s-.]', '(', false],
    ['[a-]', '-', true],
    ['[+--]', ',', true],
    ['[.$^]', '^', true],
    ['[a&b]', '&', true],
    ['a\\-b\\é', 'a-bé', true],
    ['.', '\r', false],
    ['.', '\u0085', false],
    ['(?s).', '\n', true],
    ['(?d).', '\r', true],
    ['(?s:.)', '\n', true],
    ['(?s:a).', 'a\n', false],
    ['.', '😀', true],
    ['(?<=a)b|.b', 'ab', true],
    ['}', '}', true],
    ['', '', true],
  ])('%j on %j is %s', (source, input, expected) => {
    expect(JavaRegex.compile(source).fullMatch(input)).toBe(expected);
  });

  it('lets the dot take line breaks where it is told so', () => {
    expect(JavaRegex.compile('.+', { dotMatchesAll: true }).fullMatch('a\r\nb')).toBe(true);
  });

  it('gives the groups of a full match', () => {
    const regex = JavaRegex.compile('(a)(b)?');
    expect(regex.fullMatchGroups('a')).toEqual(['a', 'a', null]);
    expect(regex.fullMatchGroups('c')).toBeUndefined();
  });
});

describe('JavaRegex.compile', () => {
  it.each([
    ['(?=a)', 'position 1: look-ahead'],
    ['/api/(?!v1)', 'position 6: look-ahead'],
    ['(?>a)', 'atomic'],
    ['a++', 'possessive'],
    ['a{1,2}+', 'possessive'],
    ['(a)\\1', 'back references'],
    ['(?<x>a)\\k<x>', 'back references'],
    ['[a-z&&[^b]]', 'class'],
    ['[a&&b]', 'intersections'],
    ['[a[bc]]', 'class inside'],
    ['(?x)a b', 'flag "x"'],
    ['(?U)a', 'flag "U"'],
    ['(?P<x>a)', 'named groups'],
    ['\\p{InGreek}', 'InGreek'],
    ['\\p{NoSuchThing}', 'regular expression'],
    ['\\Z', '\\z is the end'],
    ['\\G', '"\\G"'],
    ['\\X', '"\\X"'],
    ['\\b{g}', '"\\b"'],
    ['\\x4', 'character number'],
    ['\\d{1', 'position 3: a "{"'],
    ['{', 'repetition'],
    ['a{3,1}', 'below its start'],
    ['a{2000}', 'regular expression'],
    ['((a{100}){100}){100}', 'too large'],
    ['a{1000}b{1000}c{1000}', 'too large'],
    ['(', 'position 1: a "(" without'],
    ['(a', 'position 1: a "("'],
    [')', 'a ")" without'],
    ['[a', 'position 1: a "["'],
    ['[z-a]', 'range'],
    ['[a-\\d]', 'range'],
    ['*a', 'regular expression'],
    ['a\\', 'at the end'],
  ])('refuses %j', (source, reason) => {
    const compile = () => JavaRegex.compile(source, { argument: 'regexp' });
    expect(compile).toThrow(ComponentError);
    expect(compile).toThrow(expect.objectContaining({ argument: 'regexp', message: expect.stringContaining(reason) }));
  });
});

describe('JavaRegex.replaceAll', () => {
  it.each([
    ['/red/?(?<segment>.*)', '/${segment}', '/red/blue', '/blue'],
    ['/red/?(?<segment>.*)', '/${segment}', '/red', '/'],
    ['/red/?(?<segment>.*)', '/${segment}', '/redx', '/x'],
    ['/red/?(?<segment>.*)', '/${segment}', '/api/red/b', '/api/b'],
    ['(?<x>.*)', '/p${x}', '/a', '/p/a/p'],
    ['a', 'b', 'xyz', 'xyz'],
    ['a', '', 'banana', 'bnn'],
    ['(a)(b)?', '[$1$2]', 'abxa', '[ab]x[a]'],
    ['(a)', '$10', 'a', 'a0'],
    ['a', '\\$1\\\\', 'a', '$1\\'],
    ['x*', '-', 'ab', '-a-b-'],
    ['password=[^&]+', 'password=***', 'a&password=1&password=2', 'a&password=***&password=***'],
  ])('%j by %j on %j gives %j', (source, replacement, input, expected) => {
    const regex = JavaRegex.compile(source);
    expect(regex.replaceAll(input, regex.replacement(replacement, 'replacement'))).toBe(expected);
  });

  it.each([
    ['a', '${x}', 'no group "x"'],
    ['(?<x>a)', '${toString}', 'no group "toString"'],
    ['(a)', '$2', 'no group 2'],
    ['a', '$', 'names no group'],
    ['a', 'x$y', 'names no group'],
    ['a', '${x', 'names no group'],
    ['a', 'b\\', 'escapes nothing'],
  ])('refuses for %j the replacement %j', (source, replacement, reason) => {
    const regex = JavaRegex.compile(source);
    expect(() => regex.replacement(replacement, 'replacement')).toThrow(
      expect.objectContaining({ argument: 'replacement', message: expect.stringContaining(reason) }),
    );
  });
});

describe('a pattern that would hold the event loop', () => {
  it('answers at once what makes a backtracking engine run for ages', () => {
    expect(JavaRegex.compile('(a+)+b').fullMatch('a'.repeat(16_000))).toBe(false);
    expect(JavaRegex.compile('(.*)*x|(a|aa)+$').fullMatch(`${'a'.repeat(5_000)}!`)).toBe(false);
  });

  it('is refused for an input that is too long for its size', () => {
    const regex = JavaRegex.compile('(a?){150}a{150}');
    expect(() => regex.fullMatch('a'.repeat(1_000))).toThrow(ExchangeError);
    expect(regex.fullMatch('a'.repeat(300))).toBe(true);
  });

  it('is stopped when it searches to the end again and again', () => {
    const regex = JavaRegex.compile('((a|b)*c)?');
    expect(() => regex.replaceAll('ab'.repeat(5_000), regex.replacement('x', 'replacement'))).toThrow(ExchangeError);
  });
});

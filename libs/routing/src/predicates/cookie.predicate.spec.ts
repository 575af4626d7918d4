import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { CookiePredicateFactory } from './cookie.predicate.js';

const { compile, matches, refusals } = predicateOf(new CookiePredicateFactory());

describe('Cookie', () => {
  it.each<[string, string[], boolean]>([
    ['Cookie=n,ch.p', ['Cookie', 'a=1; n=chip'], true],
    ['Cookie=n,ch.p', ['Cookie', 'n=a chip'], false],
    ['Cookie=n,ch.p', ['Cookie', 'N=chip'], false],
    ['Cookie=n,ch.p', ['Cookie', 'n=x', 'cookie', 'n=chop'], true],
    ['Cookie=n,ch.p', [], false],
  ])('%j on %j: %s', (definition, headers, expected) => {
    expect(matches(definition, aRequest({ headers }))).toBe(expected);
  });

  it('shows itself and needs both arguments', () => {
    expect(String(compile('Cookie=n,ch.p'))).toBe('Cookie: name=n regexp=ch.p');
    expect(refusals('Cookie=n')).toEqual(['required']);
    expect(refusals('Cookie=n,[')).toEqual(['invalid-argument']);
  });
});

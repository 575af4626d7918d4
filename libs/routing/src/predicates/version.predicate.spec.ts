import { describe, expect, it } from 'vitest';
import type { GatewayRequest } from '../exchange/exchange.js';
import { aRequest } from '../exchange/request.fixture.js';
import { ApiVersionSource } from './api-version.js';
import { predicateOf } from './predicate.fixture.js';
import { VersionPredicateFactory } from './version.predicate.js';

class HeaderVersion extends ApiVersionSource {
  versionOf({ headers }: GatewayRequest): string | undefined {
    return headers.get('x-version');
  }
}

const { compile, matches, refusals } = predicateOf(new VersionPredicateFactory(new HeaderVersion()));

describe('Version', () => {
  it.each([
    ['Version=1.3', '1.3', true],
    ['Version=1.3', 'v1.3.0', true],
    ['Version=1.3', '1.4', false],
    ['Version=1.3', '1.30', false],
    ['Version=1.1+', '1.1', true],
    ['Version=1.1+', '1.10', true],
    ['Version=1.1+', '2', true],
    ['Version=1.1+', '1.0.9', false],
    ['Version=1.1', 'latest', false],
  ])('%s takes %s: %s', (definition, version, expected) => {
    expect(matches(definition, aRequest({ headers: ['X-Version', version] }))).toBe(expected);
  });

  it('takes a request that names no version, and all where nothing says how one is named', () => {
    expect(matches('Version=1.3', aRequest())).toBe(true);
    const headers = ['X-Version', '9'];
    expect(predicateOf(new VersionPredicateFactory()).matches('Version=1.3', aRequest({ headers }))).toBe(true);
  });

  it('shows itself and refuses what is no version', () => {
    expect(String(compile('Version=1.1+'))).toBe('Version: 1.1+');
    expect(refusals('Version=new')).toEqual(['invalid-argument']);
  });
});

import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { HostPredicateFactory } from './host.predicate.js';

const { captures, compile, matches, refusals } = predicateOf(new HostPredicateFactory());

describe('Host', () => {
  it.each([
    ['Host=**.a.org,b.org', 'x.A.org:8080', true],
    ['Host=**.a.org,b.org', 'b.org', true],
    ['Host=**.a.org,b.org', 'x.b.org', false],
  ])('%j takes %j: %s', (definition, host, expected) => {
    expect(matches(definition, aRequest({ headers: ['Host', host] }))).toBe(expected);
  });

  it('does not match without a Host header', () => {
    expect(matches('Host=**', aRequest())).toBe(false);
  });

  it('splits commas of the expanded form and captures labels', () => {
    const definition = { name: 'Host', args: { patterns: '{sub}.a.org,b.org' } };
    expect(captures(definition, aRequest({ headers: ['host', 'x.a.org'] }))).toEqual({ sub: 'x' });
    expect(compile(definition).variables).toEqual(['sub']);
    expect(compile(definition).index?.hosts).toHaveLength(2);
  });

  it('shows itself and refuses what is no pattern', () => {
    expect(String(compile('Host=**.a.org,b.org'))).toBe('Hosts: [**.a.org, b.org]');
    expect(refusals('Host={x.org')).toEqual(['invalid-argument']);
  });
});

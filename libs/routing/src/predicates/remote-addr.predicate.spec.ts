import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { predicateOf } from './predicate.fixture.js';
import { RemoteAddrPredicateFactory } from './remote-addr.predicate.js';
import { XForwardedRemoteAddrPredicateFactory } from './x-forwarded-remote-addr.predicate.js';

const peer = predicateOf(new RemoteAddrPredicateFactory());
const forwarded = predicateOf(new XForwardedRemoteAddrPredicateFactory());

describe('RemoteAddr', () => {
  it.each([
    ['RemoteAddr=10.0.0.0/8', '10.1.1.1', true],
    ['RemoteAddr=10.0.0.0/8,192.168.1.1', '192.168.1.1', true],
    ['RemoteAddr=10.0.0.0/8', '11.1.1.1', false],
    ['RemoteAddr=2001:db8::1', '2001:db8::2', false],
  ])('%j takes the peer %s: %s', (definition, remoteAddress, expected) => {
    expect(peer.matches(definition, aRequest({ remoteAddress }))).toBe(expected);
  });

  it('shows itself', () => {
    expect(String(peer.compile('RemoteAddr=10.0.0.0/8, ::1'))).toBe('RemoteAddrs: [10.0.0.0/8, ::1]');
  });

  it.each(['RemoteAddr=10.0.0.0/33', 'RemoteAddr=example.org', 'RemoteAddr=10.0.0.1/x'])('refuses %j', (definition) => {
    expect(peer.refusals(definition)).toEqual(['invalid-argument']);
  });
});

describe('XForwardedRemoteAddr', () => {
  const list = '0.0.0.1, 0.0.0.2, 0.0.0.3';

  it.each([
    [1, '0.0.0.3'],
    [2, '0.0.0.2'],
    [9, '0.0.0.1'],
  ])('with %i trusted takes %s of the list', (maxTrustedIndex, expected) => {
    const definition = { name: 'XForwardedRemoteAddr', args: { sources: expected, maxTrustedIndex } };
    expect(forwarded.matches(definition, aRequest({ headers: ['X-Forwarded-For', list] }))).toBe(true);
  });

  it.each<[string, string[]]>([
    ['no header', []],
    ['a blank header', ['X-Forwarded-For', ' , ']],
    ['two header lines', ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '2.2.2.2']],
  ])('takes the peer with %s', (_, headers) => {
    expect(forwarded.matches('XForwardedRemoteAddr=192.0.2.1', aRequest({ headers }))).toBe(true);
  });

  it('refuses to trust nobody', () => {
    const definition = { name: 'XForwardedRemoteAddr', args: { sources: '::1', maxTrustedIndex: 0 } };
    expect(forwarded.refusals(definition)).toEqual(['constraint /args/maxTrustedIndex']);
  });
});

import { describe, expect, it } from 'vitest';
import { AddressSet, areAddresses } from './address-set.js';

describe('AddressSet', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.1.1', '10.1.1.1', true],
    ['10.1.1.1', '10.1.1.2', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['2001:db8::1', '2001:db8::1', true],
    ['2001:db8::1', '2001:db8::2', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['10.0.0.0/8', 'example.org', false],
  ])('%s has %s: %s', (block, address, expected) => {
    expect(new AddressSet([block]).has(address)).toBe(expected);
  });

  it.each(['', 'x', '10.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/', '010.0.0.1'])(
    'refuses "%s"',
    (text) => {
      expect(() => new AddressSet([text])).toThrow(RangeError);
    },
  );

  it('tells lists of addresses from regular expressions', () => {
    expect(areAddresses(['10.0.0.1', '::/0'])).toBe(true);
    expect(areAddresses(['10\\..*'])).toBe(false);
    expect(areAddresses([])).toBe(false);
  });
});

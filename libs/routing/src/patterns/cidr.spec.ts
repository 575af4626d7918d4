import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cidr } from './cidr.js';

describe('Cidr', () => {
  it.each([
    ['10.0.0.0/8', '10.255.1.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.1.128/25', '192.168.1.127', false],
    ['192.168.1.128/25', '192.168.1.200', true],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.8', false],
    ['192.168.1.7/24', '192.168.1.200', true],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '8.8.8.8', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['2001:db8::1', '2001:db8::1', true],
    ['2001:db8::1', '2001:db8::2', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/33', '2001:db8:ffff::1', false],
    ['10.0.0.0/8', 'unix', false],
  ])('%s holds %s: %s', (text, address, expected) => {
    expect(Cidr.parse(text)?.contains(address)).toBe(expected);
  });

  it.each([
    '',
    'example.org',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/x',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '010.1.1.1',
    '1.2.3',
    '10.0.0.0/-1',
  ])('refuses %j', (text) => {
    expect(Cidr.parse(text)).toBeUndefined();
  });

  it('agrees with the platform on every IPv4 block', () => {
    // Addresses that differ in one bit at most, so that the edge of the block is met.
    const cases = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), fc.nat(32));
    fc.assert(
      fc.property(cases, ([network, prefixLength, flippedBit]) => {
        const address = dotted(flippedBit === 32 ? network : (network ^ (1 << flippedBit)) >>> 0);
        const blocks = new BlockList();
        blocks.addSubnet(dotted(network), prefixLength, 'ipv4');
        const cidr = Cidr.parse(`${dotted(network)}/${prefixLength}`) as Cidr;
        expect(cidr.contains(address)).toBe(blocks.check(address, 'ipv4'));
      }),
    );
  });
});

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

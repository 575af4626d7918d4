import { BlockList, isIP, isIPv6 } from 'node:net';

/** A set of IP addresses given as addresses and CIDR blocks; an IPv4 address is found in its IPv6-mapped form too. */
export class AddressSet {
  private readonly blocks = new BlockList();

  /** @throws RangeError for text that is neither an address nor a CIDR block */
  constructor(texts: readonly string[]) {
    for (const text of texts) this.add(text.trim());
  }

  has(address: string): boolean {
    const plain = address.includes('%') ? address.slice(0, address.indexOf('%')) : address;
    switch (isIP(plain)) {
      case 4:
        return this.blocks.check(plain, 'ipv4');
      case 6:
        return this.blocks.check(plain, 'ipv6');
      default:
        return false;
    }
  }

  private add(text: string): void {
    const [address = '', prefix, ...rest] = text.split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : Number(prefix);
    if (family === 0 || rest.length > 0 || !/^\d+$/.test(prefix ?? '0') || length > bits) {
      throw new RangeError(`"${text}" is neither an IP address nor a CIDR block`);
    }
    this.blocks.addSubnet(address, length, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

/** True where every text is an IP address or a CIDR block. */
export function areAddresses(texts: readonly string[]): boolean {
  return texts.length > 0 && texts.every((text) => isIP(text.trim().split('/')[0] ?? '') !== 0);
}

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A block of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address. An IPv4 block never holds an IPv6 address. */
export class Cidr {
  private constructor(
    readonly text: string,
    private readonly network: readonly number[],
    private readonly prefixLength: number,
  ) {}

  /** @returns `undefined` where the text is no address and no block; host names are neither */
  static parse(text: string): Cidr | undefined {
    const [address = '', mask, ...rest] = text.split('/');
    const bytes = addressBytes(address);
    if (bytes === undefined || rest.length > 0) return undefined;
    const bits = bytes.length * 8;
    if (mask === undefined) return new Cidr(text, bytes, bits);
    if (!/^\d{1,3}$/.test(mask)) return undefined;
    // `::ffff:10.0.0.0/104` is the IPv4 block 10.0.0.0/8.
    const prefixLength = Number(mask) - (bits === 32 && address.includes(':') ? 96 : 0);
    return prefixLength >= 0 && prefixLength <= bits ? new Cidr(text, bytes, prefixLength) : undefined;
  }

  /** False for what is no IP address. */
  contains(address: string): boolean {
    const bytes = addressBytes(address);
    return bytes !== undefined && this.holds(bytes);
  }

  /** True where one of the blocks holds the address, which is read once. */
  static anyContains(blocks: readonly Cidr[], address: string): boolean {
    const bytes = addressBytes(address);
    if (bytes === undefined) return false;
    for (const block of blocks) if (block.holds(bytes)) return true;
    return false;
  }

  private holds(bytes: readonly number[]): boolean {
    if (bytes.length !== this.network.length) return false;
    const whole = this.prefixLength >> 3;
    for (let at = 0; at < whole; at++) if (bytes[at] !== this.network[at]) return false;
    const rest = this.prefixLength & 7;
    return rest === 0 || ((bytes[whole] as number) ^ (this.network[whole] as number)) >> (8 - rest) === 0;
  }

  toString(): string {
    return this.text;
  }
}

/** Four bytes or sixteen; an IPv4-mapped IPv6 address is the IPv4 address. */
function addressBytes(text: string): readonly number[] | undefined {
  switch (isIP(text)) {
    case 4:
      return text.split('.').map(Number);
    case 6:
      return ipaddr.process(text).toByteArray();
    default:
      return undefined;
  }
}

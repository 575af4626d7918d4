import { ComponentError } from '../compiler/component.js';
import { Cidr } from '../patterns/cidr.js';

/** @throws ComponentError for what is no IP address and no CIDR block; a host name would need the network to be read */
export function parseBlocks(sources: readonly string[]): readonly Cidr[] {
  return sources.map((text) => {
    const block = Cidr.parse(text);
    if (block) return block;
    throw new ComponentError(
      'sources',
      `"${text}" must be an IP address or a block such as 10.0.0.0/8 or 2001:db8::/32`,
    );
  });
}

import { AddressSet } from '@tigateway/model';
import { isIP } from 'node:net';

/** This machine, by whatever notation; the last two are IPv4 addresses as a translating network (NAT64) writes them. */
const LOOPBACK = new AddressSet(['127.0.0.0/8', '::1/128', '64:ff9b::7f00:0/104']);

/** No machine to send to, or one that hands out credentials. */
const NEVER: readonly string[] = [
  '0.0.0.0/8',
  '::/128',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '64:ff9b::a9fe:0/112',
];

/** Which addresses a channel may connect to. Judged on what a name resolves to, at the moment of the connection. */
export class TargetAddresses {
  private readonly denied: AddressSet;

  /** @param denied further CIDR blocks */
  constructor(denied: readonly string[] = []) {
    this.denied = new AddressSet([...NEVER, ...denied]);
  }

  /** @param allowLoopback the channel says `allow-insecure`, or is of a kind that this does not matter for */
  allows(address: string, allowLoopback: boolean): boolean {
    if (isIP(address) === 0) return false;
    return LOOPBACK.has(address) ? allowLoopback : !this.denied.has(address);
  }
}

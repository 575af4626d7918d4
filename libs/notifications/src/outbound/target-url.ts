import { isIP } from 'node:net';
import { TargetAddresses } from './target-address.js';

/** Unresolved still: the variable may be set one day, and until then the channel says that it is not. */
const PLACEHOLDER = '${';

const ADDRESSES = new TargetAddresses();

interface TargetSettings {
  readonly enabled: boolean;
  readonly allowInsecure: boolean;
}

/** @returns why `url` cannot be the target of a channel, said after the key; never with the URL, which may hold a secret */
export function targetProblem(url: unknown, { enabled, allowInsecure }: TargetSettings): string | undefined {
  if (typeof url !== 'string' || url.includes(PLACEHOLDER)) return undefined;
  if (url === '') return enabled ? 'is required where the channel is enabled' : undefined;
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (!target) return 'must be an absolute URL';
  if (target.protocol !== 'https:' && !(target.protocol === 'http:' && allowInsecure)) {
    return 'must begin with https:// (or with http:// where allow-insecure is true)';
  }
  if (target.username || target.password) return 'must not hold a user name or a password';
  const host = hostOf(target);
  const isLocalName = host === 'localhost' || host.endsWith('.localhost');
  if (isIP(host) ? !ADDRESSES.allows(host, allowInsecure) : isLocalName && !allowInsecure) {
    return 'must not lead to this machine (unless allow-insecure is true), nor to a link-local or multicast address';
  }
  return undefined;
}

/** The host as a socket takes it: IPv6 without brackets, no final dot. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

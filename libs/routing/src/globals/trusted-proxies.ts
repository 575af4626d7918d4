import { AddressSet, areAddresses } from '@tigateway/model';
import { JavaRegex } from '../patterns/java-regex.js';

/** Whose forwarded headers are believed: nobody's, those of some addresses, or those that a regular expression matches. */
export interface TrustedProxies {
  trusts(address: string): boolean;
}

const NOBODY: TrustedProxies = { trusts: () => false };

/**
 * @param setting a list of addresses and CIDR blocks (also as one comma-separated text), or Spring Cloud Gateway's regular
 * expression, which must match an address in full
 * @throws ComponentError where it is neither
 */
export function trustedProxies(setting: string | readonly string[] | undefined): TrustedProxies {
  if (setting === undefined || setting.length === 0) return NOBODY;
  const texts = typeof setting === 'string' ? setting.split(',') : setting;
  if (areAddresses(texts)) {
    const addresses = new AddressSet(texts);
    return { trusts: (address) => addresses.has(address) };
  }
  const expressions = (typeof setting === 'string' ? [setting] : setting).map((text) => JavaRegex.compile(text));
  return { trusts: (address) => expressions.some((expression) => expression.fullMatch(address)) };
}

import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { AddressSet } from '@tigateway/model';

/** Where clouds keep the credentials of the machine: never a sensible upstream. */
export const DEFAULT_DENIED_UPSTREAMS: readonly string[] = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128'];

/** A target whose every address is denied. */
export class DeniedUpstreamError extends Error {
  readonly code = 'UPSTREAM_DENIED';

  constructor(host: string) {
    super(`the address of "${host}" may not be an upstream`);
    this.name = 'DeniedUpstreamError';
  }
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Keeps connections away from denied addresses. It judges what a name resolves to, at the moment that it connects. */
export class UpstreamGuard {
  private readonly denied: AddressSet;

  constructor(denied: readonly string[]) {
    this.denied = new AddressSet(denied);
  }

  /** A literal address is connected to without a look-up, so it is judged here. */
  refuses(host: string): boolean {
    return isIP(host) !== 0 && this.denied.has(host);
  }

  /** In place of `dns.lookup`, for `net.connect` and `tls.connect`. */
  readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    systemLookup(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const allowed = found.filter(({ address }) => !this.denied.has(address));
      const [first] = allowed;
      if (first === undefined) return callback(new DeniedUpstreamError(host), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

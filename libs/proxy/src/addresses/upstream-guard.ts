import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { AddressSet } from '@tigateway/model';
import { type CompileEnvironment, isOwnListener } from '@tigateway/routing';

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

/**
 * Keeps connections away from denied addresses and from the gateway's own ports, however a request came by its target: a route's
 * URI, a filter, an instance of a service. It judges what a name resolves to, at the moment that it connects.
 */
export class UpstreamGuard {
  private readonly denied: AddressSet;

  constructor(
    denied: readonly string[],
    private readonly own: Pick<CompileEnvironment, 'ownListeners'> = { ownListeners: [] },
  ) {
    this.denied = new AddressSet(denied);
  }

  /**
   * A literal address is connected to without a look-up, so it is judged here.
   * @param port absent: the address is judged alone
   */
  refuses(host: string, port?: number): boolean {
    return isIP(host) !== 0 && this.isDenied(host, port);
  }

  /** What stands in for `dns.lookup` in a `net.connect` to this port. */
  lookupFor(port: number) {
    return (host: string, options: LookupOptions, callback: LookupCallback): void => {
      systemLookup(host, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, []);
        const allowed = found.filter(({ address }) => !this.isDenied(address, port));
        const [first] = allowed;
        if (first === undefined) return callback(new DeniedUpstreamError(host), []);
        if (options.all) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    };
  }

  private isDenied(address: string, port: number | undefined): boolean {
    return this.denied.has(address) || (port !== undefined && isOwnListener(this.own, address, port));
  }
}

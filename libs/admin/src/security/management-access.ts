import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';

export interface ManagementAccessOptions {
  /** The bearer token; empty or absent: whoever reaches the server may call it. */
  readonly token?: string;
  /** Where the server listens, as configured. */
  readonly address: string;
  /** Further values of `Host` to answer, without a port. Compared without case. */
  readonly allowedHosts: readonly string[];
}

/** What the access rules ask of a request, an upgrade's included. */
export interface AccessRequest {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  /** Tokens that a browser's WebSocket offers as the subprotocol `bearer.<token>`. */
  readonly offeredTokens?: readonly string[];
  /** The server's own end of the connection. */
  readonly localAddress: string | undefined;
}

interface Admission {
  readonly request: AccessRequest;
  readonly revoked: () => void;
}

export type Refusal = { readonly status: 401 | 403; readonly detail: string };

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address (or `localhost`) can only be reached from this machine. */
export function isLoopback(address: string): boolean {
  if (address.toLowerCase() === 'localhost') return true;
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Who may call the admin server. A loopback address is no authentication: a page in the operator's browser reaches it too,
 * by a name that it had rebound (Host) or from its own origin (Origin).
 */
export class ManagementAccess {
  private tokenDigest: Buffer | undefined;
  private readonly admitted = new Set<Admission>();
  private readonly hosts: ReadonlySet<string>;

  constructor({ token, address, allowedHosts }: ManagementAccessOptions) {
    this.tokenDigest = token ? digestOf(token) : undefined;
    this.hosts = new Set([address, ...allowedHosts].map(normalHost));
  }

  /** @returns why the request is refused, or `undefined` */
  refusal(request: AccessRequest): Refusal | undefined {
    const host = authorityOf('http', request.host);
    if (!host || !this.isOurs(host.hostname, request.localAddress)) {
      return { status: 403, detail: 'the Host is not the management address nor one of management.allowed-hosts' };
    }
    if (request.origin !== undefined && !isSameOrigin(request.origin, request.host ?? '')) {
      return { status: 403, detail: 'the Origin is foreign' };
    }
    if (this.tokenDigest && !this.holdsToken(request)) return { status: 401, detail: 'a bearer token is required' };
    return undefined;
  }

  /**
   * Remembers what was let in and stays open.
   * @param revoked called once it would no longer be let in
   * @returns a function for its end
   */
  admit(request: AccessRequest, revoked: () => void): () => void {
    const admission = { request, revoked };
    this.admitted.add(admission);
    return () => this.admitted.delete(admission);
  }

  /** From now on this token is asked for, and what the one before had opened is closed. */
  changeToken(token: string): void {
    this.tokenDigest = digestOf(token);
    for (const admission of [...this.admitted]) {
      if (!this.refusal(admission.request)) continue;
      this.admitted.delete(admission);
      admission.revoked();
    }
  }

  private isOurs(hostname: string, localAddress: string | undefined): boolean {
    // Only a name can be rebound: the address that the client connected to is what it says it is.
    return isLoopback(hostname) || this.hosts.has(hostname) || hostname === normalHost(localAddress ?? '');
  }

  private holdsToken({ authorization, offeredTokens = [] }: AccessRequest): boolean {
    const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    const offered = bearer === undefined ? offeredTokens : [bearer, ...offeredTokens];
    return offered.some((token) => timingSafeEqual(digestOf(token), this.tokenDigest as Buffer));
  }
}

/** Comparing digests of equal length tells nothing of the token, its length included. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A host as it is compared: lower case, IPv6 without brackets, IPv4 never in its IPv6-mapped form. */
function normalHost(host: string): string {
  const bare = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  return bare.replace(/^::ffff:(?=\d+\.)/, '');
}

function authorityOf(scheme: string, authority: string | undefined): { hostname: string; host: string } | undefined {
  if (!authority || /[/?#@\\\s]/.test(authority)) return undefined;
  try {
    const { hostname, host } = new URL(`${scheme}://${authority}`);
    return { hostname: normalHost(hostname), host };
  } catch {
    return undefined;
  }
}

/** Same host and same port; the scheme may differ, since TLS may end before us. */
function isSameOrigin(origin: string, host: string): boolean {
  const [, scheme, authority] = /^(https?):\/\/(.*)$/i.exec(origin) ?? [];
  if (scheme === undefined) return false;
  const from = authorityOf(scheme, authority);
  return from !== undefined && from.host === authorityOf(scheme, host)?.host;
}

import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { libraryOnDemand } from '@tigateway/model';
import type * as Undici from 'undici';
import { DeliveryError } from './delivery-error.js';
import type { TargetAddresses } from './target-address.js';
import { hostOf } from './target-url.js';

const undici = libraryOnDemand<typeof Undici>('undici');

/** Of an answer no more than this is read, in bytes; nobody is shown it. */
const MAX_ANSWER_BYTES = 16_384;
/** How long a receiver may ask to be left alone, in milliseconds. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface HttpTargetOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** Loopback addresses too. */
  readonly allowInsecure: boolean;
  readonly connections: number;
  readonly addresses: TargetAddresses;
  /** Certificates of authorities to trust besides the platform's, PEM. */
  readonly authorities?: readonly string[];
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Where a channel posts to. Every connection resolves the name, judges what it finds, and goes to just that address. */
export class HttpTarget {
  private readonly pool: Undici.Pool;
  private readonly path: string;
  private readonly literal: string | undefined;

  constructor(private readonly options: HttpTargetOptions) {
    const url = new URL(options.url);
    const host = hostOf(url);
    this.path = url.pathname + url.search;
    this.literal = isIP(host) ? host : undefined;
    this.pool = new (undici().Pool)(url.origin, {
      connections: options.connections,
      pipelining: 1,
      connectTimeout: options.timeoutMs,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connect: {
        lookup: this.lookup,
        ...(options.authorities && { ca: [...rootCertificates, ...options.authorities] }),
      },
    });
  }

  /**
   * Posts JSON; any 2xx is success. Redirects are answers like any other: not followed, not successful.
   * @throws DeliveryError, or the platform's error
   */
  async post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const { literal, path } = this;
    const { addresses, allowInsecure } = this.options;
    // A literal address is connected to without a look-up.
    if (literal !== undefined && !addresses.allows(literal, allowInsecure)) throw new DeniedTargetError();
    const answer = await this.pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'user-agent': 'TiGateway', ...headers },
      body,
      signal,
    });
    const { statusCode } = answer;
    // The answer counts, not what it says: read as far as the connection can be used again, and dropped beyond that.
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
    if (statusCode >= 200 && statusCode < 300) return;
    const note = statusCode >= 300 && statusCode < 400 ? '; redirects are not followed' : '';
    throw new DeliveryError(`it answered ${statusCode}${note}`, retryAfterMs(answer.headers['retry-after']));
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    systemLookup(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const { addresses, allowInsecure } = this.options;
      const allowed = found.filter(({ address }) => addresses.allows(address, allowInsecure));
      const [first] = allowed;
      if (first === undefined) return callback(new DeniedTargetError(), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Everything that the host resolves to is refused. */
export class DeniedTargetError extends Error {
  readonly code = 'TARGET_DENIED';
}

/** `Retry-After` in seconds; a date is left to the channel's own back-off. */
function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
  return seconds === undefined ? undefined : Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS);
}

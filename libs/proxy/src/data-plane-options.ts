import type { ServiceSettings } from './balancing/service-settings.js';
import type { ErrorStatusMode } from './gateway/failure-status.js';
import type { ServerLimits } from './ports/data-plane-server.js';
import type { ListenerTlsSettings } from './tls/listener-tls.js';

/** What the data plane is told at the start of the process: the part of the bootstrap file that is its own. */
export interface DataPlaneOptions {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** How long a stop, or a change of its route, leaves a WebSocket and a stop leaves a request, in milliseconds. */
  readonly drainTimeoutMs: number;
  readonly limits?: Partial<ServerLimits>;
  /** Silence in both directions that closes a WebSocket, in milliseconds. Default: none does. */
  readonly webSocketIdleMs?: number;
  /** Absent: clients are met in clear. */
  readonly tls?: ListenerTlsSettings;
  /** Whether clients may speak HTTP/2. Default: they may. */
  readonly http2?: boolean;
  /** Addresses and CIDR blocks, or Spring Cloud Gateway's one regular expression. Default: nobody is trusted. */
  readonly trustedProxies?: string | readonly string[];
  /** CIDR blocks that no upstream may be in. Default: where clouds keep their credentials. */
  readonly deniedUpstreams?: readonly string[];
  /** URLs by service name, for `lb://name`. */
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** How their requests are given to their instances, by service name. Default: in turn, past those that fail. */
  readonly serviceSettings?: Readonly<Record<string, ServiceSettings>>;
  /**
   * `reject` refuses every path that an upstream may read differently, `allow` none. Default: encoded NUL, backslash and dot
   * segments are refused.
   */
  readonly ambiguousPaths?: 'reject' | 'allow';
  /** What reads and writes HTTP: `node` (default) on Node's own server and undici, `native` on sockets. */
  readonly engine?: 'node' | 'native';
  /** Default `precise`. */
  readonly errorStatus?: ErrorStatusMode;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = Object.freeze({
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 0,
  keepAliveTimeoutMs: 75_000,
  maxHeaderBytes: 16_384,
  maxHeaderCount: 200,
  maxConnections: 0,
  maxRequestsPerConnection: 0,
});

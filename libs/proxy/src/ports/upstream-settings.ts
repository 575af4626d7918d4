/**
 * How connections to upstreams are made and kept: the global configuration `httpclient` with its defaults. Times in
 * milliseconds, sizes in bytes.
 */
export interface UpstreamSettings {
  readonly connectTimeoutMs: number;
  /** 0 for none. */
  readonly responseTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Of the response's status line. */
  readonly maxInitialLineBytes: number;
  /** Upstreams are asked for compressed responses, and those are decompressed. */
  readonly compression: boolean;
  readonly pool: PoolSettings;
  readonly tls: UpstreamTls;
  readonly webSocket: WebSocketSettings;
  /** Through whom upstreams are reached; `undefined`: directly. */
  readonly proxy: ForwardProxy | undefined;
}

export interface WebSocketSettings {
  /** A longer frame, either way, closes the connection with 1009. */
  readonly maxFrameBytes: number;
}

export interface ForwardProxy {
  readonly type: 'http' | 'socks4' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** True: that host is reached directly. */
  bypasses(host: string): boolean;
}

export interface PoolSettings {
  /** `disabled`: a new connection for each request. */
  readonly type: 'elastic' | 'fixed' | 'disabled';
  /** Per target; only `fixed` has a limit. */
  readonly maxConnections: number;
  /** `fixed`: how long a request waits for a free connection. */
  readonly acquireTimeoutMs: number;
  readonly maxIdleMs: number;
  /** 0 for no limit. */
  readonly maxLifeMs: number;
  readonly leasing: 'fifo' | 'lifo';
  /** For the metrics. */
  readonly name: string;
  /** Whether the pools are told of when somebody asks. */
  readonly metrics: boolean;
}

export interface UpstreamTls {
  /** True: any certificate will do. */
  readonly insecure: boolean;
  /** PEM; beside the system's own. */
  readonly trustedCertificates: readonly string[];
  /** From the connection to the end of the handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** The gateway's own certificate and key, for upstreams that ask. */
  readonly identity: UpstreamIdentity | undefined;
}

/** As `tls.createSecureContext` takes it. */
export type UpstreamIdentity =
  | { readonly pfx: Buffer; readonly passphrase: string | undefined }
  | { readonly cert: string; readonly key: string; readonly passphrase: string | undefined };

export const DEFAULT_UPSTREAM_SETTINGS: UpstreamSettings = Object.freeze<UpstreamSettings>({
  connectTimeoutMs: 30_000,
  responseTimeoutMs: 0,
  maxHeaderBytes: 16_384,
  maxInitialLineBytes: 4_096,
  compression: false,
  pool: Object.freeze<PoolSettings>({
    type: 'elastic',
    maxConnections: 16,
    acquireTimeoutMs: 45_000,
    maxIdleMs: 4_000,
    maxLifeMs: 0,
    leasing: 'fifo',
    name: 'proxy',
    metrics: false,
  }),
  tls: Object.freeze<UpstreamTls>({
    insecure: false,
    trustedCertificates: [],
    handshakeTimeoutMs: 10_000,
    identity: undefined,
  }),
  webSocket: Object.freeze<WebSocketSettings>({ maxFrameBytes: 65_536 }),
  proxy: undefined,
});

/**
 * How connections to upstreams are made and kept: the global configuration `httpclient` with its defaults. Times in
 * milliseconds, sizes in bytes.
 */
export interface UpstreamSettings {
  readonly connectTimeoutMs: number;
  /** 0 for none. */
  readonly responseTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly pool: PoolSettings;
  readonly tls: UpstreamTls;
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
}

export interface UpstreamTls {
  /** True: any certificate will do. */
  readonly insecure: boolean;
  /** PEM; beside the system's own. */
  readonly trustedCertificates: readonly string[];
}

export const DEFAULT_UPSTREAM_SETTINGS: UpstreamSettings = Object.freeze<UpstreamSettings>({
  connectTimeoutMs: 30_000,
  responseTimeoutMs: 0,
  maxHeaderBytes: 16_384,
  pool: Object.freeze<PoolSettings>({
    type: 'elastic',
    maxConnections: 16,
    acquireTimeoutMs: 45_000,
    maxIdleMs: 4_000,
    maxLifeMs: 0,
    leasing: 'fifo',
  }),
  tls: Object.freeze<UpstreamTls>({ insecure: false, trustedCertificates: [] }),
});

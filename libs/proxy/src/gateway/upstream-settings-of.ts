import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { HttpClientSettings } from '@tigateway/routing';
import type { UpstreamSettings } from '../ports/upstream-settings.js';

/** Node's servers, and many others, close after 5 s of silence: we close first, so that no request meets a closing one. */
const DEFAULT_IDLE_MS = 4_000;

const known = new WeakMap<HttpClientSettings, UpstreamSettings>();

/** The engines' form of the global configuration `httpclient`: one object for one, so that pools live as long as it does. */
export function upstreamSettingsOf(settings: HttpClientSettings): UpstreamSettings {
  let made = known.get(settings);
  if (made === undefined) known.set(settings, (made = translate(settings)));
  return made;
}

function translate({
  connectTimeoutMs,
  responseTimeoutMs,
  maxHeaderBytes,
  pool,
  ssl,
}: HttpClientSettings): UpstreamSettings {
  return {
    connectTimeoutMs,
    responseTimeoutMs: responseTimeoutMs ?? 0,
    maxHeaderBytes,
    pool: {
      type: pool.type === 'FIXED' ? 'fixed' : pool.type === 'DISABLED' ? 'disabled' : 'elastic',
      maxConnections: pool.maxConnections ?? 2 * Math.max(availableParallelism(), 8),
      acquireTimeoutMs: pool.acquireTimeoutMs,
      maxIdleMs: pool.maxIdleTimeMs || DEFAULT_IDLE_MS,
      maxLifeMs: pool.maxLifeTimeMs ?? 0,
      leasing: pool.leasingStrategy === 'LIFO' ? 'lifo' : 'fifo',
    },
    tls: {
      insecure: ssl.useInsecureTrustManager,
      trustedCertificates: ssl.trustedX509Certificates.map((path) => readFileSync(path, 'utf8')),
    },
  };
}

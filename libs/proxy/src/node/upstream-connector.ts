import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { buildConnector } from 'undici';
import { DeniedUpstreamError, type UpstreamGuard } from '../addresses/upstream-guard.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';

/**
 * Makes connections for one pool. The certificate is checked against the target's own name, whatever Host header a request
 * carries.
 */
export function upstreamConnector(
  settings: UpstreamSettings,
  connectTimeoutMs: number,
  guard: UpstreamGuard,
): buildConnector.connector {
  const { insecure, trustedCertificates } = settings.tls;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: guard.lookup,
    rejectUnauthorized: !insecure,
    ...(trustedCertificates.length > 0 ? { ca: [...rootCertificates, ...trustedCertificates] } : {}),
  });
  return (options, callback) => {
    if (guard.refuses(options.hostname)) {
      queueMicrotask(() => callback(new DeniedUpstreamError(options.hostname), null));
      return;
    }
    const { servername: _, ...target } = options;
    connect(isIP(options.hostname) === 0 ? { ...target, servername: options.hostname } : target, callback);
  };
}

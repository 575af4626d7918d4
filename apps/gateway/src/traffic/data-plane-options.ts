import type { DataPlaneOptions } from '@tigateway/proxy';
import type { GatewaySettings } from '../bootstrap/gateway-settings.js';
import { readServices } from '../bootstrap/service-list.js';
import { asOneText } from '../bootstrap/settings-problems.js';

/** The data plane's part of the bootstrap file, in its own words. */
export function dataPlaneOptions({ server, tigateway }: GatewaySettings): DataPlaneOptions {
  const { services, serviceSettings } = readServices(tigateway.services);
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = server;
  const { maxHeaderBytes, maxHeaderCount, maxConnections, maxConnectionsPerAddress, maxRequestsPerConnection } = server;
  return {
    address: server.address,
    port: server.port,
    engine: server.engine,
    ...(server.tls && { tls: server.tls }),
    http2: server.http2.enabled,
    webSocketIdleMs: server.websocket.idleTimeoutMs,
    drainTimeoutMs: server.drainTimeoutMs,
    limits: {
      headersTimeoutMs,
      requestTimeoutMs,
      keepAliveTimeoutMs,
      maxHeaderBytes,
      maxHeaderCount,
      maxConnections,
      maxConnectionsPerAddress,
      maxRequestsPerConnection,
    },
    trustedProxies: asOneText(tigateway.trustedProxies),
    deniedUpstreams: tigateway.upstreams.deny,
    services,
    serviceSettings,
    ...(tigateway.path.ambiguous && { ambiguousPaths: tigateway.path.ambiguous }),
    errorStatus: tigateway.compatibility.errorStatus,
  };
}

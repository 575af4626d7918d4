import type { TrustedProxies } from '@tigateway/routing';
import type { LoadBalancer } from '../balancing/load-balancer.js';
import type { UpstreamClient } from '../ports/upstream-client.js';
import type { AmbiguousPathPolicy } from './ambiguous-path.js';
import type { ErrorStatusMode } from './failure-status.js';

/** What every exchange works with, the same for the life of the process. */
export interface GatewayPolicy {
  readonly upstreams: UpstreamClient;
  readonly balancer: LoadBalancer;
  /** Whose forwarded headers are believed where the global configuration names nobody. */
  readonly proxies: TrustedProxies;
  readonly ambiguousPaths: AmbiguousPathPolicy;
  readonly errorStatus: ErrorStatusMode;
}

import { CONFIGURED_PROXIES } from './configured-proxies.js';
import { gatewayPeer } from './gateway-peer.js';
import { NODE_PROXIES } from './node-proxies.js';
import type { Peer } from './peer.js';
import { SPRING_CLOUD_GATEWAY } from './spring-cloud-gateway.js';

/** Ours first: it is what the others are compared with. */
export const PEERS: readonly Peer[] = [
  gatewayPeer('native'),
  gatewayPeer('node'),
  ...NODE_PROXIES,
  ...CONFIGURED_PROXIES,
  SPRING_CLOUD_GATEWAY,
];

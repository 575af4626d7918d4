import { CONFIGURED_PROXIES } from './configured-proxies.js';
import { gatewayPeer } from './gateway-peer.js';
import { NODE_PROXIES } from './node-proxies.js';
import type { Ability, Peer } from './peer.js';
import { SPRING_CLOUD_GATEWAY } from './spring-cloud-gateway.js';

/** Ours first: it is what the others are compared with. */
export const PEERS: readonly Peer[] = [
  gatewayPeer('native'),
  gatewayPeer('node'),
  ...NODE_PROXIES,
  ...CONFIGURED_PROXIES,
  SPRING_CLOUD_GATEWAY,
];

/** Those that are here and can do all of it, and what to say of those that are not here. */
export function peersWith(...abilities: readonly Ability[]): { present: readonly Peer[]; notes: readonly string[] } {
  const able = PEERS.filter(({ lacks = [] }) => !abilities.some((ability) => lacks.includes(ability)));
  return {
    present: able.filter((peer) => peer.missing() === undefined),
    notes: able.flatMap((peer) => (peer.missing() ? [`Left out: ${peer.name}, for want of ${peer.missing()}.`] : [])),
  };
}

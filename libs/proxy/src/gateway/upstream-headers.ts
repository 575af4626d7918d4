import type { Exchange, UpstreamTarget } from '@tigateway/routing';
import { appendForwarded, type ForwardedSettings, isForwardedHeader } from './forwarded-headers.js';
import { isHopByHop } from './hop-by-hop.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** How the gateway speaks of a client to an upstream. */
export interface ForwardingPolicy {
  readonly proxies: TrustedProxies;
  readonly settings: ForwardedSettings;
}

/**
 * The header lines that go upstream: `Host` first, then what the client sent and the filters made of it, then the forwarded
 * headers. Framing and hop-by-hop fields stay behind; `Connection`'s own nominations were dropped before the filters ran.
 */
export function upstreamHeaders(
  exchange: Exchange,
  target: UpstreamTarget,
  clientHost: string,
  policy: ForwardingPolicy,
): string[] {
  const lines = exchange.request.headers.raw;
  const out: string[] = ['Host', target.authority];
  let host = '';
  let isGrpc = false;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break;
        host = value;
        continue;
      case 6:
        if (name.toLowerCase() === 'expect') continue;
        break;
      case 12:
        if (value.startsWith('application/grpc') && name.toLowerCase() === 'content-type') isGrpc = true;
        break;
      case 14:
        if (name.toLowerCase() === 'content-length') continue;
        break;
    }
    if (isHopByHop(name) || isForwardedHeader(name)) continue;
    out.push(name, value);
  }
  if (exchange.preservesHost && host !== '') out[1] = host;
  if (isGrpc) out.push('TE', 'trailers');
  appendForwarded(out, exchange, clientHost, policy.settings, policy.proxies);
  return out;
}

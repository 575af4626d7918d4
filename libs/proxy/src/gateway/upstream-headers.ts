import type { Exchange, TrustedProxies, UpstreamTarget } from '@tigateway/routing';
import { isNamed } from '../http1/index.js';
import { appendForwarded, isForwardedHeader } from './forwarded-headers.js';
import { hopByHopOf } from './hop-by-hop.js';

/**
 * The header lines that go upstream: `Host` first, then what the client sent and the filters made of it, then the forwarded
 * headers. Framing and hop-by-hop fields stay behind; `Connection`'s own nominations were dropped before the filters ran.
 * @param proxies who is believed where the global configuration names nobody
 */
export function upstreamHeaders(
  exchange: Exchange,
  target: UpstreamTarget,
  clientHost: string,
  proxies: TrustedProxies,
): string[] {
  const lines = exchange.request.headers.raw;
  const endsHere = hopByHopOf(exchange.globals.removeHopByHop);
  const out: string[] = ['Host', target.authority];
  let host = '';
  let isGrpc = false;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    switch (name.length) {
      case 4:
        if (!isNamed(name, 'host')) break;
        host = value;
        continue;
      case 6:
        if (isNamed(name, 'expect')) continue;
        break;
      case 12:
        if (value.startsWith('application/grpc') && isNamed(name, 'content-type')) isGrpc = true;
        break;
      case 14:
        if (isNamed(name, 'content-length')) continue;
        break;
    }
    if (endsHere(name) || isForwardedHeader(name)) continue;
    out.push(name, value);
  }
  if (exchange.preservesHost && host !== '') out[1] = host;
  if (isGrpc) out.push('TE', 'trailers');
  appendForwarded(out, exchange, clientHost, exchange.globals.trustedProxies ?? proxies);
  return out;
}

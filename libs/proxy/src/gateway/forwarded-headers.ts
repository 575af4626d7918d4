import { isIP, isIPv6 } from 'node:net';
import type { Exchange } from '@tigateway/routing';
import type { TrustedProxies } from './trusted-proxies.js';

/** Which forwarded headers are made. */
export interface ForwardedSettings {
  readonly forwarded: boolean;
  readonly xForwarded: boolean;
}

/** `forwarded` or any `x-forwarded-*`: written anew by us, never copied. */
export function isForwardedHeader(name: string): boolean {
  if (name.length === 9) return name.toLowerCase() === 'forwarded';
  return name.length > 12 && (name.charCodeAt(0) | 32) === 120 && name.slice(0, 12).toLowerCase() === 'x-forwarded-';
}

/**
 * Says on whose behalf the request goes on: what the direct connection shows, after what a trusted peer had said before.
 * Elements of a trusted peer's lists that name an address stay only where that address is trusted too.
 * @param host the client's Host header
 */
export function appendForwarded(
  out: string[],
  exchange: Exchange,
  host: string,
  settings: ForwardedSettings,
  proxies: TrustedProxies,
): void {
  const { request } = exchange;
  const { remoteAddress, scheme } = request;
  const trusted = proxies.trusts(remoteAddress);
  if (settings.forwarded) {
    const earlier = trusted ? trustedElements(request.headers.getAll('forwarded'), proxies) : '';
    out.push('Forwarded', `${earlier}${forwardedElement(exchange, host)}`);
  }
  if (!settings.xForwarded) return;
  const port = portOf(host);
  const defaultPort = scheme === 'https' ? '443' : '80';
  const shownHost = port === defaultPort ? host.slice(0, host.length - port.length - 1) : host;
  const prefix = exchange.rewrittenPaths.length === 0 ? '' : prefixOf(exchange);
  if (!trusted) {
    out.push('X-Forwarded-For', remoteAddress, 'X-Forwarded-Proto', scheme, 'X-Forwarded-Port', port || defaultPort);
    if (host !== '') out.push('X-Forwarded-Host', shownHost);
    if (prefix !== '') out.push('X-Forwarded-Prefix', prefix);
    return;
  }
  const { headers } = request;
  const believed = elements(headers.getAll('x-forwarded-for')).filter((element) => proxies.trusts(addressOf(element)));
  out.push('X-Forwarded-For', [...believed, remoteAddress].join(','));
  out.push('X-Forwarded-Proto', [...headers.getAll('x-forwarded-proto'), scheme].join(','));
  out.push('X-Forwarded-Port', [...headers.getAll('x-forwarded-port'), port || defaultPort].join(','));
  const hosts = headers.getAll('x-forwarded-host');
  if (host !== '') hosts.push(shownHost);
  if (hosts.length > 0) out.push('X-Forwarded-Host', hosts.join(','));
  const prefixes = headers.getAll('x-forwarded-prefix');
  if (prefix !== '') prefixes.push(prefix);
  if (prefixes.length > 0) out.push('X-Forwarded-Prefix', prefixes.join(','));
}

function forwardedElement(exchange: Exchange, host: string): string {
  const { remoteAddress, remotePort, scheme } = exchange.request;
  const node = isIPv6(remoteAddress) ? `[${remoteAddress}]` : remoteAddress;
  const shownHost = host === '' ? '' : `;host=${host.includes(':') ? `"${host}"` : host}`;
  return `proto=${scheme}${shownHost};for="${node}:${remotePort}"`;
}

function trustedElements(lines: readonly string[], proxies: TrustedProxies): string {
  let kept = '';
  for (const element of elements(lines)) {
    const node = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;]*)/i.exec(element)?.[1];
    if (node !== undefined && proxies.trusts(addressOf(node.replaceAll('"', '').trim()))) kept += `${element}, `;
  }
  return kept;
}

/** List elements over all lines; a comma inside quotes does not separate. */
function elements(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.match(/(?:"[^"]*"|[^,])+/g) ?? []).map((element) => element.trim());
}

/** The address in `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` and `[::1]:80`. */
function addressOf(node: string): string {
  if (isIP(node) !== 0) return node;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(node);
  return bracketed?.[1] ?? node.replace(/:\d+$/, '');
}

function portOf(host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? '';
}

/** What path filters took from the front: a path of before that ends with the path of now, less that end. */
function prefixOf({ rewrittenPaths, request }: Exchange): string {
  const now = withoutFinalSlash(request.path);
  const prefixes: string[] = [];
  for (const path of rewrittenPaths) {
    const before = withoutFinalSlash(path);
    if (before !== now && before.endsWith(now)) prefixes.push(before.slice(0, before.length - now.length));
  }
  return prefixes.join(',');
}

function withoutFinalSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

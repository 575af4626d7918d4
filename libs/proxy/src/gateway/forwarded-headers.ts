import { isIP } from 'node:net';
import { DEFAULT_GLOBALS, type Exchange, type TrustedProxies } from '@tigateway/routing';
import { isNamed } from '../http1/index.js';

/** `forwarded` or any `x-forwarded-*`: written anew by us, never copied. */
export function isForwardedHeader(name: string): boolean {
  if (name.length === 9) return isNamed(name, 'forwarded');
  return name.length > 12 && (name.charCodeAt(0) | 32) === 120 && name.slice(0, 12).toLowerCase() === 'x-forwarded-';
}

/**
 * Says on whose behalf the request goes on: what the direct connection shows, after what a trusted peer had said before.
 * Elements of a trusted peer's lists that name an address stay only where that address is trusted too.
 * @param host the client's Host header
 */
export function appendForwarded(out: string[], exchange: Exchange, host: string, proxies: TrustedProxies): void {
  const { request, globals } = exchange;
  const { remoteAddress, scheme } = request;
  const trusted = proxies.trusts(remoteAddress);
  if (globals.forwarded.enabled) {
    const earlier = trusted ? trustedElements(request.headers.getAll('forwarded'), proxies) : '';
    out.push('Forwarded', `${earlier}${forwardedElement(exchange, host)}`);
  }
  if (!globals.xForwarded.enabled) return;
  if (trusted || globals.xForwarded !== DEFAULT_GLOBALS.xForwarded) {
    appendXForwarded(out, exchange, host, trusted ? proxies : undefined);
    return;
  }
  const { shownHost, port, prefix } = factsOf(exchange, host);
  out.push('X-Forwarded-For', remoteAddress, 'X-Forwarded-Proto', scheme, 'X-Forwarded-Port', port);
  if (host !== '') out.push('X-Forwarded-Host', shownHost);
  if (prefix !== '') out.push('X-Forwarded-Prefix', prefix);
}

/** The same where a setting may leave one out, or there is something to go on from. @param proxies absent: nobody is believed */
function appendXForwarded(out: string[], exchange: Exchange, host: string, proxies: TrustedProxies | undefined): void {
  const { headers, remoteAddress, scheme } = exchange.request;
  const settings = exchange.globals.xForwarded;
  const { shownHost, port, prefix } = factsOf(exchange, host);
  const add = (name: string, isMade: boolean, appends: boolean, value: string, keeps = anything): void => {
    const before = proxies === undefined ? [] : headers.getAll(name);
    // What a believed peer sent goes on where nothing of our own takes its place.
    const earlier = isMade && !appends && value !== '' ? [] : keeps(before);
    const values = isMade && value !== '' ? [...earlier, value] : earlier;
    if (values.length > 0) out.push(name, values.join(','));
  };
  const believed = (lines: readonly string[]): readonly string[] =>
    elements(lines).filter((element) => proxies?.trusts(addressOf(element)));
  add('X-Forwarded-For', settings.forEnabled, settings.forAppend, remoteAddress, believed);
  add('X-Forwarded-Proto', settings.protoEnabled, settings.protoAppend, scheme);
  add('X-Forwarded-Port', settings.portEnabled, settings.portAppend, port);
  add('X-Forwarded-Host', settings.hostEnabled, settings.hostAppend, host === '' ? '' : shownHost);
  add('X-Forwarded-Prefix', settings.prefixEnabled, settings.prefixAppend, prefix);
}

function anything(lines: readonly string[]): readonly string[] {
  return lines;
}

/** What the direct connection shows. */
function factsOf(exchange: Exchange, host: string): { shownHost: string; port: string; prefix: string } {
  const port = portOf(host);
  const defaultPort = exchange.request.scheme === 'https' ? '443' : '80';
  return {
    shownHost: port === defaultPort ? host.slice(0, host.length - port.length - 1) : host,
    port: port || defaultPort,
    prefix: exchange.rewrittenPaths.length === 0 ? '' : prefixOf(exchange),
  };
}

function forwardedElement(exchange: Exchange, host: string): string {
  const { remoteAddress, remotePort, scheme } = exchange.request;
  const node = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
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

/** The digits after a host's last colon; empty where there are none. */
function portOf(host: string): string {
  let start = host.length;
  while (start > 0 && isDigit(host.charCodeAt(start - 1))) start--;
  return start > 0 && start < host.length && host.charCodeAt(start - 1) === COLON ? host.substring(start) : '';
}

const COLON = 0x3a;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
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

import { type Problem } from '@tigateway/model';
import type { RouteUri } from '../table/compiled-route.js';
import { type CompileEnvironment, isOwnListener } from './compile-environment.js';
import { UNSUPPORTED_SCHEMES } from './unsupported.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };
const SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/is;
const AUTHORITY = /^\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#[\]]*)(?::([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;
const SERVICE = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const SERVICE_PORT = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/;

/** Finds out where a route's `uri` leads. Of an http, ws or lb URI only scheme, host and port are used. */
export function parseRouteUri(
  text: string,
  environment: CompileEnvironment,
  pointer: string,
  problems: Problem[],
  warnings: Problem[],
): RouteUri | undefined {
  const refuse = (message: string, code = 'invalid-uri'): undefined => {
    problems.push({ pointer, code, message });
  };
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u0020\u007f<>"{}|\\^`]/.test(text)) {
    return refuse(`"${text}" is no URI: it holds a character that must be percent-encoded`);
  }
  const match = SCHEME.exec(text);
  if (!match) return refuse(`the URI "${text}" has no scheme; write for example "http://${text.replace(/^\/+/, '')}"`);
  const scheme = (match[1] as string).toLowerCase();
  const rest = match[2] as string;
  const unsupported = UNSUPPORTED_SCHEMES[scheme];
  if (unsupported !== undefined) return refuse(unsupported, 'unsupported');
  if (scheme === 'no') return { kind: 'none' };
  if (scheme === 'forward') return forwardOf(rest, refuse, pointer, warnings);
  const inner = scheme === 'lb' && !rest.startsWith('//') ? SCHEME.exec(rest) : undefined;
  if (inner && DEFAULT_PORTS[(inner[1] as string).toLowerCase()] === undefined) {
    return refuse(`"lb:" is followed by "//" or by one of http, https, ws, wss, not by "${inner[1]}"`);
  }
  if (scheme !== 'lb' && DEFAULT_PORTS[scheme] === undefined) {
    const meant = /^\d+(\/|$)/.test(rest) ? `; did you mean "http://${text}"?` : '';
    return refuse(
      `nothing answers the scheme "${scheme}"; expected one of http, https, ws, wss, lb, forward, no${meant}`,
    );
  }
  const authority = AUTHORITY.exec(inner ? (inner[2] as string) : rest);
  if (!authority || authority[2] === '') return refuse(`the URI "${text}" has no host`);
  const [, user, host, port, path, query, fragment] = authority as unknown as [string, ...(string | undefined)[]];
  warnOfIgnored({ user, path: path === '/' ? '' : path, query, fragment }, text, pointer, warnings);
  if (scheme === 'lb') {
    if (!SERVICE.test(host as string)) return refuse(`"${host}" is no name of a service: letters, digits, "-" and "."`);
    if (port !== undefined && !SERVICE_PORT.test(port)) {
      return refuse(`"${port}" is no port of a service: its number or its name`);
    }
    const service = port ? `${host}:${port}` : (host as string);
    return { kind: 'balanced', service, innerScheme: inner?.[1]?.toLowerCase() };
  }
  return direct(scheme, host as string, port, environment, refuse);
}

type Refuse = (message: string, code?: string) => undefined;

function direct(
  scheme: string,
  written: string,
  portText: string | undefined,
  environment: CompileEnvironment,
  refuse: Refuse,
): RouteUri | undefined {
  const host = canonicalHost(written);
  if (host === undefined) return refuse(`"${written}" is no host name or IP address`);
  const defaultPort = DEFAULT_PORTS[scheme] as number;
  const port = portText ? Number(/^\d{1,5}$/.test(portText) ? portText : NaN) : defaultPort;
  if (!(port >= 1 && port <= 65_535)) return refuse(`"${portText}" is no port: a number from 1 to 65535`);
  if (isOwnListener(environment, host, port)) {
    return refuse(`"${written}:${port}" is the gateway's own address: the route would lead back to itself`, 'own-port');
  }
  const shown = host.includes(':') ? `[${host}]` : host;
  const authority = port === defaultPort ? shown : `${shown}:${port}`;
  return { kind: 'direct', target: { scheme, host, port, authority } };
}

/** As a URL has it: lower case, international names in ASCII, `127.1` as the address that it is, IPv6 without brackets. */
function canonicalHost(written: string): string | undefined {
  try {
    return new URL(`http://${written}/`).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return undefined;
  }
}

function forwardOf(rest: string, refuse: Refuse, pointer: string, warnings: Problem[]): RouteUri | undefined {
  const [path, query, fragment] = splitPath(rest.startsWith('///') ? rest.slice(2) : rest);
  if (!path.startsWith('/') || path.startsWith('//')) return refuse('"forward:" is followed by a path: forward:/path');
  warnOfIgnored({ query, fragment }, `forward:${rest}`, pointer, warnings);
  return { kind: 'forward', path };
}

function splitPath(text: string): [path: string, query: string | undefined, fragment: string | undefined] {
  const [, path = '', query, fragment] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text) ?? [];
  return [path, query, fragment];
}

function warnOfIgnored(
  parts: Readonly<Record<string, string | undefined>>,
  text: string,
  pointer: string,
  warnings: Problem[],
): void {
  const ignored = Object.keys(parts).filter((name) => parts[name]);
  if (ignored.length === 0) return;
  const message = `of "${text}" the ${ignored.join(' and the ')} is ignored; path filters such as PrefixPath change the path`;
  warnings.push({ pointer, code: 'ignored-uri-part', message });
}

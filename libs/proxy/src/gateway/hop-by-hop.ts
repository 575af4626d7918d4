import type { RemoveHopByHopSettings } from '@tigateway/routing';
import { isNamed } from '../http1/index.js';

/*
 * Header fields that end at the next hop (RFC 9110, section 7.6.1): they are never passed on, in either direction, and
 * neither is what a `Connection` header names beside them.
 */

/** The name is given as it came; compared without case. Only names of these lengths are looked at closely. */
export function isHopByHop(name: string): boolean {
  switch (name.length) {
    case 2:
      return isNamed(name, 'te');
    case 7:
      return isNamed(name, 'trailer') || isNamed(name, 'upgrade');
    case 10:
      return isNamed(name, 'connection') || isNamed(name, 'keep-alive');
    case 16:
      return isNamed(name, 'proxy-connection');
    case 17:
      return isNamed(name, 'transfer-encoding');
    case 18:
      return isNamed(name, 'proxy-authenticate');
    case 19:
      return isNamed(name, 'proxy-authorization');
    case 21:
      return isNamed(name, 'x-application-context');
    default:
      return false;
  }
}

/** Says of a name, as it came, whether its lines end here. */
export type HopByHopRule = (name: string) => boolean;

/** Fields of the connection itself: passed on they would say what is not so. */
const ALWAYS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

const rules = new WeakMap<RemoveHopByHopSettings, HopByHopRule>();

/** By the global configuration: its list stands instead of the usual one. */
export function hopByHopOf(settings: RemoveHopByHopSettings): HopByHopRule {
  if (settings.headers === undefined) return isHopByHop;
  const known = rules.get(settings);
  if (known) return known;
  const names: ReadonlySet<string> = new Set([...ALWAYS, ...settings.headers.map((name) => name.toLowerCase())]);
  const rule: HopByHopRule = (name) => names.has(name.toLowerCase());
  rules.set(settings, rule);
  return rule;
}

/** What a `Connection` header may not take away: it would change where a message ends, or what the gateway vouches for. */
const PROTECTED = /^(?:host|content-length|transfer-encoding|forwarded|x-forwarded-.*|cache-control)$/;
/** By far the usual values; they name nothing that goes on. */
const PLAIN = /^(?:keep-alive|close|upgrade|te|keep-alive, ?upgrade|upgrade, ?keep-alive)$/i;

/** Removes the lines that `Connection` headers name, in place; the hop-by-hop fields themselves stay. */
export function dropNominated(lines: string[]): void {
  let nominated: Set<string> | undefined;
  for (let at = 0; at < lines.length; at += 2) {
    if (!isConnection(lines[at] as string)) continue;
    const value = lines[at + 1] as string;
    if (PLAIN.test(value)) continue;
    for (const token of value.toLowerCase().split(',')) {
      const name = token.trim();
      if (name !== '' && !isHopByHop(name) && !PROTECTED.test(name)) (nominated ??= new Set()).add(name);
    }
  }
  if (nominated === undefined) return;
  let kept = 0;
  for (let at = 0; at < lines.length; at += 2) {
    if (nominated.has((lines[at] as string).toLowerCase())) continue;
    lines[kept++] = lines[at] as string;
    lines[kept++] = lines[at + 1] as string;
  }
  lines.length = kept;
}

/** Makes an upstream's head fit to be passed on, in place. */
export function dropHopByHop(lines: string[], endsHere: HopByHopRule = isHopByHop): void {
  dropNominated(lines);
  let kept = 0;
  let chunked = false;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    if (endsHere(name)) {
      chunked ||= isNamed(name, 'transfer-encoding');
      continue;
    }
    if (kept !== at) {
      lines[kept] = name;
      lines[kept + 1] = lines[at + 1] as string;
    }
    kept += 2;
  }
  if (kept < lines.length) lines.length = kept;
  if (chunked) dropContentLength(lines);
}

/** A chunked message's own end counts; a length beside it is a trap. */
function dropContentLength(lines: string[]): void {
  let kept = 0;
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] as string;
    if (isNamed(name, 'content-length')) continue;
    lines[kept++] = name;
    lines[kept++] = lines[at + 1] as string;
  }
  lines.length = kept;
}

function isConnection(name: string): boolean {
  return isNamed(name, 'connection');
}

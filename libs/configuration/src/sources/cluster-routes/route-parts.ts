import { createHash } from 'node:crypto';
import type { ComponentDefinition, RouteDefinition } from '@tigateway/model';

/** What a cluster's object asks for and a route cannot do; the message is for whoever wrote the object. */
export class UntranslatableError extends Error {
  constructor(
    /** JSON Pointer into the object. */
    readonly pointer: string,
    message: string,
  ) {
    super(message);
    this.name = 'UntranslatableError';
  }
}

/** Ids have a limit; past it a hash of the whole tells them apart. */
const MAX_ID = 253;

/** `ingress:shop:web:0:1`: names of the cluster hold no colon, so parts that differ make ids that differ. */
export function routeId(...parts: readonly string[]): string {
  const id = parts.join(':');
  if (id.length <= MAX_ID) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return `${id.slice(0, MAX_ID - hash.length - 1)}:${hash}`;
}

/** @throws UntranslatableError for what no path predicate can say */
export function exactPath(path: string, pointer: string): ComponentDefinition {
  return pathPredicate(path.split('/').slice(1), '', pointer);
}

/** Whole segments: `/foo` takes `/foo`, `/foo/` and `/foo/bar`, and not `/foobar`. One final `/` makes no difference. */
export function prefixPath(path: string, pointer: string): ComponentDefinition {
  return pathPredicate(segmentsOf(path), '/**', pointer);
}

/** Of a prefix. */
export function segmentsOf(path: string): readonly string[] {
  const text = path.replace(/\/$/, '');
  return text === '' ? [] : text.split('/').slice(1);
}

function pathPredicate(segments: readonly string[], end: string, pointer: string): ComponentDefinition {
  const pattern = segments.map((segment, at) => `/${literalSegment(segment, at, pointer)}`).join('') + end;
  return { name: 'Path', args: { patterns: [pattern], matchTrailingSlash: false } };
}

/** A segment as Spring's path patterns have it, which are held against decoded text and give some letters a meaning. */
function literalSegment(segment: string, at: number, pointer: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw new UntranslatableError(pointer, `"${segment}" is not correctly percent-encoded`);
  }
  if (/[/;]/.test(text)) {
    throw new UntranslatableError(pointer, `a segment of a path cannot hold "${segment.includes(';') ? ';' : '%2F'}"`);
  }
  if (!/[?*{}]/.test(text)) return text;
  return `{literal${at}:${quoteRegex(text)}}`;
}

/** The text as a regular expression of its own. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

/** Answers with that status and asks nobody: where the object names a backend that there cannot be. */
export function answering(status: number): Pick<RouteDefinition, 'uri' | 'filters'> {
  return { uri: 'no://op', filters: [{ name: 'SetStatus', args: { status } }] };
}

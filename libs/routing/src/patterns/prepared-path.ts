import type { GatewayRequest } from '../exchange/exchange.js';

/**
 * A request path cut for matching: split on `/` first, each segment decoded afterwards, so `%2F` stays inside its segment;
 * what follows the first `;` of a segment (matrix parameters) is left out. Done once per request, however many routes are
 * tried.
 */
export class PreparedPath {
  /** The segments after the leading `/`, as they came: `/` has one, which is empty; `/a/` has `a` and an empty one. */
  readonly rawSegments: string[];
  readonly isAbsolute: boolean;
  private decoded: string[] | undefined;

  constructor(readonly raw: string) {
    this.isAbsolute = raw.startsWith('/');
    this.rawSegments = segmentsFrom(raw, this.isAbsolute ? 1 : 0);
  }

  /** The request's path, prepared; kept on the request until a filter changes its path. */
  static of(request: GatewayRequest): PreparedPath {
    const known = request.preparedPath;
    if (known !== undefined && known.raw === request.path) return known;
    return (request.preparedPath = new PreparedPath(request.path));
  }

  /**
   * The decoded segments without matrix parameters.
   * @throws MalformedPathError where a `%` is not followed by two hexadecimal digits
   */
  get segments(): string[] {
    return (this.decoded ??=
      this.raw.includes('%') || this.raw.includes(';') ? this.rawSegments.map(valueOf) : this.rawSegments);
  }
}

/** Cut at each `/`: what `split` does, without its way through the runtime. */
function segmentsFrom(path: string, start: number): string[] {
  const segments: string[] = [];
  let from = start;
  for (let at = path.indexOf('/', from); at >= 0; at = path.indexOf('/', from)) {
    segments.push(path.substring(from, at));
    from = at + 1;
  }
  segments.push(path.substring(from));
  return segments;
}

/** The path holds a `%` that encodes nothing: no path predicate can say anything about it. */
export class MalformedPathError extends Error {
  constructor(segment: string) {
    super(`"${segment}" is not correctly percent-encoded`);
    this.name = 'MalformedPathError';
  }
}

function valueOf(segment: string): string {
  const parameters = segment.indexOf(';');
  return decodeSegment(parameters < 0 ? segment : segment.slice(0, parameters));
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  if (/%(?![0-9a-f]{2})/i.test(segment)) throw new MalformedPathError(segment);
  try {
    return decodeURIComponent(segment);
  } catch {
    // Bytes that are no UTF-8 become U+FFFD, as in Java: they match no literal, but `*` and `{name}` take them.
    return decodeBytes(segment);
  }
}

function decodeBytes(segment: string): string {
  const text = Buffer.from(segment, 'utf8').toString('latin1');
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

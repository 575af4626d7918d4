import type { MatchCapture } from '../predicates/predicate-factory.js';
import type { PathIndexKey } from '../table/index-keys.js';
import { parsePathPattern } from './path-pattern-parser.js';
import type { PathSegmentMatcher } from './path-segment.js';
import type { PreparedPath } from './prepared-path.js';

const NO_VARIABLES: readonly string[] = Object.freeze([]);

/** Spring's PathPattern: `/users/{id}`, `/img/*.png`, `/api/**`, `/files/{*rest}`. */
export class PathPattern {
  /** The names that a match captures. */
  readonly variables: readonly string[];

  private constructor(
    readonly text: string,
    private readonly segments: readonly PathSegmentMatcher[],
    /** Where `**` or `{*name}` stands: it takes zero or more whole segments. */
    private readonly rest: { readonly at: 'start' | 'end'; readonly name: string | undefined } | undefined,
    private readonly isAbsolute: boolean,
  ) {
    const named = segments.flatMap((segment) => segment.variables);
    if (rest?.name !== undefined) named.push(rest.name);
    this.variables = named.length === 0 ? NO_VARIABLES : named.slice();
  }

  /** @throws ComponentError that names the position (from 1) of what is wrong */
  static parse(text: string): PathPattern {
    const { segments, rest, isAbsolute } = parsePathPattern(text);
    return new PathPattern(text, segments, rest, isAbsolute);
  }

  /**
   * @param trailingSlash allows one extra final `/` in the request's path; a pattern that ends in `/` needs it in any case
   * @throws MalformedPathError where the path is not correctly percent-encoded
   */
  matches(path: PreparedPath, trailingSlash: boolean, capture: MatchCapture): boolean {
    if (path.isAbsolute !== this.isAbsolute) return false;
    const values = path.segments;
    const { length } = values;
    const count = this.segments.length;
    if (this.rest?.at === 'end') {
      if (length < count || !this.fits(path, 0)) return false;
      this.capture(values, 0, length, capture);
      return true;
    }
    const extra = trailingSlash && length > 1 && path.rawSegments[length - 1] === '' ? 1 : 0;
    if (this.rest === undefined) {
      if (length !== count && length !== count + extra) return false;
      if (!this.fits(path, 0) || (length > count && values[count - 1] === '')) return false;
      this.capture(values, 0, length, capture);
      return true;
    }
    for (const skipped of extra ? [length - count, length - count - 1] : [length - count]) {
      if (skipped < 0 || !this.fits(path, skipped)) continue;
      if (skipped + count < length && values[skipped + count - 1] === '') continue;
      this.capture(values, skipped, length, capture);
      return true;
    }
    return false;
  }

  /** What the index may know of the pattern; made when asked for, which is once a change. */
  get indexKey(): PathIndexKey {
    return indexKeyOf(this.segments, this.rest?.at);
  }

  toString(): string {
    return this.text;
  }

  /** True where every segment of the pattern takes the path's segment at the same place, counted from `offset`. */
  private fits(path: PreparedPath, offset: number): boolean {
    const { segments } = this;
    for (let at = 0; at < segments.length; at++) {
      const index = offset + at;
      const isLast = at === segments.length - 1 && this.rest?.at !== 'end';
      if (!(segments[at] as PathSegmentMatcher).matches(path, index, isLast)) return false;
    }
    return true;
  }

  private capture(values: readonly string[], offset: number, length: number, capture: MatchCapture): void {
    if (this.variables === NO_VARIABLES) return;
    this.segments.forEach((segment, at) => segment.capture(values[offset + at] as string, capture));
    if (this.rest?.name === undefined) return;
    const taken = this.rest.at === 'end' ? values.slice(this.segments.length, length) : values.slice(0, offset);
    capture.set(this.rest.name, taken.map((value) => `/${value}`).join(''));
  }
}

/** Only what leads the pattern can narrow the routes; a `**` at the start tells nothing. */
function indexKeyOf(segments: readonly PathSegmentMatcher[], rest: 'start' | 'end' | undefined): PathIndexKey {
  if (rest === 'start') return { segments: [], open: true };
  return { segments: segments.map(({ literal }) => literal ?? null), open: rest === 'end' };
}

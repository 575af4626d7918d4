import type { MatchCapture } from '../predicates/predicate-factory.js';
import type { JavaRegex } from './java-regex.js';
import type { PreparedPath } from './prepared-path.js';

/** One segment of a path pattern. */
export interface PathSegmentMatcher {
  /** The text that the request's segment must equal; absent where the segment is a pattern. */
  readonly literal?: string;
  readonly variables: readonly string[];
  /**
   * Judges the path's decoded segment at `index`.
   * @param isLast true where nothing follows in the pattern
   */
  matches(path: PreparedPath, index: number, isLast: boolean): boolean;
  /** Hands over the variables of a segment that matched. */
  capture(value: string, capture: MatchCapture): void;
}

const NO_VARIABLES: readonly string[] = [];

/** Exact text, case-sensitive. An empty one stands for two separators in a row, or for a final `/`. */
export class LiteralSegment implements PathSegmentMatcher {
  readonly variables = NO_VARIABLES;

  constructor(readonly literal: string) {}

  matches(path: PreparedPath, index: number): boolean {
    // `;v=1` is an empty value, but no missing segment.
    return this.literal === '' ? path.rawSegments[index] === '' : path.segments[index] === this.literal;
  }

  capture(): void {}
}

/** `*` alone: any one segment; only the last of a pattern may be empty. */
export class AnySegment implements PathSegmentMatcher {
  readonly variables = NO_VARIABLES;

  matches(path: PreparedPath, index: number, isLast: boolean): boolean {
    return isLast || path.segments[index] !== '';
  }

  capture(): void {}
}

/** `{name}` or `{name:regex}` alone: one segment that is not empty. */
export class CaptureSegment implements PathSegmentMatcher {
  readonly variables: readonly string[];

  constructor(
    private readonly name: string,
    private readonly constraint: JavaRegex | undefined,
  ) {
    this.variables = [name];
  }

  matches(path: PreparedPath, index: number): boolean {
    const value = path.segments[index] as string;
    return value !== '' && (this.constraint === undefined || this.constraint.fullMatch(value));
  }

  capture(value: string, capture: MatchCapture): void {
    capture.set(this.name, value);
  }
}

/** Text mixed with `?`, `*` and `{name}`: each takes as much as it can, from the left. */
export class MixedSegment implements PathSegmentMatcher {
  constructor(
    private readonly regex: JavaRegex,
    readonly variables: readonly string[],
  ) {}

  matches(path: PreparedPath, index: number, isLast: boolean): boolean {
    const value = path.segments[index] as string;
    if (value === '' && !(isLast && this.variables.length === 0)) return false;
    return this.regex.fullMatch(value);
  }

  capture(value: string, capture: MatchCapture): void {
    if (this.variables.length === 0) return;
    const groups = this.regex.fullMatchGroups(value);
    this.variables.forEach((name, at) => capture.set(name, groups?.[at + 1] ?? ''));
  }
}

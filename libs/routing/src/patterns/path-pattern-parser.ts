import { ComponentError } from '../compiler/component.js';
import { JavaRegex } from './java-regex.js';
import { AnySegment, CaptureSegment, LiteralSegment, MixedSegment, type PathSegmentMatcher } from './path-segment.js';

/** A pattern in its parts. */
export interface ParsedPathPattern {
  readonly segments: readonly PathSegmentMatcher[];
  readonly rest: { readonly at: 'start' | 'end'; readonly name: string | undefined } | undefined;
  readonly isAbsolute: boolean;
}

/** A piece of one segment; `at` is its offset in the whole pattern. */
type Piece = { readonly at: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' }
  | { readonly kind: 'capture'; readonly name: string; readonly constraint: string | undefined }
  | { readonly kind: 'rest'; readonly name: string | undefined }
);

/** Most routes have one: they share it. */
const UNNAMED_REST = { start: { at: 'start', name: undefined }, end: { at: 'end', name: undefined } } as const;

/** @throws ComponentError with the position, counted from 1 */
export function parsePathPattern(text: string): ParsedPathPattern {
  const isAbsolute = text.startsWith('/');
  const parsed = new Scanner(text, isAbsolute ? 1 : 0).segments();
  refuseDoubleNames(text, parsed.flat());
  const index = parsed.findIndex(isRest);
  const rest = parsed[index]?.[0];
  if (rest?.kind !== 'rest')
    return { segments: parsed.map((pieces) => segmentOf(text, pieces)), rest: undefined, isAbsolute };
  const second = parsed.slice(index + 1).find(isRest)?.[0];
  if (second) throw wrong(text, second.at, 'only one "**" or "{*name}" is allowed');
  if (index > 0 && index < parsed.length - 1) {
    throw wrong(text, rest.at, '"**" and "{*name}" can only stand at the start or at the end');
  }
  // A pattern of `**` alone takes whatever follows nothing.
  const at = index === parsed.length - 1 ? 'end' : 'start';
  parsed.splice(index, 1);
  return {
    segments: parsed.map((pieces) => segmentOf(text, pieces)),
    rest: rest.name === undefined ? UNNAMED_REST[at] : { at, name: rest.name },
    isAbsolute,
  };
}

function isRest([first]: readonly Piece[]): boolean {
  return first?.kind === 'rest';
}

/** What has no meaning of its own. */
const PLAIN = /[^/?*{}]+/y;

class Scanner {
  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  segments(): Piece[][] {
    const segments: Piece[][] = [[]];
    while (this.at < this.text.length) {
      if (this.text[this.at] !== '/') {
        (segments.at(-1) as Piece[]).push(this.piece());
        continue;
      }
      this.at++;
      segments.push([]);
    }
    return segments.map((pieces) => this.withRest(pieces));
  }

  private piece(): Piece {
    const at = this.at;
    switch (this.text[at]) {
      case '?':
        this.at++;
        return { at, kind: 'one' };
      case '*':
        this.at++;
        return { at, kind: 'any' };
      case '{':
        return this.braces();
      case '}':
        throw wrong(this.text, at, 'a "}" without its "{"');
      default:
        PLAIN.lastIndex = at;
        PLAIN.test(this.text);
        this.at = PLAIN.lastIndex;
        return { at, kind: 'text', text: this.text.slice(at, this.at) };
    }
  }

  private braces(): Piece {
    const open = this.at++;
    const takesRest = this.text[this.at] === '*';
    if (takesRest) this.at++;
    const start = this.at;
    while (this.at < this.text.length && !'}:'.includes(this.text[this.at] as string)) {
      const letter = this.text[this.at] as string;
      if (letter === '{') throw wrong(this.text, this.at, 'a "{" inside of braces');
      if (letter === '/') throw wrong(this.text, open, 'a "{" without its "}"');
      if (!(this.at === start ? /[\p{L}_$]/u : /[\p{L}\p{N}_$-]/u).test(letter)) {
        throw wrong(
          this.text,
          this.at,
          `a variable's name cannot ${this.at === start ? 'start with' : 'hold'} "${letter}"`,
        );
      }
      this.at++;
    }
    if (this.at >= this.text.length) throw wrong(this.text, open, 'a "{" without its "}"');
    const name = this.text.slice(start, this.at);
    if (name === '') throw wrong(this.text, this.at, 'a variable needs a name');
    if (this.text[this.at++] === '}') {
      return takesRest ? { at: open, kind: 'rest', name } : { at: open, kind: 'capture', name, constraint: undefined };
    }
    if (takesRest) throw wrong(this.text, this.at - 1, 'a variable\'s name cannot hold ":" after "{*"');
    return { at: open, kind: 'capture', name, constraint: this.constraint(open) };
  }

  /** Reads `regex}`; braces in the expression must be balanced or escaped. */
  private constraint(open: number): string {
    const start = this.at;
    for (let depth = 0; this.at < this.text.length; this.at++) {
      const letter = this.text[this.at];
      if (letter === '\\') this.at++;
      else if (letter === '/') break;
      else if (letter === '{') depth++;
      else if (letter === '}' && depth-- === 0) {
        if (this.at === start) throw wrong(this.text, start, 'an empty regular expression');
        return this.text.slice(start, this.at++);
      }
    }
    throw wrong(this.text, open, 'a "{" without its "}"');
  }

  /** `**` is more than two `*` only as a whole segment; `{*name}` must be one. */
  private withRest(pieces: Piece[]): Piece[] {
    const [first, second] = pieces;
    if (pieces.length === 2 && first?.kind === 'any' && second?.kind === 'any') {
      return [{ at: first.at, kind: 'rest', name: undefined }];
    }
    const rest = pieces.find(({ kind }) => kind === 'rest');
    if (rest && pieces.length > 1) throw wrong(this.text, rest.at, '"{*name}" must be a whole segment');
    return pieces;
  }
}

function refuseDoubleNames(text: string, pieces: readonly Piece[]): void {
  const seen: string[] = [];
  for (const piece of pieces) {
    if ((piece.kind !== 'capture' && piece.kind !== 'rest') || piece.name === undefined) continue;
    if (seen.includes(piece.name)) throw wrong(text, piece.at, `the variable "${piece.name}" is captured twice`);
    seen.push(piece.name);
  }
}

function segmentOf(text: string, pieces: readonly Piece[]): PathSegmentMatcher {
  const [first] = pieces;
  if (first === undefined) return new LiteralSegment('');
  if (pieces.length === 1) {
    if (first.kind === 'text') return new LiteralSegment(first.text);
    if (first.kind === 'any') return new AnySegment();
    if (first.kind === 'capture') {
      return new CaptureSegment(first.name, first.constraint === undefined ? undefined : constraintOf(text, first));
    }
  }
  const variables = pieces.flatMap((piece) => (piece.kind === 'capture' ? [piece.name] : []));
  return new MixedSegment(
    JavaRegex.compile(pieces.map((piece) => regexOf(text, piece)).join(''), { dotMatchesAll: true }),
    variables,
  );
}

function regexOf(text: string, piece: Piece): string {
  switch (piece.kind) {
    case 'text':
      return piece.text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
    case 'one':
      return '.';
    case 'capture':
      if (piece.constraint === undefined) return '(.*)';
      constraintOf(text, piece);
      return `(${piece.constraint})`;
    default:
      return '.*';
  }
}

function constraintOf(text: string, piece: Piece & { kind: 'capture' }): JavaRegex {
  const at = piece.at + piece.name.length + 2;
  const regex = compiledAt(text, at, piece.constraint as string);
  if (regex.groups.count > 0) {
    throw wrong(text, at, `capturing groups are not allowed in "${piece.constraint}"; write (?:…)`);
  }
  return regex;
}

function compiledAt(text: string, at: number, constraint: string): JavaRegex {
  try {
    return JavaRegex.compile(constraint, { dotMatchesAll: true });
  } catch (error) {
    if (error instanceof ComponentError) throw wrong(text, at, error.message);
    throw error;
  }
}

function wrong(text: string, at: number, what: string): ComponentError {
  return new ComponentError(undefined, `"${text}", position ${at + 1}: ${what}`, 'invalid-pattern');
}

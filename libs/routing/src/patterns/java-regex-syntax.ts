/** A pattern in RE2's syntax that matches what the Java pattern matches. */
export interface TranslatedRegex {
  readonly regex: string;
  readonly usesLookbehind: boolean;
}

/** What is wrong with a pattern, and where: `position` counts from 1. */
export class RegexSyntaxError extends Error {
  constructor(position: number, what: string) {
    super(`position ${position}: ${what}`);
  }
}

/**
 * How many characters, classes and repetitions a pattern may unfold to. It bounds what one pattern costs to compile, and with
 * the length of the input what it costs to match.
 */
const MAX_SIZE = 1_000;

/**
 * Translates `java.util.regex` syntax into RE2's: the same where they agree, rewritten where they differ, refused where RE2
 * has no equal (look-ahead, back references, possessive and atomic groups, class intersections). Two corners stay RE2's:
 * `(?i)` folds all of Unicode, and `$` is the very end of the input, not the place before a final line break.
 * @throws RegexSyntaxError
 */
export function translateJavaRegex(source: string, dotMatchesAll = false): TranslatedRegex {
  return new Translator(source, dotMatchesAll).translate();
}

type Ranges = readonly (readonly [low: number, high: number])[];

const LAST_CODE_POINT = 0x10ffff;
const LINE_BREAKS: Ranges = [
  [0x0a, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
];
/** Lower case as written; the upper-case letter is the complement. `\d` and `\w` are the same in both. */
const CLASS_ESCAPES: Readonly<Record<string, Ranges>> = {
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  h: [
    [0x09, 0x09],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x180e, 0x180e],
    [0x2000, 0x200a],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
  ],
  v: LINE_BREAKS,
};
const POSIX_CLASSES: ReadonlySet<string> = new Set(
  'Lower Upper ASCII Alpha Digit Alnum Punct Graph Print Blank Cntrl XDigit Space'.split(' '),
);
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d, f: 0x0c, a: 0x07, e: 0x1b };

const DOT = `[^\\n\\r${body([[0x85, 0x85], LINE_BREAKS[2] as readonly [number, number]])}]`;
const REFUSED_GROUPS: readonly (readonly [start: string, what: string])[] = [
  ['(?=', 'look-ahead is not supported'],
  ['(?!', 'look-ahead is not supported'],
  ['(?>', 'atomic groups are not supported'],
  ['(?P', 'named groups are written (?<name>…)'],
];

/** What a backslash stands for: one code point, or the inside of a character class. */
type Escape = { readonly kind: 'point'; readonly point: number } | { readonly kind: 'class'; readonly body: string };

interface Frame {
  readonly openedAt: number;
  /** What everything read so far in this group unfolds to, and the last atom's share of it. */
  size: number;
  lastSize: number;
  dotMatchesAll: boolean;
  unixLines: boolean;
}

class Translator {
  private at = 0;
  private out = '';
  private usesLookbehind = false;
  private readonly frames: Frame[];

  constructor(
    private readonly source: string,
    dotMatchesAll: boolean,
  ) {
    this.frames = [{ openedAt: 0, size: 0, lastSize: 0, dotMatchesAll, unixLines: false }];
  }

  translate(): TranslatedRegex {
    while (this.at < this.source.length) this.next();
    if (this.frames.length > 1) throw this.wrong('a "(" without its ")"', this.frame.openedAt);
    return { regex: this.out, usesLookbehind: this.usesLookbehind };
  }

  private get frame(): Frame {
    return this.frames.at(-1) as Frame;
  }

  private next(): void {
    const letter = this.source[this.at] as string;
    switch (letter) {
      case '\\':
        return this.escapeOutside();
      case '[':
        return this.atom(this.characterClass());
      case '.':
        this.at++;
        return this.atom(this.frame.dotMatchesAll ? '(?s:.)' : this.frame.unixLines ? '[^\\n]' : DOT);
      case '(':
        return this.open();
      case ')':
        return this.close();
      case '*':
      case '+':
      case '?':
        this.at++;
        return this.quantifier(letter, 1, 1);
      case '{':
        return this.counted();
      case '|':
      case '^':
      case '$':
        this.at++;
        this.out += letter;
        this.frame.lastSize = 0;
        return;
      default:
        return this.atom(quote(this.point()));
    }
  }

  private atom(text: string, size = 1): void {
    this.out += text;
    this.frame.lastSize = size;
    this.grow(size);
  }

  private grow(size: number): void {
    this.frame.size += size;
    if (this.frame.size > MAX_SIZE) throw this.wrong(`the pattern is too large: it unfolds to over ${MAX_SIZE} steps`);
  }

  private quantifier(text: string, times: number, extra: number): void {
    this.out += text;
    this.grow(this.frame.lastSize * (times - 1) + extra);
    this.frame.lastSize = this.frame.lastSize * times + extra;
    if (this.source[this.at] === '+') throw this.wrong('possessive quantifiers are not supported');
    if (this.source[this.at] !== '?') return;
    this.at++;
    this.out += '?';
  }

  private counted(): void {
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.source.slice(this.at, this.at + 24));
    if (!match) throw this.wrong('a "{" that starts no repetition; write \\{ for the character');
    const low = Number(match[1]);
    const high = match[3] ? Number(match[3]) : low;
    if (high < low) throw this.wrong('a repetition whose end is below its start');
    this.at += match[0].length;
    this.quantifier(match[0], Math.max(high, low, 1), 1);
  }

  private open(): void {
    const refused = REFUSED_GROUPS.find(([start]) => this.source.startsWith(start, this.at));
    if (refused) throw this.wrong(refused[1]);
    const frame: Frame = { ...this.frame, openedAt: this.at, size: 2, lastSize: 0 };
    if (!this.source.startsWith('(?', this.at)) return this.enter('(', 1, frame);
    const rest = this.source.slice(this.at);
    const start = /^\(\?(?:<[=!]|:|<[A-Za-z][A-Za-z0-9]*>)/.exec(rest)?.[0];
    if (start !== undefined) {
      if (start.endsWith('=') || start.endsWith('!')) this.usesLookbehind = true;
      return this.enter(start, start.length, frame);
    }
    const flags = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/.exec(rest);
    if (!flags) throw this.wrong('a group that starts with an unknown "(?"');
    const [whole, on = '', off = '', end] = flags;
    const target = end === ':' ? frame : this.frame;
    const kept = this.applyFlags(on, target, true) + (off ? `-${this.applyFlags(off, target, false)}` : '');
    const written = kept.replace(/-$/, '');
    if (end === ':') return this.enter(written ? `(?${written}:` : '(?:', whole.length, frame);
    this.at += whole.length;
    if (written) this.out += `(?${written})`;
  }

  /** @returns the letters that RE2 knows; `s` and `d` are told by how `.` is written from here on. */
  private applyFlags(letters: string, frame: Frame, on: boolean): string {
    let kept = '';
    for (const letter of letters) {
      if (letter === 'i' || letter === 'm') kept += letter;
      else if (letter === 's') frame.dotMatchesAll = on;
      else if (letter === 'd') frame.unixLines = on;
      else if (letter !== 'u') throw this.wrong(`the flag "${letter}" is not supported`);
    }
    return kept;
  }

  private enter(text: string, length: number, frame: Frame): void {
    this.out += text;
    this.at += length;
    this.frames.push(frame);
  }

  private close(): void {
    if (this.frames.length === 1) throw this.wrong('a ")" without its "("');
    const { size } = this.frames.pop() as Frame;
    this.at++;
    this.atom(')', size);
  }

  private escapeOutside(): void {
    const letter = this.source[this.at + 1];
    if (letter === 'Q') {
      for (const each of this.quotation()) this.atom(quote(each.codePointAt(0) as number));
      return;
    }
    if (letter === 'R') {
      this.at += 2;
      return this.atom(`(?:\\r\\n|[${body(LINE_BREAKS)}])`, 3);
    }
    if (letter !== undefined && 'bBAz'.includes(letter) && !this.source.startsWith('\\b{', this.at)) {
      this.at += 2;
      this.out += `\\${letter}`;
      this.frame.lastSize = 0;
      return;
    }
    if (letter === 'Z') throw this.wrong('\\Z is not supported; \\z is the end of the input');
    const escape = this.escape();
    this.atom(escape.kind === 'point' ? quote(escape.point) : `[${escape.body}]`);
  }

  /** `[…]`, from the bracket on. */
  private characterClass(): string {
    const openedAt = this.at++;
    let text = '[';
    if (this.source[this.at] === '^') {
      this.at++;
      text += '^';
    }
    for (let isFirst = true; ; isFirst = false) {
      const letter = this.source[this.at];
      if (letter === undefined) throw this.wrong('a "[" without its "]"', openedAt);
      if (letter === ']' && !isFirst) {
        this.at++;
        return `${text}]`;
      }
      text += this.classItem();
    }
  }

  private classItem(): string {
    if (this.source.startsWith('\\Q', this.at)) {
      return Array.from(this.quotation(), (each) => quote(each.codePointAt(0) as number)).join('');
    }
    const low = this.classMember();
    // A hyphen is a range only between two single characters; at an end, or beside a class, it is itself.
    if (low.kind === 'class') return low.body;
    if (this.source[this.at] !== '-' || ']['.includes(this.source[this.at + 1] ?? ']')) return quote(low.point);
    this.at++;
    const high = this.classMember();
    if (high.kind === 'class' || high.point < low.point) throw this.wrong('a range that ends before it starts');
    return `${quote(low.point)}-${quote(high.point)}`;
  }

  private classMember(): Escape {
    const letter = this.source[this.at];
    if (letter === '\\') return this.escape();
    if (letter === '[') throw this.wrong('a class inside of a class is not supported; write \\[ for the character');
    if (this.source.startsWith('&&', this.at)) throw this.wrong('class intersections are not supported');
    return { kind: 'point', point: this.point() };
  }

  private escape(): Escape {
    const start = this.at;
    this.at++;
    if (this.at >= this.source.length) throw this.wrong('a "\\" at the end', start);
    const letter = String.fromCodePoint(this.point());
    const control = CONTROLS[letter];
    if (control !== undefined) return { kind: 'point', point: control };
    if ('dDwW'.includes(letter)) return { kind: 'class', body: `\\${letter}` };
    const ranges = CLASS_ESCAPES[letter.toLowerCase()];
    if (ranges) return { kind: 'class', body: body(letter === letter.toLowerCase() ? ranges : complement(ranges)) };
    switch (letter) {
      case 'x':
        return this.numeric(start, /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/, 16);
      case 'u':
        return this.numeric(start, /^([0-9a-fA-F]{4})/, 16);
      case '0':
        return this.numeric(start, /^([0-3][0-7]{2}|[0-7]{1,2})/, 8);
      case 'c':
        return { kind: 'point', point: this.point() ^ 0x40 };
      case 'p':
      case 'P':
        return { kind: 'class', body: this.property(start, letter === 'P') };
      default:
        if (/[1-9k]/.test(letter)) throw this.wrong('back references are not supported', start);
        if (/[A-Za-z]/.test(letter)) throw this.wrong(`"\\${letter}" is not supported`, start);
        return { kind: 'point', point: letter.codePointAt(0) as number };
    }
  }

  private numeric(start: number, digits: RegExp, radix: number): Escape {
    const match = digits.exec(this.source.slice(this.at, this.at + 8));
    const point = match ? parseInt(match[1] ?? (match[2] as string), radix) : NaN;
    if (!match || !(point <= LAST_CODE_POINT)) throw this.wrong('a character number that is none', start);
    this.at += match[0].length;
    return { kind: 'point', point };
  }

  private property(start: number, isNegated: boolean): string {
    const match = /^(?:\{([A-Za-z0-9_=]+)\}|([A-Z]))/.exec(this.source.slice(this.at));
    if (!match) throw this.wrong('a property that is not named', start);
    this.at += match[0].length;
    const written = match[1] ?? match[2] ?? '';
    if (POSIX_CLASSES.has(written)) return `[:${isNegated ? '^' : ''}${written.toLowerCase()}:]`;
    if (/^(In|blk=|block=|java)/.test(written)) throw this.wrong(`the property "${written}" is not supported`, start);
    const name = written.replace(/^(Is|script=|sc=|general_category=|gc=)/, '');
    return `\\${isNegated ? 'P' : 'p'}{${name}}`;
  }

  /** `\Q…\E`: every character is itself; without `\E` to the end. */
  private quotation(): string {
    const end = this.source.indexOf('\\E', this.at + 2);
    const text = this.source.slice(this.at + 2, end < 0 ? undefined : end);
    this.at = end < 0 ? this.source.length : end + 2;
    return text;
  }

  private point(): number {
    const point = this.source.codePointAt(this.at);
    if (point === undefined) throw this.wrong('the pattern ends too early');
    this.at += point > 0xffff ? 2 : 1;
    return point;
  }

  private wrong(what: string, at = this.at): RegexSyntaxError {
    return new RegexSyntaxError(at + 1, what);
  }
}

function quote(point: number): string {
  if (point < 0x20 || point === 0x7f) return codePoint(point);
  const letter = String.fromCodePoint(point);
  return /[!-/:-@[-`{-~]/.test(letter) ? `\\${letter}` : letter;
}

function codePoint(point: number): string {
  return `\\x{${point.toString(16)}}`;
}

function body(ranges: Ranges): string {
  return ranges.map(([low, high]) => (low === high ? codePoint(low) : `${codePoint(low)}-${codePoint(high)}`)).join('');
}

function complement(ranges: Ranges): Ranges {
  const gaps: (readonly [number, number])[] = [];
  let from = 0;
  for (const [low, high] of ranges) {
    if (low > from) gaps.push([from, low - 1]);
    from = high + 1;
  }
  return [...gaps, [from, LAST_CODE_POINT]];
}

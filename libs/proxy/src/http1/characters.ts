/**
 * Which bytes may stand where, as one table lookup. Grammar: RFC 9110 section 5, RFC 9112 section 3,
 * RFC 3986.
 */
export const TOKEN = 1;
/** Field values and reason phrases: HTAB, SP, VCHAR and obs-text. No other control character, so no CR, LF, NUL or DEL. */
export const FIELD_VALUE = 2;
/** A request target up to its `?`. */
export const PATH = 4;
/** A request target after its `?`. */
export const QUERY = 8;
export const DIGIT = 16;
export const HEX_DIGIT = 32;

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION_MARK = 0x3f;
export const BACKSLASH = 0x5c;

const TOKEN_MARKS = "!#$%&'*+-.^_`|~";

/**
 * Not in RFC 3986 but sent raw by every browser (`[`, `]`, `|`, `^`, `` ` ``, `{`, `}` and, in a query, `\`), so they pass.
 * What no client that follows the URL Standard leaves raw is refused: `"`, `#`, `<`, `>`, and `\` in a path, which some
 * servers read as `/`.
 */
const NEVER_IN_TARGET = '"#<>';

const CLASSES: Readonly<Uint8Array> = classify();

function classify(): Uint8Array {
  const classes = new Uint8Array(256);
  const mark = (code: number, bits: number): void => {
    classes[code] = (classes[code] ?? 0) | bits;
  };
  for (let code = 0x21; code <= 0x7e; code++) {
    const char = String.fromCharCode(code);
    mark(code, FIELD_VALUE);
    if (/[0-9A-Za-z]/.test(char) || TOKEN_MARKS.includes(char)) mark(code, TOKEN);
    if (!NEVER_IN_TARGET.includes(char)) mark(code, code === BACKSLASH ? QUERY : PATH | QUERY);
    if (/[0-9]/.test(char)) mark(code, DIGIT);
    if (/[0-9A-Fa-f]/.test(char)) mark(code, HEX_DIGIT);
  }
  mark(HTAB, FIELD_VALUE);
  mark(SP, FIELD_VALUE);
  for (let code = 0x80; code <= 0xff; code++) mark(code, FIELD_VALUE);
  return classes;
}

/** The same classes for whole strings: from a dozen letters on, the expression is several times as fast as a look at each. */
const NO_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const NO_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const SHORT_LENGTH = 12;

/** True for a non-empty RFC 9110 token. */
export function isToken(text: string): boolean {
  return text.length > 0 && isAllOf(TOKEN, NO_TOKEN, text);
}

/** True for what may stand in a field value; the empty value may. */
export function isFieldValue(text: string): boolean {
  return isAllOf(FIELD_VALUE, NO_FIELD_VALUE, text);
}

function isAllOf(charClass: number, others: RegExp, text: string): boolean {
  if (text.length >= SHORT_LENGTH) return !others.test(text);
  for (let at = 0; at < text.length; at++) {
    if (!isOf(charClass, text.charCodeAt(at))) return false;
  }
  return true;
}

/** True when `name`, a token in any case, is `lower`, which is one of letters and `-` in lower case. */
export function isNamed(name: string, lower: string): boolean {
  if (name.length !== lower.length) return false;
  if (name === lower) return true;
  // A letter differs from its other case in this bit alone, and no other byte of a token becomes a letter or `-` by it.
  for (let at = 0; at < lower.length; at++) if ((name.charCodeAt(at) | 0x20) !== lower.charCodeAt(at)) return false;
  return true;
}

/** True for a path with or without a query, or anything else that may stand where they do. */
export function isRequestTarget(text: string): boolean {
  let charClass = PATH;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUESTION_MARK) charClass = QUERY;
    if (!isOf(charClass, code)) return false;
  }
  return text.length > 0;
}

/**
 * True when `code` is of the class. It may come from any string: what does not fit a byte is of no class, so that nothing is
 * ever cut to a byte on the wire.
 */
export function isOf(charClass: number, code: number | undefined): boolean {
  return code !== undefined && code < 256 && ((CLASSES[code] ?? 0) & charClass) !== 0;
}

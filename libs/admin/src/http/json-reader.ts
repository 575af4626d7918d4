import { type Json, pointerTo } from '@tigateway/model';

/** How deep arrays and objects may stand in each other. */
export const MAX_JSON_DEPTH = 64;

/** Keys that have a meaning to JavaScript beyond being keys. */
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The text is no JSON. Lines and columns count from 1, columns in UTF-16 code units. */
export class JsonSyntaxError extends Error {
  constructor(
    readonly line: number,
    readonly column: number,
    readonly expected: string,
  ) {
    super(`line ${line}, column ${column}: ${expected}`);
  }
}

/** The text is JSON that is not taken: too deep, a key twice, a key that JavaScript would not take for a mere key. */
export class JsonContentError extends Error {
  constructor(
    readonly pointer: string,
    readonly code: 'too-deep' | 'duplicate-key' | 'refused-key',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads JSON (RFC 8259) into null-prototype records. `JSON.parse` would keep the last of two equal keys silently, say no
 * line for an error on every Node version, and recurse as deep as the sender likes.
 * @throws JsonSyntaxError, JsonContentError
 */
export function readJson(text: string): Json {
  return new JsonReader(text).read();
}

// eslint-disable-next-line no-control-regex -- control characters are what a plain string may not hold
const PLAIN_STRING = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const WORDS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class JsonReader {
  private at = 0;
  /** Reference tokens from the root to the value that is read now. */
  private readonly path: (string | number)[] = [];

  constructor(private readonly text: string) {}

  read(): Json {
    const value = this.value();
    this.skipSpace();
    if (this.at < this.text.length) this.fail('the end of the text');
    return value;
  }

  private value(): Json {
    this.skipSpace();
    switch (this.text[this.at]) {
      case '{':
        return this.object();
      case '[':
        return this.array();
      case '"':
        return this.string();
      default:
        return this.word();
    }
  }

  private object(): Json {
    this.enter();
    const record = Object.create(null) as Record<string, Json>;
    this.skipSpace();
    if (this.take('}')) return record;
    do {
      this.skipSpace();
      if (this.text[this.at] !== '"') this.fail('a key in double quotes');
      const key = this.string();
      this.path.push(key);
      if (REFUSED_KEYS.has(key)) this.refuse('refused-key', `the key "${key}" is not allowed`);
      if (key in record) this.refuse('duplicate-key', `the key ${JSON.stringify(key)} stands here twice`);
      this.skipSpace();
      if (!this.take(':')) this.fail('":"');
      record[key] = this.value();
      this.path.pop();
      this.skipSpace();
    } while (this.take(','));
    if (!this.take('}')) this.fail('"," or "}"');
    return record;
  }

  private array(): Json {
    this.enter();
    const items: Json[] = [];
    this.skipSpace();
    if (this.take(']')) return items;
    do {
      this.path.push(items.length);
      items.push(this.value());
      this.path.pop();
      this.skipSpace();
    } while (this.take(','));
    if (!this.take(']')) this.fail('"," or "]"');
    return items;
  }

  private enter(): void {
    this.at++;
    if (this.path.length >= MAX_JSON_DEPTH) this.refuse('too-deep', `more than ${MAX_JSON_DEPTH} levels deep`);
  }

  private string(): string {
    this.at++;
    let read = this.match(PLAIN_STRING);
    while (!this.take('"')) {
      if (!this.take('\\')) this.fail('a string without control characters, ended by a double quote');
      read += this.escape() + this.match(PLAIN_STRING);
    }
    return read;
  }

  private escape(): string {
    const letter = this.text[this.at] ?? '';
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain !== undefined) {
      this.at++;
      return plain;
    }
    if (!this.take('u')) this.fail('an escape such as \\n or \\u0041');
    const hex = this.match(FOUR_HEX);
    if (hex === '') this.fail('four hexadecimal digits');
    return String.fromCharCode(parseInt(hex, 16));
  }

  private word(): Json {
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    const number = this.match(NUMBER);
    if (number === '') this.fail('a JSON value');
    const value = Number(number);
    if (!Number.isFinite(value)) this.fail('a number that a double can hold');
    return value;
  }

  private skipSpace(): void {
    // Compact JSON has none; asking the regex each time would cost more than the rest.
    if (this.text.charCodeAt(this.at) <= 0x20) this.match(SPACE);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private fail(expected: string): never {
    const before = this.text.slice(0, this.at).split('\n');
    const found = this.at < this.text.length ? JSON.stringify(this.text[this.at]) : 'the end of the text';
    throw new JsonSyntaxError(before.length, (before.at(-1) ?? '').length + 1, `expected ${expected}, found ${found}`);
  }

  private refuse(code: JsonContentError['code'], message: string): never {
    throw new JsonContentError(this.path.reduce<string>(pointerTo, ''), code, message);
  }
}

import { type Json, type JsonObject, pointerTo, TimeSlice } from '@tigateway/model';

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
 * Reads JSON (RFC 8259) into null-prototype records. What `JSON.parse` would let pass silently (the first of two equal keys,
 * `__proto__`, any depth) is refused, and an error says its line. Gives the event loop away where the text is long.
 * @throws JsonSyntaxError, JsonContentError
 */
export async function readJson(text: string): Promise<Json> {
  const value = parsed(text);
  // Several times as fast as reading it ourselves, and right unless something is wrong; then the reader says what and where.
  if (value !== undefined && (await hardenedSliced(value)) === (await membersIn(text))) return value;
  return new JsonReader(text).read();
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What many things stand in: the list that a body is, or one of its members. */
const SLICED_DEPTH = 2;

/** As `hardened`; what stands in a list near the root is looked at by itself. */
async function hardenedSliced(value: Json, depth = 0): Promise<number> {
  if (depth === SLICED_DEPTH || typeof value !== 'object' || value === null) return hardened(value, depth);
  const slice = new TimeSlice();
  let members = Array.isArray(value) ? 0 : ownMembers(value as JsonObject);
  for (const item of Object.values(value)) {
    members += depth + 1 === SLICED_DEPTH ? hardened(item, depth + 1) : await hardenedSliced(item, depth + 1);
    if (slice.isUsedUp) await slice.breathe();
  }
  return members;
}

/**
 * Takes the prototype from every object, in place.
 * @returns the number of members of all objects; NaN where something is not taken
 */
function hardened(value: Json, depth: number): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN;
  if (typeof value !== 'object' || value === null) return 0;
  if (depth >= MAX_JSON_DEPTH) return NaN;
  let members = Array.isArray(value) ? 0 : ownMembers(value as JsonObject);
  for (const item of Object.values(value)) members += hardened(item, depth + 1);
  return members;
}

/** Takes the prototype from one object. @returns the number of its members; NaN where one of its keys is not taken */
function ownMembers(record: JsonObject): number {
  const keys = Object.keys(record);
  if (keys.some((key) => REFUSED_KEYS.has(key))) return NaN;
  Object.setPrototypeOf(record, null);
  return keys.length;
}

const SCANNED_AT_ONCE = 64 * 1024;

/** How many members the objects of a JSON text have, by its colons: more than were parsed where a key stands twice. */
async function membersIn(text: string): Promise<number> {
  const slice = new TimeSlice();
  let members = 0;
  for (let at = 0, stop = 0; at < text.length; at++) {
    if (at >= stop) {
      stop = at + SCANNED_AT_ONCE;
      if (slice.isUsedUp) await slice.breathe();
    }
    const code = text.charCodeAt(at);
    if (code === COLON) members++;
    else if (code === QUOTE) at = endOfString(text, at);
  }
  return members;
}

/** @returns where the closing quote stands of the string that opens at `start`; the text is known to be JSON */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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

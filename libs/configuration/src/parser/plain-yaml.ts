import { emptyRecord, type Json } from '@tigateway/model';
import { type DocumentTree, MAX_DEPTH, Offsets, REFUSED_KEYS } from './document-tree.js';

/**
 * Reads the plain part of YAML that configurations are mostly written in, at twenty times the speed of a whole reader: block
 * maps and lists, texts and flow collections on one line, comments. What it reads is what the whole reader makes of it, places
 * included; whatever it does not know for certain (a tab, an anchor, a text over lines, any mistake) it leaves to that one.
 * @param base where the text begins in the document; added to every place
 * @param offsets takes the places
 * @returns `undefined` for a text that is not plain
 */
export function readPlainYaml(text: string, base = 0, offsets = new Offsets()): DocumentTree | undefined {
  if (NOT_PLAIN.test(text)) return undefined;
  try {
    return { root: new PlainReader(text, base, offsets).document(), offsets };
  } catch (error) {
    if (error === LEFT) return undefined;
    throw error;
  }
}

/** One for all: nobody sees it. */
const LEFT = new Error('not plain');

/** Tabs, carriage returns, other control characters, and those that may end a line or are none. */
const NOT_PLAIN = /[^\n\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\uffef]/;
const DOCUMENT_START = '---\n';

const KEY = /([A-Za-z_][\w.-]{0,127}|"[A-Za-z_][^"\\\n:]{0,127}"):(?=[ \n]|$)/y;
const DOUBLE_QUOTED = /"(?:[^"\\\n]|\\["\\/nrt])*"/y;
const SINGLE_QUOTED = /'(?:[^'\n]|'')*'/y;
/** No indicator begins it, and in a flow collection none of its indicators ends it. */
const PLAIN = /[^\n]*/y;
const PLAIN_IN_FLOW = /[^\n,[\]{}]*/y;
const BEGINS_PLAIN = /^(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-[^\s-])/;
const BLANKS_BEHIND = / +$/;
/** A key's colon, or a comment. */
const ENDS_PLAIN = /:(?= |$)| #/;

const INTEGER = /^-?(?:0|[1-9]\d{0,14})$/;
const OTHER_NUMBER =
  /^(?:[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+|[-+]?(?:\.\d+|\d+\.\d*|(?:\.\d+|\d+(?:\.\d*)?)[eE][-+]?\d+)|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const WORDS = new Map<string, Json>([
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);
const LONGEST_WORD = 5;

/** Throws `LEFT` at whatever is not plain. */
class PlainReader {
  /** Where the line at hand begins, where its first character stands that is no blank, and where it ends. */
  private line = 0;
  private start = 0;
  private end = 0;
  /** Of what stands at `start`, in characters; -1 behind the last line. Behind a list's dash it is that of the item. */
  private indent = -1;
  /** Where reading within the line has come to. */
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly base: number,
    private readonly offsets: Offsets,
  ) {}

  document(): Json {
    this.toLine(this.text.startsWith(DOCUMENT_START) ? DOCUMENT_START.length : 0);
    if (this.indent < 0) throw LEFT;
    const root = this.block(this.start);
    // A line whose indent fits nowhere ends every block.
    if (this.indent >= 0) throw LEFT;
    return root;
  }

  /** Goes to the first line from `from` on that holds more than a comment. */
  private toLine(from: number): void {
    const { text } = this;
    for (let line = from; line < text.length;) {
      let start = line;
      while (text[start] === ' ') start++;
      const newline = text.indexOf('\n', start);
      const end = newline < 0 ? text.length : newline;
      if (start < end && text[start] !== '#') {
        this.line = line;
        this.start = start;
        this.end = end;
        this.indent = start - line;
        return;
      }
      line = end + 1;
    }
    this.indent = -1;
  }

  private nextLine(): void {
    this.toLine(this.end + 1);
  }

  /** The map or list that begins at this line. */
  private block(offset: number): Json {
    if (++this.depth >= MAX_DEPTH) throw LEFT;
    const value = this.isItem() ? this.list(offset) : this.map(offset);
    this.depth--;
    return value;
  }

  private isItem(): boolean {
    return this.text[this.start] === '-' && this.text[this.start + 1] === ' ';
  }

  private list(offset: number): Json {
    const { indent } = this;
    const items: Json[] = [];
    const places: number[] = [];
    this.offsets.set(items, this.base + offset, places);
    while (this.indent === indent && this.isItem()) {
      this.at = this.start + 2;
      this.skipBlanks();
      places.push(this.base + this.at);
      items.push(this.item());
    }
    return items;
  }

  private item(): Json {
    KEY.lastIndex = this.at;
    if (!KEY.test(this.text)) return this.restOfLine(this.at);
    this.start = this.at;
    this.indent = this.at - this.line;
    return this.block(this.at);
  }

  private map(offset: number): Json {
    const { indent } = this;
    const record = emptyRecord();
    this.offsets.set(record, this.base + offset);
    do {
      this.at = this.start;
      const key = this.key(record);
      record[key] = this.member(indent, this.start);
    } while (this.indent === indent);
    return record;
  }

  /** Reads a key with its colon. */
  private key(record: Record<string, Json>): string {
    KEY.lastIndex = this.at;
    const written = KEY.exec(this.text)?.[1];
    if (written === undefined) throw LEFT;
    this.at = KEY.lastIndex;
    const key = written.startsWith('"') ? written.slice(1, -1) : written;
    if (REFUSED_KEYS.has(key) || key in record) throw LEFT;
    return key;
  }

  private member(indent: number, keyOffset: number): Json {
    this.skipBlanks();
    if (this.at < this.end && this.text[this.at] !== '#') return this.restOfLine(keyOffset);
    this.nextLine();
    const isBelow = this.indent > indent || (this.indent === indent && this.isItem());
    return isBelow ? this.block(keyOffset) : null;
  }

  /** A value that ends with its line. @param offset where it stands, if it is a collection */
  private restOfLine(offset: number): Json {
    const value = this.inline(offset, PLAIN);
    this.skipBlanks();
    const isComment = this.text[this.at] === '#' && this.text[this.at - 1] === ' ';
    if (this.at < this.end && !isComment) throw LEFT;
    this.nextLine();
    return value;
  }

  private inline(offset: number, plain: RegExp): Json {
    switch (this.text[this.at]) {
      case '"':
        return this.doubleQuoted();
      case "'":
        return this.match(SINGLE_QUOTED).slice(1, -1).replaceAll("''", "'");
      case '[':
        return this.flowList(offset);
      case '{':
        return this.flowMap(offset);
      default:
        return this.plain(plain);
    }
  }

  private doubleQuoted(): string {
    const written = this.match(DOUBLE_QUOTED);
    return written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
  }

  private flowList(offset: number): Json {
    if (++this.depth >= MAX_DEPTH) throw LEFT;
    const items: Json[] = [];
    const places: number[] = [];
    this.offsets.set(items, this.base + offset, places);
    for (let isFirst = true; !this.closes(']', isFirst); isFirst = false) {
      places.push(this.base + this.at);
      items.push(this.inline(this.at, PLAIN_IN_FLOW));
    }
    this.depth--;
    return items;
  }

  private flowMap(offset: number): Json {
    if (++this.depth >= MAX_DEPTH) throw LEFT;
    const record = emptyRecord();
    this.offsets.set(record, this.base + offset);
    for (let isFirst = true; !this.closes('}', isFirst); isFirst = false) {
      const keyOffset = this.at;
      const key = this.key(record);
      this.skipBlanks();
      record[key] = this.inline(keyOffset, PLAIN_IN_FLOW);
    }
    this.depth--;
    return record;
  }

  /** Goes to the next member of a flow collection. @returns whether there is none */
  private closes(bracket: string, isFirst: boolean): boolean {
    if (isFirst) this.at++;
    this.skipBlanks();
    const isClosed = this.text[this.at] === bracket;
    if (isFirst && !isClosed) return false;
    if (!isClosed && this.text[this.at] !== ',') throw LEFT;
    this.at++;
    this.skipBlanks();
    return isClosed;
  }

  private plain(pattern: RegExp): Json {
    let written = this.match(pattern);
    const end = ENDS_PLAIN.exec(written);
    if (end !== null) {
      // In a flow collection a comment would hide its end.
      if (end[0] === ':' || pattern !== PLAIN) throw LEFT;
      this.at -= written.length - end.index;
      written = written.slice(0, end.index);
    }
    written = written.replace(BLANKS_BEHIND, '');
    if (!BEGINS_PLAIN.test(written)) throw LEFT;
    return plainValue(written);
  }

  private skipBlanks(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) throw LEFT;
    this.at = pattern.lastIndex;
    return match[0];
  }
}

/** By the core schema of YAML 1.2. */
function plainValue(written: string): Json {
  if (written.length <= LONGEST_WORD) {
    const word = WORDS.get(written);
    if (word !== undefined) return word;
  }
  const first = written.charCodeAt(0);
  // Numbers begin with a digit, "+", "-" or ".".
  if (first > 0x39 || first < 0x2b) return written;
  if (INTEGER.test(written)) return Number(written);
  if (OTHER_NUMBER.test(written)) throw LEFT;
  return written;
}

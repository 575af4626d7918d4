import { emptyRecord, type Json } from '@tigateway/model';
import { ReadingState, type DocumentTree, type TextProblem } from './document-tree.js';

/**
 * Reads one JSON text (RFC 8259, nothing more) with the place of every part. Unlike JSON.parse it reports keys that are given
 * twice, and it says where an error stands.
 */
export function readJson(text: string): { trees: readonly DocumentTree[]; problems: readonly TextProblem[] } {
  const reader = new JsonReader(text);
  try {
    const root = reader.document();
    return { trees: [{ root, offsets: reader.state.offsets }], problems: reader.state.problems };
  } catch (error) {
    if (error instanceof Stop) return { trees: [], problems: reader.state.problems };
    throw error;
  }
}

/** Thrown after the first syntax error: what follows it cannot be trusted. */
class Stop extends Error {}

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what a string must not hold
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

class JsonReader {
  readonly state: ReadingState;
  private at: number;

  constructor(private readonly text: string) {
    this.state = new ReadingState(text);
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  document(): Json {
    this.skipSpace();
    const root = this.value(this.at);
    this.skipSpace();
    if (this.at < this.text.length) this.fail('nothing may follow the JSON value');
    return root;
  }

  private value(offset: number): Json {
    switch (this.text[this.at]) {
      case '{':
        return this.object(offset);
      case '[':
        return this.array(offset);
      case '"':
        return this.string();
      default:
        return this.scalar();
    }
  }

  private object(offset: number): Json {
    const record = emptyRecord();
    if (!this.state.enter(this.at)) throw new Stop();
    this.state.offsets.set(record, offset);
    this.at++;
    this.skipSpace();
    if (this.take('}')) return record;
    const seen = new Map<string, number>();
    do {
      this.skipSpace();
      const keyOffset = this.at;
      if (this.text[this.at] !== '"') this.fail('expected a key in double quotes');
      const key = this.string();
      this.skipSpace();
      if (!this.take(':')) this.fail('expected ":" after the key');
      this.skipSpace();
      const accepted = this.state.acceptKey(key, keyOffset, seen.get(key));
      seen.set(key, seen.get(key) ?? keyOffset);
      this.state.path.push(key);
      const member = this.value(keyOffset);
      this.state.path.pop();
      if (accepted) record[key] = member;
      this.skipSpace();
    } while (this.take(','));
    if (!this.take('}')) this.fail('expected "," or "}"');
    return record;
  }

  private array(offset: number): Json {
    const items: Json[] = [];
    const places: number[] = [];
    if (!this.state.enter(this.at)) throw new Stop();
    this.state.offsets.set(items, offset, places);
    this.at++;
    this.skipSpace();
    if (this.take(']')) return items;
    do {
      this.skipSpace();
      places.push(this.at);
      this.state.path.push(items.length);
      items.push(this.value(this.at));
      this.state.path.pop();
      this.skipSpace();
    } while (this.take(','));
    if (!this.take(']')) this.fail('expected "," or "]"');
    return items;
  }

  private string(): string {
    const source = this.match(STRING);
    if (source === undefined)
      this.fail('this text does not end, or holds a character or escape that JSON does not allow');
    return source.includes('\\') ? (JSON.parse(source) as string) : source.slice(1, -1);
  }

  private scalar(): Json {
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    const source = this.match(NUMBER);
    if (source === undefined) {
      this.fail(this.at < this.text.length ? 'expected a JSON value' : 'the text ends where a value is expected');
    }
    return exactNumber(Number(source), source);
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    this.match(WHITE_SPACE);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match[0];
  }

  private fail(message: string): never {
    this.state.report('json-syntax', message, this.at);
    throw new Stop();
  }
}

/** A number that a double cannot hold is kept as the text it was written as: an id must never be rounded. */
export function exactNumber(value: number, source: string): number | string {
  if (Number.isSafeInteger(value)) return value;
  const isKept = Number.isFinite(value) && (/[.eE]/.test(source) || String(value) === source);
  return isKept ? value : source;
}

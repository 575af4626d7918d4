import { pointerTo, type Json } from '@tigateway/model';
import { TextLines } from './text-lines.js';

/** How deep objects and arrays may stand in each other: more is nobody's configuration. */
export const MAX_DEPTH = 64;

/** Keys through which JavaScript reaches an object's prototype. */
export const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What a reader found wrong with the text itself. */
export interface TextProblem {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/** One value read from a text, and where in the text its parts stand. */
export interface DocumentTree {
  readonly root: Json;
  readonly offsets: Offsets;
}

/** Where containers stand: an object member by its key, an array item by its first character. */
export class Offsets {
  private readonly containers = new Map<object, number>();
  private readonly items = new Map<object, readonly number[]>();

  set(container: object, offset: number, items?: readonly number[]): void {
    this.containers.set(container, offset);
    if (items) this.items.set(container, items);
  }

  of(container: object): number | undefined {
    return this.containers.get(container);
  }

  ofItem(array: object, index: number): number | undefined {
    return this.items.get(array)?.[index];
  }
}

/** What every reader keeps while it walks a text: the path it stands at and the problems it met. */
export class ReadingState {
  readonly problems: TextProblem[] = [];
  readonly offsets = new Offsets();
  readonly path: (string | number)[] = [];
  readonly lines: TextLines;

  constructor(text: string) {
    this.lines = new TextLines(text);
  }

  report(code: string, message: string, offset: number, key?: string): void {
    const path = key === undefined ? this.path : [...this.path, key];
    this.problems.push({ pointer: path.reduce<string>(pointerTo, ''), code, message, offset });
  }

  /** @returns whether one more container may open here */
  enter(offset: number): boolean {
    if (this.path.length < MAX_DEPTH) return true;
    this.report('too-deep', `objects and arrays may stand in each other at most ${MAX_DEPTH} deep`, offset);
    return false;
  }

  /** Reports a key that cannot be taken: written before in the same object, or dangerous. */
  acceptKey(key: string, offset: number, first: number | undefined): boolean {
    if (REFUSED_KEYS.has(key)) {
      this.report('forbidden-key', `"${key}" is not allowed as a key`, offset, key);
      return false;
    }
    if (first === undefined) return true;
    const { line, column } = this.lines.at(first);
    this.report('duplicate-key', `"${key}" is given twice; the first stands at ${line}:${column}`, offset, key);
    return false;
  }
}

import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import { ComponentError } from '../compiler/component.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { translateJavaRegex } from './java-regex-syntax.js';
import { parseReplacement, type RegexGroups, type ReplacementPart } from './replacement.js';

/**
 * One step is one instruction looked at for one character: up to 25 ns. A single search may take this many, some 8 ms; so a
 * pattern of 30 instructions takes inputs of 10,000 characters.
 */
const MAX_STEPS = 300_000;

/** A replacement that may search longer than one search is stopped when it really has, in milliseconds. */
const MAX_REPLACE_MS = 8;

/**
 * Compiled engines take some 5 KB each and 50 µs to make: those in use are kept, whatever the number of routes. Keyed by the
 * translated pattern, so equal patterns of many routes are one.
 */
const ENGINES = new LRUCache<string, RE2JS>({ max: 4_000 });

interface JavaRegexOptions {
  /** The argument that a refusal names. */
  readonly argument?: string;
  /** `.` takes line breaks too (Java's DOTALL). */
  readonly dotMatchesAll?: boolean;
}

/** A replacement read once; belongs to the pattern that made it. */
export interface Replacement {
  readonly parts: readonly ReplacementPart[];
}

/**
 * A regular expression in Java's syntax, matched in linear time. An input on which the pattern could hold the event loop for
 * long ends in an `ExchangeError` instead.
 */
export class JavaRegex {
  private constructor(
    readonly source: string,
    private readonly translated: string,
    private readonly flags: number,
  ) {}

  /** @throws ComponentError for what is no Java pattern, or none that linear time can match */
  static compile(source: string, { argument, dotMatchesAll = false }: JavaRegexOptions = {}): JavaRegex {
    try {
      const { regex, usesLookbehind } = translateJavaRegex(source, dotMatchesAll);
      const compiled = new JavaRegex(source, regex, usesLookbehind ? RE2JS.LOOKBEHINDS : 0);
      void compiled.engine;
      return compiled;
    } catch (error) {
      const reason = (error as Error).message.replace('error parsing regexp: ', '');
      throw new ComponentError(argument, `"${source}" is no regular expression that can be used: ${reason}`);
    }
  }

  get groups(): RegexGroups {
    return { count: this.engine.groupCount(), numberOf: this.engine.namedGroups() };
  }

  /**
   * True where the whole input matches.
   * @throws ExchangeError where the input is too long for the pattern
   */
  fullMatch(input: string): boolean {
    return this.engineFor(input).testExact(input);
  }

  /** The groups of a full match, the whole first; `undefined` where it does not match. */
  fullMatchGroups(input: string): readonly (string | null)[] | undefined {
    const matcher = this.engineFor(input).matcher(input);
    if (!matcher.matches()) return undefined;
    return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group));
  }

  /** @throws ComponentError for a group that the pattern does not have, or a `$` or `\` that means nothing */
  replacement(text: string, argument: string): Replacement {
    try {
      return { parts: parseReplacement(text, this.groups) };
    } catch (error) {
      throw new ComponentError(argument, `"${text}" is no replacement: ${(error as Error).message}`);
    }
  }

  /**
   * Replaces every match, the empty one at the end of a greedy pattern too, as Java does.
   * @throws ExchangeError where the input is too long for the pattern
   */
  replaceAll(input: string, { parts }: Replacement): string {
    const engine = this.engineFor(input);
    const matcher = engine.matcher(input);
    if (!matcher.find()) return input;
    const startedMs = performance.now();
    const size = engine.programSize();
    let steps = 0;
    let result = '';
    let end = 0;
    do {
      result += input.slice(end, matcher.start());
      for (const part of parts) result += typeof part === 'string' ? part : (matcher.group(part) ?? '');
      end = matcher.end();
      // Each search is linear, but a pattern that looks far ahead and takes little makes many of them. The clock alone would
      // refuse ordinary requests on a busy machine.
      steps += size * (input.length - end);
      if (steps > MAX_STEPS && performance.now() - startedMs > MAX_REPLACE_MS) throw tooCostly();
    } while (matcher.find());
    return result + input.slice(end);
  }

  toString(): string {
    return this.source;
  }

  private engineFor(input: string): RE2JS {
    const { engine } = this;
    if (input.length * engine.programSize() > MAX_STEPS) throw tooCostly();
    return engine;
  }

  private get engine(): RE2JS {
    const known = ENGINES.get(this.translated);
    if (known) return known;
    const made = RE2JS.compile(this.translated, this.flags);
    ENGINES.set(this.translated, made);
    return made;
  }
}

function tooCostly(): ExchangeError {
  return new ExchangeError(500, 'a regular expression of the route would take too long on this request');
}

import { ComponentError } from '../compiler/component.js';
import type { MatchCapture } from '../predicates/predicate-factory.js';
import type { HostIndexKey } from '../table/index-keys.js';
import { JavaRegex } from './java-regex.js';

/** No name in the DNS is longer; with a port and a margin, what is longer can match nothing. */
const MAX_HOST_LENGTH = 300;

/**
 * An Ant pattern over the labels of a host: `*.foo.org`, `**.foo.org`, `{tenant}.foo.org`, `api-?.foo.org`. Case does not
 * matter. A pattern without a port takes any; with one (`foo.org:8080`, `foo.org:*`) the request must name a port that fits.
 */
export class HostPattern {
  readonly variables: readonly string[];
  readonly indexKey: HostIndexKey;

  private constructor(
    readonly text: string,
    private readonly labels: readonly LabelPattern[],
    private readonly port: LabelPattern | undefined,
    private readonly edges: string,
  ) {
    this.variables = [...labels, ...(port ? [port] : [])].flatMap(({ names }) => names);
    this.indexKey = indexKeyOf(labels);
  }

  /** @throws ComponentError for unbalanced braces and bad expressions */
  static parse(text: string, argument: string): HostPattern {
    const pieces = splitOutsideBraces(text, ':', argument);
    const port = pieces.length > 1 && !text.endsWith(']') ? pieces.pop() : undefined;
    const labels = splitOutsideBraces(pieces.join(':'), '.', argument);
    const pattern = new HostPattern(
      text,
      labels.filter((label) => label !== '').map((label) => LabelPattern.parse(label, argument)),
      port === undefined ? undefined : LabelPattern.parse(port, argument),
      edgesOf(labels),
    );
    const twice = pattern.variables.find((each, at) => pattern.variables.indexOf(each) !== at);
    if (twice !== undefined) throw new ComponentError(argument, `"${text}": the variable "${twice}" is captured twice`);
    return pattern;
  }

  /** @param host the Host header's value */
  matches(host: string, capture: MatchCapture): boolean {
    if (host.length > MAX_HOST_LENGTH) return false;
    const { name, port } = splitPort(host);
    if (this.port !== undefined && (port === undefined || !this.port.matches(port))) return false;
    const parts = name.split('.');
    if (edgesOf(parts) !== this.edges) return false;
    const labels = parts.filter((part) => part !== '');
    const starts = this.align(labels);
    if (starts === undefined) return false;
    if (this.variables.length === 0) return true;
    this.labels.forEach((label, at) => label.capture(labels[starts[at] as number] as string, capture));
    this.port?.capture(port as string, capture);
    return true;
  }

  toString(): string {
    return this.text;
  }

  /**
   * Where each part of the pattern stands in the labels. A `**` first takes nothing and one label more each time the rest
   * does not fit; only the last `**` met needs to be tried again, so the work is at most labels × parts.
   */
  private align(labels: readonly string[]): readonly number[] | undefined {
    const starts: number[] = [];
    let part = 0;
    let label = 0;
    let anyPart = -1;
    let anyEnd = 0;
    while (label < labels.length) {
      const pattern = this.labels[part];
      if (pattern?.takesAny) {
        anyPart = part;
        anyEnd = label;
        starts[part++] = label;
      } else if (pattern?.matches(labels[label] as string)) {
        starts[part++] = label++;
      } else if (anyPart >= 0) {
        part = anyPart + 1;
        label = ++anyEnd;
      } else {
        return undefined;
      }
    }
    while (this.labels[part]?.takesAny) part++;
    return part === this.labels.length ? starts : undefined;
  }
}

const NO_NAMES: readonly string[] = [];

/** One label, or the port: literal, `**`, or made of text, `*`, `?`, `{name}` and `{name:regex}`. */
class LabelPattern {
  readonly takesAny: boolean;

  private constructor(
    /** Lower case; `undefined` where it is a pattern. */
    readonly literal: string | undefined,
    private readonly regex: JavaRegex | undefined,
    readonly names: readonly string[],
    text: string,
  ) {
    this.takesAny = text === '**';
  }

  static parse(text: string, argument: string): LabelPattern {
    if (text === '**' || text === '*') return new LabelPattern(undefined, undefined, NO_NAMES, text);
    if (!/[*?{}]/.test(text)) return new LabelPattern(text.toLowerCase(), undefined, NO_NAMES, text);
    const names: string[] = [];
    let regex = '';
    for (let at = 0; at < text.length;) {
      if (text[at] !== '{') {
        const letter = text[at++] as string;
        regex += letter === '*' ? '.*' : letter === '?' ? '.' : `\\Q${letter}\\E`;
        continue;
      }
      const end = closingBrace(text, at);
      const [, name = '', constraint = '.*'] = /^([^:]*)(?::(.+))?$/s.exec(text.slice(at + 1, end)) ?? [];
      if (name === '') throw new ComponentError(argument, `"${text}": a variable needs a name`);
      if (JavaRegex.compile(constraint, { argument }).groups.count > 0) {
        throw new ComponentError(argument, `"${text}": capturing groups are not allowed; write (?:…)`);
      }
      names.push(name);
      regex += `(${constraint})`;
      at = end + 1;
    }
    return new LabelPattern(undefined, JavaRegex.compile(`(?i)${regex}`, { argument }), names, text);
  }

  matches(label: string): boolean {
    if (this.literal !== undefined) return label.length === this.literal.length && label.toLowerCase() === this.literal;
    return this.regex === undefined || this.regex.fullMatch(label);
  }

  capture(label: string, capture: MatchCapture): void {
    if (this.names.length === 0) return;
    const groups = this.regex?.fullMatchGroups(label);
    this.names.forEach((name, at) => capture.set(name, groups?.[at + 1] ?? ''));
  }
}

function splitPort(host: string): { name: string; port: string | undefined } {
  const colon = host.lastIndexOf(':');
  // The colons of an IPv6 address are inside of its brackets.
  if (colon < 0 || colon < host.lastIndexOf(']')) return { name: host, port: undefined };
  return { name: host.slice(0, colon), port: host.slice(colon + 1) };
}

/** What Ant compares at both ends: a leading or trailing separator must be on both sides or on neither. */
function edgesOf(parts: readonly string[]): string {
  if (parts.length < 2) return '';
  return `${parts[0] === '' ? '.' : ''}|${parts.at(-1) === '' ? '.' : ''}`.replace(/^\|$/, '');
}

/** @throws ComponentError where braces do not pair */
function splitOutsideBraces(text: string, separator: string, argument: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    if (letter === '{') depth++;
    if (letter === '}' && depth-- === 0) throw new ComponentError(argument, `"${text}": a "}" without its "{"`);
    if (letter === separator && depth === 0) parts.push('');
    else parts.push((parts.pop() as string) + letter);
  }
  if (depth > 0) throw new ComponentError(argument, `"${text}": a "{" without its "}"`);
  return parts;
}

/** The braces are known to pair. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; ; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
}

function indexKeyOf(labels: readonly LabelPattern[]): HostIndexKey {
  const literals: string[] = [];
  for (const { literal } of labels.toReversed()) {
    if (literal === undefined) return { labels: literals, open: true };
    literals.push(literal);
  }
  return { labels: literals, open: false };
}

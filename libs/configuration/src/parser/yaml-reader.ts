import type { CST, Document, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { emptyRecord, isJsonObject, type Json } from '@tigateway/model';
import { type DocumentTree, MAX_DEPTH, ReadingState, type TextProblem } from './document-tree.js';
import { exactNumber } from './json-reader.js';
import { readPlainYaml } from './plain-yaml.js';
import { yamlLibrary } from './yaml-library.js';
import { type CutList, cutLists } from './yaml-segments.js';

/** `merge` and `uniqueKeys` are done here: the library's take quadratic time and do not name the first place. */
export const YAML_OPTIONS = {
  schema: 'core',
  merge: false,
  uniqueKeys: false,
  resolveKnownTags: false,
  prettyErrors: false,
  keepSourceTokens: false,
} as const;

/** What aliases may add to a text: nodes repeated through `*alias`, all in all. More is a bomb, not a configuration. */
const MAX_ALIASED_NODES = 500_000;

/** Texts longer than this are read in pieces, where they can be. */
const CUT_CHARACTERS = 262_144;
const SEGMENT_CHARACTERS = 32_768;

/** A longer text with an error is not read once more as a whole, which would find all of them: it takes a hundred times as much memory. */
const REREAD_CHARACTERS = 4_194_304;

/** Reads every document of a YAML 1.2 text. Dates stay text; `<<` merges as SnakeYAML does. */
export function readYaml(text: string): Reading {
  const plain = readPlainYaml(text);
  return plain ? { trees: [plain], problems: [] } : readAnyYaml(text);
}

/** As `readYaml`, without the short way for what is plain as a whole. */
export function readAnyYaml(
  text: string,
  cutCharacters = CUT_CHARACTERS,
  rereadCharacters = REREAD_CHARACTERS,
): Reading {
  if (text.length <= cutCharacters) return readWhole(text);
  const pieces = readInPieces(text, Math.min(SEGMENT_CHARACTERS, cutCharacters));
  if (!pieces || (pieces.problems.length > 0 && text.length <= rereadCharacters)) return readWhole(text);
  return pieces;
}

export interface Reading {
  readonly trees: readonly DocumentTree[];
  readonly problems: readonly TextProblem[];
}

function readWhole(text: string): Reading {
  const state = new ReadingState(text);
  const trees = [...treesOf(text, state, (offset) => offset, NO_LISTS)];
  return { trees, problems: state.problems };
}

/** @returns `undefined` where the text must be read as a whole: its pieces depend on each other, or are none */
function readInPieces(text: string, segmentCharacters: number): Reading | undefined {
  const cut = cutLists(text, segmentCharacters);
  if (!cut) return undefined;
  const state = new ReadingState(text);
  const waiting = new Map(cut.lists.map((list) => [list.keyOffset, list]));
  const trees = [...treesOf(cut.skeleton, state, cut.place, waiting)];
  if (waiting.size > 0 || state.problems.some(({ code }) => code === 'bad-alias')) return undefined;
  return { trees, problems: state.problems };
}

const NO_LISTS = new Map<number, CutList>();

function* treesOf(
  text: string,
  state: ReadingState,
  place: (offset: number) => number,
  lists: Map<number, CutList>,
  firstIndex = 0,
): Generator<DocumentTree> {
  for (const document of composeYaml(text, (offset) => state.report('too-deep', TOO_DEEP, place(offset)))) {
    for (const { message, pos } of document.errors) state.report('yaml-syntax', message, place(pos[0]));
    for (const { message, pos } of document.warnings) state.report('yaml-syntax', message, place(pos[0]));
    if (document.errors.length > 0) continue;
    yield { root: new YamlReader(state, place, lists, firstIndex).read(document.contents), offsets: state.offsets };
  }
}

const TOO_DEEP = `objects and arrays may stand in each other at most ${MAX_DEPTH} deep`;

/**
 * The documents as the library composes them. Its composer recurses and can end the process on deep nesting, so that is
 * looked for first, in the flat output of its parser.
 */
export function* composeYaml(text: string, onTooDeep: (offset: number) => void): Generator<Document.Parsed> {
  const { Composer, Parser } = yamlLibrary();
  const composer = new Composer(YAML_OPTIONS);
  for (const token of new Parser().parse(text)) {
    const tooDeep = token.type === 'document' ? firstTooDeep(token) : undefined;
    if (tooDeep !== undefined) return onTooDeep(tooDeep);
    yield* composer.next(token);
  }
  yield* composer.end(false, text.length);
}

function firstTooDeep(document: CST.Document): number | undefined {
  const waiting: { token: CST.Token | null | undefined; depth: number }[] = [{ token: document.value, depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { token, depth } = next;
    if (!token || !('items' in token)) continue;
    if (depth > MAX_DEPTH) return token.offset;
    for (const item of token.items)
      waiting.push({ token: item.key, depth: depth + 1 }, { token: item.value, depth: depth + 1 });
  }
  return undefined;
}

/** What an anchor stands for; without a value it is still being read, so an alias to it would hold itself. */
interface Anchored {
  value?: Json;
  nodes: number;
}

/** Turns the nodes of one YAML document into JSON. */
class YamlReader {
  private readonly anchors = new Map<string, Anchored>();
  private readonly yaml = yamlLibrary();
  private nodes = 0;
  private aliasedNodes = 0;

  /**
   * @param place from an offset in this YAML text to the one in the document
   * @param lists by the place of their key, the lists that were cut out; what is read is taken from it
   * @param firstIndex of the root's items, where the root is a piece of a list
   */
  constructor(
    private readonly state: ReadingState,
    private readonly place: (offset: number) => number,
    private readonly lists: Map<number, CutList>,
    private readonly firstIndex: number,
  ) {}

  read(node: ParsedNode | null, offset = this.offsetOf(node)): Json {
    this.nodes++;
    if (node === null) return null;
    if (this.yaml.isAlias(node)) return this.alias(node.source, this.offsetOf(node));
    const anchored: Anchored | undefined = node.anchor === undefined ? undefined : { nodes: this.nodes };
    if (anchored) this.anchors.set(node.anchor as string, anchored);
    const value = this.yaml.isMap(node)
      ? this.map(node, offset)
      : this.yaml.isSeq(node)
        ? this.sequence(node, offset)
        : scalarValue(node);
    if (anchored) {
      anchored.value = value;
      anchored.nodes = this.nodes - anchored.nodes + 1;
    }
    return value;
  }

  private alias(name: string, offset: number): Json {
    const anchored = this.anchors.get(name);
    if (anchored?.value === undefined) {
      const message = anchored
        ? `the alias *${name} stands inside its own anchor`
        : `no anchor &${name} stands before this alias`;
      this.state.report('bad-alias', message, offset);
      return null;
    }
    this.nodes += anchored.nodes;
    this.aliasedNodes += anchored.nodes;
    if (this.aliasedNodes > MAX_ALIASED_NODES && this.aliasedNodes - anchored.nodes <= MAX_ALIASED_NODES) {
      this.state.report('alias-limit', `aliases repeat more than ${MAX_ALIASED_NODES} values`, offset);
    }
    return anchored.value;
  }

  private sequence(node: YAMLSeq.Parsed, offset: number): Json {
    const items: Json[] = [];
    const places: number[] = [];
    if (!this.state.enter(offset)) return items;
    this.state.offsets.set(items, offset, places);
    const first = this.nodes === 1 ? this.firstIndex : 0;
    for (const [index, item] of node.items.entries()) {
      places.push(this.offsetOf(item));
      this.state.path.push(first + index);
      items.push(this.read(item));
      this.state.path.pop();
    }
    return items;
  }

  private map(node: YAMLMap.Parsed, offset: number): Json {
    const record = emptyRecord();
    if (!this.state.enter(offset)) return record;
    this.state.offsets.set(record, offset);
    const seen = new Map<string, number>();
    const merged: Json[] = [];
    for (const { key: keyNode, value: valueNode } of node.items) {
      const keyOffset = this.offsetOf(keyNode);
      if (isMergeKey(keyNode)) {
        merged.push(...this.mergeSources(valueNode, keyOffset));
        continue;
      }
      const key = this.key(keyNode, keyOffset);
      if (key === undefined) continue;
      const accepted = this.state.acceptKey(key, keyOffset, seen.get(key));
      if (!seen.has(key)) seen.set(key, keyOffset);
      this.state.path.push(key);
      const value = this.cutOut(keyOffset, valueNode) ?? this.read(valueNode, keyOffset);
      this.state.path.pop();
      if (accepted) record[key] = value;
    }
    for (const source of merged) {
      for (const [key, value] of Object.entries(source as Record<string, Json>)) {
        if (!Object.hasOwn(record, key)) record[key] = value;
      }
    }
    return record;
  }

  /** The list that was cut out from under this key, put together from its pieces. */
  private cutOut(keyOffset: number, node: ParsedNode | null): Json | undefined {
    const list = this.lists.get(keyOffset);
    if (!list || (this.yaml.isScalar(node) ? node.value !== null : node !== null)) return undefined;
    this.lists.delete(keyOffset);
    const items: Json[] = [];
    const places: number[] = [];
    const problems = this.state.problems.length;
    for (const { offset, text } of list.segments) {
      // How many items a broken piece has is not known: what comes after it has no index.
      if (this.state.problems.length > problems) break;
      const plain = readPlainYaml(text, offset, this.state.offsets);
      const trees = plain ? [plain] : treesOf(text, this.state, (inner) => offset + inner, NO_LISTS, items.length);
      for (const { root } of trees) {
        for (const [index, item] of (Array.isArray(root) ? (root as readonly Json[]) : []).entries()) {
          items.push(item);
          places.push(this.state.offsets.ofItem(root as object, index) ?? offset);
        }
      }
    }
    this.state.offsets.set(items, keyOffset, places);
    return items;
  }

  private offsetOf(node: ParsedNode | null): number {
    return this.place(node?.range[0] ?? 0);
  }

  /** The maps that `<<` brings in, the stronger first: what the map itself says is stronger than all of them. */
  private mergeSources(node: ParsedNode | null, offset: number): Json[] {
    this.state.path.push('<<');
    const value = this.read(node, offset);
    this.state.path.pop();
    const sources = Array.isArray(value) ? (value as readonly Json[]) : [value];
    const maps = sources.filter(isJsonObject);
    if (maps.length < sources.length) {
      this.state.report('bad-merge', '"<<" takes a map or a list of maps', offset, '<<');
    }
    return maps;
  }

  private key(node: ParsedNode | null, offset: number): string | undefined {
    if (node !== null && this.yaml.isScalar(node)) {
      if (node.anchor !== undefined) this.anchors.set(node.anchor, { value: scalarValue(node), nodes: 1 });
      return typeof node.value === 'string' ? node.value : node.source;
    }
    const value = node !== null && this.yaml.isAlias(node) ? this.alias(node.source, offset) : undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    this.state.report('bad-key', 'a key must be a text', offset);
    return undefined;
  }
}

export function isMergeKey(node: ParsedNode | null): boolean {
  return yamlLibrary().isScalar(node) && node.type === 'PLAIN' && node.value === '<<';
}

function scalarValue({ value, source }: Scalar.Parsed): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return exactNumber(value, source);
    default:
      return null;
  }
}

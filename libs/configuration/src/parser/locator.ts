import type { Document, ParsedNode } from 'yaml';
import { pointerTokens } from '@tigateway/model';
import { stepsAlong } from './property-path.js';
import { TextLines } from './text-lines.js';
import { yamlLibrary } from './yaml-library.js';
import { composeYaml, isMergeKey } from './yaml-reader.js';

/**
 * Finds where in a text a JSON Pointer leads: the key of an object member, the start of an array item; where the text has no
 * such part (a missing property), the deepest one that it has. Dotted keys, relaxed names and merged maps are followed. Reads
 * the text again at the first question, so it is for problems only.
 */
export class Locator {
  private readonly lines: TextLines;
  private composed: readonly Document.Parsed[] | undefined;

  /** @param text YAML or JSON */
  constructor(private readonly text: string) {
    this.lines = new TextLines(text);
  }

  /**
   * @param nearLine a line of the YAML document that is meant, where the text has several; default: the first document that
   *   has the part
   * @returns line and column, both counted from 1
   */
  locate(pointer: string, nearLine?: number): { line: number; column: number } {
    return this.lines.at(this.find(pointerTokens(pointer), nearLine).offset);
  }

  /** As `locate`; also tells how many of the pointer's tokens the text has. */
  find(tokens: readonly string[], nearLine?: number): Place {
    const documents = (this.composed ??= [...composeYaml(this.text, () => undefined)]);
    const near =
      nearLine === undefined ? documents : documents.filter((each) => this.startLine(each) <= nearLine).slice(-1);
    let best: Place = { depth: -1, offset: 0 };
    for (const document of near) {
      const start = { depth: 0, offset: offsetOf(document.contents) };
      const place = descend(document, document.contents, tokens, start);
      if (place.depth > best.depth) best = place;
    }
    return best;
  }

  private startLine(document: Document.Parsed): number {
    return this.lines.at(document.range[0]).line;
  }
}

export interface Place {
  /** Tokens of the pointer that were followed. */
  readonly depth: number;
  readonly offset: number;
}

function descend(document: Document.Parsed, node: ParsedNode | null, tokens: readonly string[], here: Place): Place {
  if (tokens.length === 0 || node === null) return here;
  const { isAlias, isMap, isSeq } = yamlLibrary();
  if (isAlias(node)) return descend(document, (node.resolve(document) as ParsedNode | undefined) ?? null, tokens, here);
  let best = here;
  const follow = (next: ParsedNode | null, used: number, offset: number): void => {
    const place = descend(document, next, tokens.slice(used), { depth: here.depth + used, offset });
    if (place.depth > best.depth) best = place;
  };
  if (isSeq(node)) {
    const item = /^\d+$/.test(tokens[0] as string) ? node.items[Number(tokens[0])] : undefined;
    if (item) follow(item, 1, offsetOf(item));
    return best;
  }
  if (!isMap(node)) return here;
  for (const { key, value } of node.items) {
    const along = stepsAlong(String(key), tokens);
    if (along > 0) follow(value, Math.min(along, tokens.length), offsetOf(key));
    else if (isMergeKey(key)) mergedMaps(value).forEach((map) => follow(map, 0, here.offset));
  }
  return best;
}

function mergedMaps(node: ParsedNode | null): readonly ParsedNode[] {
  if (node === null) return [];
  return yamlLibrary().isSeq(node) ? node.items : [node];
}

function offsetOf(node: ParsedNode | null): number {
  return node?.range[0] ?? 0;
}

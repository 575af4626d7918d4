/** A long list cut out of a YAML text, in pieces that can be read one after the other. */
export interface CutList {
  /** Where the key of the list stands in the whole text. */
  readonly keyOffset: number;
  readonly segments: readonly Segment[];
}

/** Some consecutive items of the list: a block sequence by itself. */
export interface Segment {
  readonly offset: number;
  readonly text: string;
}

export interface CutText {
  /** The text without the lists' items: their keys stand there without a value. */
  readonly skeleton: string;
  /** From an offset in the skeleton to the one in the whole text. */
  readonly place: (offset: number) => number;
  readonly lists: readonly CutList[];
}

const LIST_KEY = /^( *)(routes):[ \t]*\r?\n/gm;

/**
 * Cuts the items of every `routes:` list out of a YAML text: reading a text of 20 MB as one tree of nodes takes a gigabyte, a
 * piece at a time takes little. What an item holds is indented more than its dash, so the lines alone tell where items end. It
 * can still be wrong (the key stands in a text block, an alias reaches into another item): the reader notices and reads the
 * whole.
 * @param segmentCharacters how long a piece is at least, but for the last
 */
export function cutLists(text: string, segmentCharacters: number): CutText | undefined {
  const lists: CutList[] = [];
  const kept: string[] = [];
  const cuts: { readonly at: number; readonly removed: number }[] = [];
  let from = 0;
  let removed = 0;
  for (const match of text.matchAll(LIST_KEY)) {
    const start = match.index + match[0].length;
    if (match.index < from) continue;
    const list = cutList(text, start, (match[1] as string).length, segmentCharacters);
    if (!list) continue;
    lists.push({ keyOffset: match.index + (match[1] as string).length, segments: list.segments });
    kept.push(text.slice(from, start));
    removed += list.end - start;
    cuts.push({ at: list.end - removed, removed });
    from = list.end;
  }
  if (lists.length === 0) return undefined;
  kept.push(text.slice(from));
  const place = (offset: number): number => offset + (cuts.findLast(({ at }) => at <= offset)?.removed ?? 0);
  return { skeleton: kept.join(''), place, lists };
}

function cutList(
  text: string,
  start: number,
  keyIndent: number,
  segmentCharacters: number,
): { segments: Segment[]; end: number } | undefined {
  const segments: Segment[] = [];
  let dashIndent: number | undefined;
  let segmentStart = start;
  let at = start;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const next = newline < 0 ? text.length : newline + 1;
    const indent = indentAt(text, at);
    const first = text[at + indent];
    if (first === '\t') return undefined;
    const isItem = first === '-' && /[\s]/.test(text[at + indent + 1] ?? '\n');
    if (first !== undefined && first !== '\n' && first !== '\r' && first !== '#') {
      dashIndent ??= isItem && indent >= keyIndent ? indent : -1;
      if (indent < dashIndent || (indent === dashIndent && !isItem) || dashIndent < 0) break;
      if (indent === dashIndent && at - segmentStart >= segmentCharacters && at > segmentStart) {
        segments.push({ offset: segmentStart, text: text.slice(segmentStart, at) });
        segmentStart = at;
      }
    }
    at = next;
  }
  if (dashIndent === undefined || dashIndent < 0) return undefined;
  segments.push({ offset: segmentStart, text: text.slice(segmentStart, at) });
  return { segments, end: at };
}

function indentAt(text: string, at: number): number {
  let indent = 0;
  while (text[at + indent] === ' ') indent++;
  return indent;
}

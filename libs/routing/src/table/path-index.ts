import type { CompiledRoute } from './compiled-route.js';
import type { PathIndexKey } from './index-keys.js';
import { changeList, NO_ROUTES, type RouteList } from './route-list.js';
import { TextMap } from './text-map.js';

/** One more level of the index is no longer worth its memory; deeper patterns are kept as if anything could follow. */
const MAX_DEPTH = 12;

/** Routes by the leading segments of their path patterns. Persistent: a changed index shares what did not change. */
export class PathIndex {
  constructor(
    private readonly literals: TextMap<PathIndex> | undefined,
    private readonly any: PathIndex | undefined,
    /** The literal that leads here; `undefined` where none does. */
    private readonly segment: string | undefined,
    /** Routes whose pattern ends here. */
    private readonly exact: RouteList,
    /** Routes whose pattern goes on with `**` or with what the index cannot follow. */
    private readonly open: RouteList,
  ) {}

  /** True where the path is needed to find every candidate. */
  get isDivided(): boolean {
    return this.literals !== undefined || this.any !== undefined || this.exact.length > 0;
  }

  /**
   * Adds to `lists` every list that may hold a match.
   * @param segments each that is found is put in place by the same text of the index: what compares it with a pattern's then
   *   finds one string, where a slice of the path would have to be read
   */
  collect(segments: string[], at: number, lists: RouteList[]): void {
    if (this.open.length > 0) lists.push(this.open);
    const left = segments.length - at;
    if (this.exact.length > 0 && (left === 0 || (left === 1 && segments[at] === ''))) lists.push(this.exact);
    if (left === 0) return;
    const below = this.literals?.get(segments[at] as string);
    if (below !== undefined) {
      segments[at] = below.segment as string;
      below.collect(segments, at + 1, lists);
    }
    this.any?.collect(segments, at + 1, lists);
  }

  /** What can be found without looking at the path. */
  collectUndivided(lists: RouteList[]): void {
    if (this.open.length > 0) lists.push(this.open);
  }

  /**
   * The index after an edit; `undefined` where nothing is left. Yields now and then, so that the caller can give way.
   * @param index what is there already
   * @param segment the literal that leads here
   */
  static *edited(
    index: PathIndex | undefined,
    edit: PathIndexEdit,
    segment?: string,
  ): Generator<void, PathIndex | undefined> {
    const exact = edit.exact.applyTo(index?.exact ?? NO_ROUTES);
    const open = edit.open.applyTo(index?.open ?? NO_ROUTES);
    let literals = index?.literals;
    if (edit.literals !== undefined) {
      const edits = new Map<string, PathIndex | undefined>();
      for (const [literal, below] of edit.literals) {
        edits.set(literal, yield* PathIndex.edited(literals?.get(literal), below, literal));
        yield;
      }
      literals = yield* TextMap.edited(literals, edits);
    }
    const any = edit.any === undefined ? index?.any : yield* PathIndex.edited(index?.any, edit.any);
    if (literals === undefined && any === undefined && exact.length === 0 && open.length === 0) return undefined;
    return new PathIndex(literals, any, index?.segment ?? segment, exact, open);
  }
}

/** What a change does to one list. */
export class ListEdit {
  private readonly removed = new Set<CompiledRoute>();
  private readonly added: CompiledRoute[] = [];

  remove(route: CompiledRoute): void {
    this.removed.add(route);
  }

  /** Routes come in order; one that comes twice in a row (two patterns of one key) is there once. */
  add(route: CompiledRoute): void {
    if (this.added.at(-1) !== route) this.added.push(route);
  }

  applyTo(list: RouteList): RouteList {
    if (this.removed.size === 0 && this.added.length === 0) return list;
    return changeList(list, this.removed, this.added);
  }
}

const UNTOUCHED = new ListEdit();

/** What a change does to an index, gathered first so that every node is made anew only once. */
export class PathIndexEdit {
  literals: Map<string, PathIndexEdit> | undefined;
  any: PathIndexEdit | undefined;
  exact = UNTOUCHED;
  open = UNTOUCHED;

  /** The list that a key leads to. */
  listAt({ segments, open }: PathIndexKey): ListEdit {
    const depth = Math.min(segments.length, MAX_DEPTH);
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a walk that begins here
    let node: PathIndexEdit = this;
    for (let at = 0; at < depth; at++) node = node.below(segments[at] as string | null);
    if (open || depth < segments.length) return node.open === UNTOUCHED ? (node.open = new ListEdit()) : node.open;
    return node.exact === UNTOUCHED ? (node.exact = new ListEdit()) : node.exact;
  }

  private below(segment: string | null): PathIndexEdit {
    if (segment === null) return (this.any ??= new PathIndexEdit());
    const known = this.literals?.get(segment);
    if (known) return known;
    const below = new PathIndexEdit();
    (this.literals ??= new Map()).set(segment, below);
    return below;
  }
}

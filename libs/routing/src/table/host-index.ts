import type { HostIndexKey } from './index-keys.js';
import { PathIndex, PathIndexEdit } from './path-index.js';
import { TextMap } from './text-map.js';

const MAX_DEPTH = 12;

/** Routes by the literal labels at the end of their host patterns, each place with a path index of its own. Persistent. */
export class HostIndex {
  constructor(
    private readonly labels: TextMap<HostIndex> | undefined,
    private readonly exact: PathIndex | undefined,
    private readonly open: PathIndex | undefined,
  ) {}

  /** Adds the path indexes that may hold a match. @param labels from the right, lower-case */
  collect(labels: readonly string[], at: number, found: PathIndex[]): void {
    if (this.open !== undefined) found.push(this.open);
    if (at === labels.length) {
      if (this.exact !== undefined) found.push(this.exact);
      return;
    }
    this.labels?.get(labels[at] as string)?.collect(labels, at + 1, found);
  }

  /** True where a request's host is needed to find every candidate. */
  get isDivided(): boolean {
    return this.labels !== undefined || this.exact !== undefined;
  }

  static *edited(index: HostIndex | undefined, edit: HostIndexEdit): Generator<void, HostIndex | undefined> {
    let labels = index?.labels;
    if (edit.labels !== undefined) {
      const edits = new Map<string, HostIndex | undefined>();
      for (const [label, below] of edit.labels) {
        edits.set(label, yield* HostIndex.edited(labels?.get(label), below));
        yield;
      }
      labels = yield* TextMap.edited(labels, edits);
    }
    const exact = edit.exact === undefined ? index?.exact : yield* PathIndex.edited(index?.exact, edit.exact);
    const open = edit.open === undefined ? index?.open : yield* PathIndex.edited(index?.open, edit.open);
    if (labels === undefined && exact === undefined && open === undefined) return undefined;
    return new HostIndex(labels, exact, open);
  }
}

export class HostIndexEdit {
  labels: Map<string, HostIndexEdit> | undefined;
  exact: PathIndexEdit | undefined;
  open: PathIndexEdit | undefined;

  pathsAt({ labels, open }: HostIndexKey): PathIndexEdit {
    const depth = Math.min(labels.length, MAX_DEPTH);
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a walk that begins here
    let node: HostIndexEdit = this;
    for (let at = 0; at < depth; at++) node = node.below(labels[at] as string);
    if (open || depth < labels.length) return (node.open ??= new PathIndexEdit());
    return (node.exact ??= new PathIndexEdit());
  }

  private below(label: string): HostIndexEdit {
    const known = this.labels?.get(label);
    if (known) return known;
    const below = new HostIndexEdit();
    (this.labels ??= new Map()).set(label, below);
    return below;
  }
}

/** The labels of a Host header from the right, without its port; no label is empty. */
export function hostLabels(host: string): string[] {
  const colon = host.lastIndexOf(':');
  const name = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
  return name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '')
    .reverse();
}

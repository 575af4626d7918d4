import type { CompiledRoute } from './compiled-route.js';
import { compareRoutes, type RouteList } from './route-list.js';

/** Walks several ordered lists as if they were one. A route that stands in more than one comes once. */
export class Candidates {
  private readonly positions: number[];
  private last: CompiledRoute | undefined;

  constructor(
    private readonly lists: readonly RouteList[],
    positions?: readonly number[],
  ) {
    this.positions = positions ? positions.slice() : lists.map(() => 0);
  }

  next(): CompiledRoute | undefined {
    for (;;) {
      const route = this.take();
      if (route === undefined || route !== this.last) return (this.last = route);
    }
  }

  /** What is still to come, to be walked on its own. */
  rest(): Candidates {
    return new Candidates(this.lists, this.positions);
  }

  private take(): CompiledRoute | undefined {
    const { lists, positions } = this;
    let first: CompiledRoute | undefined;
    let from = 0;
    for (let at = 0; at < lists.length; at++) {
      const head = (lists[at] as RouteList)[positions[at] as number];
      if (head === undefined || (first !== undefined && compareRoutes(head, first) >= 0)) continue;
      first = head;
      from = at;
    }
    if (first !== undefined) positions[from] = (positions[from] as number) + 1;
    return first;
  }
}

import { compareRank, type Rank } from '@tigateway/model';
import { inOrder, type PlacedFilter } from './placed-filter.js';
import type { RouteSelector } from './route-selector.js';

/** All of a named filter that follows from its definition alone. */
export interface FilterBlueprint {
  readonly id: string;
  readonly isEnabled: boolean;
  readonly placed: PlacedFilter;
  readonly selector: RouteSelector;
}

export interface NamedFilter {
  readonly blueprint: FilterBlueprint;
  readonly rank: Rank;
}

const NONE: readonly PlacedFilter[] = Object.freeze([]);

/** The filters with an id of their own, looked up by the route that they join. */
export class NamedFilters {
  static readonly NONE = new NamedFilters([]);

  /** Those that name no ids and may join any route, and those that join the one of that id. In order. */
  private readonly byPattern: readonly NamedFilter[];
  private readonly byId: ReadonlyMap<string, readonly NamedFilter[]>;

  constructor(filters: Iterable<NamedFilter>) {
    const byId = new Map<string, NamedFilter[]>();
    const byPattern: NamedFilter[] = [];
    for (const filter of [...filters].sort(compareFilters)) {
      const { ids, hasPatterns } = filter.blueprint.selector;
      if (hasPatterns) byPattern.push(filter);
      else {
        for (const id of ids) {
          const named = byId.get(id);
          if (named) named.push(filter);
          else byId.set(id, [filter]);
        }
      }
    }
    this.byPattern = byPattern;
    this.byId = byId;
  }

  /** The filters that join the route, in the order of the chain. */
  of(routeId: string): readonly PlacedFilter[] {
    const own = this.byId.get(routeId) ?? [];
    if (own.length === 0 && this.byPattern.length === 0) return NONE;
    const matching = this.byPattern.filter(({ blueprint }) => blueprint.selector.names(routeId));
    if (own.length === 0 && matching.length === 0) return NONE;
    return inOrder([...own, ...matching].sort(compareFilters).map(({ blueprint }) => blueprint.placed));
  }
}

function compareFilters(a: NamedFilter, b: NamedFilter): number {
  const [left, right] = [a.blueprint, b.blueprint];
  return left.placed.order - right.placed.order || compareRank(a.rank, b.rank) || (left.id < right.id ? -1 : 1);
}

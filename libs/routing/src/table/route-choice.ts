import type { GatewayRequest, UriVariables } from '../exchange/exchange.js';
import type { MatchCapture, RoutePredicate } from '../predicates/predicate-factory.js';
import type { Candidates } from './candidates.js';
import type { CompiledRoute } from './compiled-route.js';
import type { RouteMatch } from './route-table.js';

const NO_VARIABLES: UriVariables = Object.freeze(Object.create(null) as Record<string, string>);

/** One request's search through its candidates. */
export class RouteChoice implements MatchCapture {
  private captured: Record<string, string> | undefined;
  private failure: unknown;
  private draws: Map<string, CompiledRoute | undefined> | undefined;

  constructor(
    private readonly request: GatewayRequest,
    private readonly candidates: Candidates,
    private readonly random: () => number,
  ) {}

  find(): RouteMatch | undefined {
    for (let route = this.candidates.next(); route !== undefined; route = this.candidates.next()) {
      if (!this.holds(route)) continue;
      const variables = this.captured ?? NO_VARIABLES;
      if (route.predicates.every(({ weight }) => weight === undefined || this.draw(weight.group, route) === route)) {
        return { route, variables };
      }
    }
    return this.failure === undefined ? undefined : { failure: this.failure };
  }

  /** A variable of the route that is being asked; a later one of the same name wins. */
  set(name: string, value: string): void {
    (this.captured ??= Object.create(null) as Record<string, string>)[name] = value;
  }

  /** All predicates but the draws hold. A predicate that throws does not hold. */
  private holds({ predicates }: CompiledRoute): boolean {
    this.captured = undefined;
    try {
      for (let at = 0; at < predicates.length; at++) {
        const predicate = predicates[at] as RoutePredicate;
        if (predicate.weight === undefined && !predicate.matches(this.request, this)) return false;
      }
      return true;
    } catch (failure) {
      this.failure ??= failure ?? new Error('a predicate failed');
      return false;
    }
  }

  /**
   * The route of the group that serves this request: drawn once, among those whose other predicates hold. `first` is the
   * first of them, so the others can only be among the candidates still to come.
   */
  private draw(group: string, first: CompiledRoute): CompiledRoute | undefined {
    this.draws ??= new Map();
    if (this.draws.has(group)) return this.draws.get(group);
    const members = [first];
    const rest = this.candidates.rest();
    for (let route = rest.next(); route !== undefined; route = rest.next()) {
      if (route !== first && weightIn(route, group) !== undefined && this.holds(route)) members.push(route);
    }
    const drawn = drawFrom(members, group, this.random());
    this.draws.set(group, drawn);
    return drawn;
  }
}

function weightIn({ predicates }: CompiledRoute, group: string): number | undefined {
  return predicates.find(({ weight }) => weight?.group === group)?.weight?.weight;
}

/** @returns `undefined` where all weights are 0 */
function drawFrom(members: readonly CompiledRoute[], group: string, random: number): CompiledRoute | undefined {
  const sum = members.reduce((total, route) => total + (weightIn(route, group) ?? 0), 0);
  let end = 0;
  for (const route of members) {
    end += weightIn(route, group) ?? 0;
    if (random * sum < end) return route;
  }
  return undefined;
}

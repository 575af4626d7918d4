import { type Clock, type Json, type Problem, SystemClock } from '@tigateway/model';
import { ComponentCatalogue } from '../compiler/component-catalogue.js';
import { ComponentCompiler } from '../compiler/component-compiler.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

/** One predicate of the language as a route's definition would bring it in: through its notation and its arguments. */
export function predicateOf(factory: PredicateFactory, clock: Clock = new SystemClock()) {
  const compiler = new ComponentCompiler(new ComponentCatalogue([factory], []), clock);
  const read = (definition: Json): { predicate: RoutePredicate | undefined; problems: readonly Problem[] } => {
    const problems: Problem[] = [];
    return { predicate: compiler.predicate(definition, '', { routeId: 'r' }, problems), problems };
  };
  const compile = (definition: Json): RoutePredicate => {
    const { predicate, problems } = read(definition);
    if (!predicate) throw new Error(JSON.stringify(problems));
    return predicate;
  };
  return {
    compile,
    /** `code pointer` of each problem that keeps the definition from loading. */
    refusals: (definition: Json) => read(definition).problems.map(({ code, pointer }) => `${code} ${pointer}`.trim()),
    matches: (definition: Json, request: GatewayRequest) => compile(definition).matches(request, { set: () => {} }),
    /** The variables of a match. */
    captures: (definition: Json, request: GatewayRequest): Record<string, string> | undefined => {
      const captured: Record<string, string> = {};
      const capture = { set: (name: string, value: string) => void (captured[name] = value) };
      return compile(definition).matches(request, capture) ? captured : undefined;
    },
  };
}

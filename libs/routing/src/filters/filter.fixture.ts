import { type Json, type Problem, SystemClock } from '@tigateway/model';
import { ComponentCatalogue } from '../compiler/component-catalogue.js';
import { ComponentCompiler } from '../compiler/component-compiler.js';
import { Exchange, type GatewayRequest, type UriVariables } from '../exchange/exchange.js';
import { HeaderList } from '../exchange/header-list.js';
import { aRequest } from '../exchange/request.fixture.js';
import { type CompiledGlobals, DEFAULT_GLOBALS } from '../globals/compiled-globals.js';
import type { CompiledRoute } from '../table/compiled-route.js';
import { RouteTraffic } from '../traffic/route-traffic.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';

const ROUTE: CompiledRoute = {
  id: 'r',
  definition: { id: 'r', uri: 'http://localhost:9000' },
  order: 0,
  rank: [0, '', 0],
  predicates: [],
  chain: { filters: [], requestHooks: [], responseHooks: [], hasAround: false },
  uri: { kind: 'direct', target: { scheme: 'http', host: 'localhost', port: 9000, authority: 'localhost:9000' } },
  connectTimeoutMs: undefined,
  responseTimeoutMs: undefined,
  cors: undefined,
  traffic: new RouteTraffic(),
};

/** A request on its way through a route, with the URI variables that its predicates captured. */
export function anExchange(
  request: GatewayRequest = aRequest(),
  variables: UriVariables = {},
  globals: Partial<CompiledGlobals> = {},
): Exchange {
  return new Exchange(request, ROUTE, variables, { ...DEFAULT_GLOBALS, ...globals });
}

/** One filter of the language as a route's definition would bring it in: through its notation and its arguments. */
export function filterOf(factory: FilterFactory) {
  const compiler = new ComponentCompiler(new ComponentCatalogue([], [factory]), new SystemClock());
  const read = (definition: Json): { filter: GatewayFilter | undefined; problems: readonly Problem[] } => {
    const problems: Problem[] = [];
    return { filter: compiler.filter(definition, '', { routeId: 'r' }, problems), problems };
  };
  const compile = (definition: Json): GatewayFilter => {
    const { filter, problems } = read(definition);
    if (!filter) throw new Error(JSON.stringify(problems));
    return filter;
  };
  return {
    compile,
    /** `code pointer` of each problem that keeps the definition from loading. */
    refusals: (definition: Json) => read(definition).problems.map(({ code, pointer }) => `${code} ${pointer}`.trim()),
    /** The exchange after the filter has seen its request. */
    onRequest: (definition: Json, request?: GatewayRequest, variables?: UriVariables): Exchange => {
      const exchange = anExchange(request, variables);
      void compile(definition).onRequest?.(exchange);
      return exchange;
    },
    /** The exchange after the filter has seen a 200 with these headers, `[name, value, …]`. */
    onResponse: (definition: Json, headers: readonly string[], exchange = anExchange()): Exchange => {
      exchange.response.status = 200;
      exchange.response.reason = 'Fine';
      exchange.response.headers = new HeaderList([...headers]);
      void compile(definition).onResponse?.(exchange);
      return exchange;
    },
  };
}

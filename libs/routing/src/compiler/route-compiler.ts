import {
  bind,
  type Clock,
  isJsonObject,
  type Json,
  pointerTo,
  type Problem,
  type RouteDefinition,
} from '@tigateway/model';
import { compileGlobal, type GlobalPart } from '../globals/compile-global.js';
import type { RoutePredicate } from '../predicates/predicate-factory.js';
import type { RouteUri } from '../table/compiled-route.js';
import { type Compilation, movedTo, NO_PROBLEMS } from './compilation.js';
import { CompilationMemory } from './compilation-memory.js';
import type { CompileEnvironment } from './compile-environment.js';
import type { ComponentCatalogue } from './component-catalogue.js';
import { ComponentCompiler } from './component-compiler.js';
import type { FilterBlueprint } from './named-filters.js';
import { inOrder, type PlacedFilter } from './placed-filter.js';
import type { RouteBlueprint } from './route-blueprint.js';
import { FilterDefinitionSchema, RouteDefinitionSchema } from './route-definition.schema.js';
import { readRouteMetadata } from './route-metadata.js';
import { RouteSelector } from './route-selector.js';
import { parseRouteUri } from './route-uri.js';
import { SharedByText } from './shared-by-text.js';

const NO_PREDICATES: readonly RoutePredicate[] = Object.freeze([]);
const NO_FILTERS: readonly PlacedFilter[] = Object.freeze([]);

/**
 * Compiles definitions, and so is also what validates them: all problems of one are reported. A definition that is validated
 * (`compile…`) and then put in force (`take…`) is compiled once.
 */
export class RouteCompiler {
  private readonly components: ComponentCompiler;
  private readonly routes: CompilationMemory<RouteBlueprint>;
  private readonly filters: CompilationMemory<FilterBlueprint>;
  /** Of uris that nothing is to be said about: many routes lead to one place. */
  private readonly uris = new SharedByText<RouteUri>();

  constructor(
    catalogue: ComponentCatalogue,
    clock: Clock,
    private readonly environment: CompileEnvironment,
  ) {
    this.components = new ComponentCompiler(catalogue, clock);
    this.routes = new CompilationMemory(clock);
    this.filters = new CompilationMemory(clock);
  }

  /** @param pointer where the definition stands in what was sent */
  compileRoute(definition: Json, pointer = ''): Compilation<RouteBlueprint> {
    return movedTo(
      pointer,
      remembered(this.routes, definition, () => this.route(definition)),
    );
  }

  /** A named filter: a FilterDefinition. */
  compileFilter(definition: Json, pointer = ''): Compilation<FilterBlueprint> {
    return movedTo(
      pointer,
      remembered(this.filters, definition, () => this.filter(definition)),
    );
  }

  /** As `compileRoute`, for a definition that is put in force now. */
  takeRoute(definition: Json): Compilation<RouteBlueprint> {
    return this.routes.take(definition) ?? this.route(definition);
  }

  /** As `compileFilter`, for a definition that is put in force now. */
  takeFilter(definition: Json): Compilation<FilterBlueprint> {
    return this.filters.take(definition) ?? this.filter(definition);
  }

  /** A global configuration; one that routing does not know has neither a result nor problems. */
  compileGlobal(configId: string, configuration: Json, pointer = ''): Compilation<GlobalPart> {
    return movedTo(
      pointer,
      compileGlobal(
        configId,
        configuration,
        (filters, problems, inner) => this.placed(filters, inner, 'default-filters', undefined, problems),
        this.environment,
      ),
    );
  }

  private route(definition: Json): Compilation<RouteBlueprint> {
    const bound = bind(RouteDefinitionSchema, definition);
    const problems: Problem[] = [...bound.problems];
    const warnings: Problem[] = [];
    // Problems of the shape do not hide those of what it holds.
    const shape = bound.value ?? readableParts(definition);
    const predicates = this.predicates(shape.predicates, shape.id, problems, warnings);
    const filters = this.placed(shape.filters, '/filters', 'filters', shape.id, problems, warnings);
    const uri = shape.uri === undefined ? undefined : this.uri(shape.uri, problems, warnings);
    const settings = readRouteMetadata(shape.metadata, '/metadata', problems);
    if (problems.length === 0) refuseUnknownVariables(predicates, shape.filters.length, filters, problems);
    if (shape.predicates.length === 0) {
      const message = 'a route without predicates takes every request that no route before it took';
      warnings.push({ pointer: '/predicates', code: 'no-predicates', message });
    }
    if (problems.length > 0 || uri === undefined || bound.value === undefined) return { problems, warnings };
    const result: RouteBlueprint = {
      id: bound.value.id,
      definition: definition as unknown as RouteDefinition,
      order: bound.value.order,
      isEnabled: bound.value.enabled,
      predicates,
      filters: inOrder(filters),
      uri,
      connectTimeoutMs: settings.connectTimeoutMs,
      responseTimeoutMs: settings.responseTimeoutMs,
      cors: settings.cors,
    };
    return { result, problems: NO_PROBLEMS, warnings: warnings.length === 0 ? NO_PROBLEMS : warnings };
  }

  private uri(text: string, problems: Problem[], warnings: Problem[]): RouteUri | undefined {
    const known = this.uris.get(text);
    if (known) return known;
    const warned = warnings.length;
    const uri = parseRouteUri(text, this.environment, '/uri', problems, warnings);
    if (uri && warnings.length === warned) this.uris.keep(text, uri);
    return uri;
  }

  private filter(definition: Json): Compilation<FilterBlueprint> {
    const bound = bind(FilterDefinitionSchema, definition);
    const problems: Problem[] = [...bound.problems];
    const warnings: Problem[] = [];
    const { id, name, args } = bound.value ?? readableParts(definition);
    const component = { name: name ?? '', args: args ?? {} };
    const filter = name
      ? this.components.filter(component, '', { routeId: undefined, position: `filter:${id}` }, problems, warnings)
      : undefined;
    if (!filter || problems.length > 0 || bound.value === undefined) return { problems, warnings };
    const { order, enabled, routes } = bound.value;
    if (routes?.length === 0) {
      warnings.push({ pointer: '/routes', code: 'no-routes', message: 'an empty list names no route at all' });
    }
    const result: FilterBlueprint = {
      id: bound.value.id,
      isEnabled: enabled,
      placed: { filter, order: order ?? filter.order ?? 0 },
      selector: new RouteSelector(routes),
    };
    return { result, problems: NO_PROBLEMS, warnings };
  }

  private predicates(
    definitions: readonly Json[],
    routeId: string | undefined,
    problems: Problem[],
    warnings: Problem[],
  ): readonly RoutePredicate[] {
    if (definitions.length === 0) return NO_PREDICATES;
    const compiled = definitions.map((definition, index) => {
      const context = { routeId, position: `predicates/${index}` };
      return this.components.predicate(definition, `/predicates/${index}`, context, problems, warnings);
    });
    return present(compiled);
  }

  /** A list of filters; where a filter has no order of its own, its place in the list is its order. */
  private placed(
    definitions: readonly Json[],
    pointer: string,
    position: string,
    routeId: string | undefined,
    problems: Problem[],
    warnings?: Problem[],
  ): readonly PlacedFilter[] {
    if (definitions.length === 0) return NO_FILTERS;
    const compiled = definitions.map((definition, index) => {
      const context = { routeId, position: `${position}/${index}` };
      const filter = this.components.filter(definition, pointerTo(pointer, index), context, problems, warnings);
      return filter && { filter, order: filter.order ?? index + 1 };
    });
    return present(compiled);
  }
}

/** Those that compiled. Where all did, the array is used as it is: one that grows keeps room to spare, at every route. */
function present<T>(compiled: readonly (T | undefined)[]): readonly T[] {
  return compiled.every((each) => each !== undefined) ? compiled : compiled.filter((each) => each !== undefined);
}

function remembered<T>(memory: CompilationMemory<T>, definition: Json, compile: () => Compilation<T>): Compilation<T> {
  if (!isJsonObject(definition)) return compile();
  const known = memory.get(definition);
  if (known) return known;
  const compilation = compile();
  memory.keep(definition, compilation);
  return compilation;
}

/** What can still be looked into where the definition's shape is wrong. */
function readableParts(definition: Json): {
  id: string | undefined;
  uri: string | undefined;
  name: string | undefined;
  args: Json;
  predicates: readonly Json[];
  filters: readonly Json[];
  metadata: Json;
} {
  const parts = isJsonObject(definition) ? definition : {};
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
  const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
  return {
    id: text(parts['id']),
    uri: text(parts['uri']),
    name: text(parts['name']),
    args: parts['args'] ?? null,
    predicates: list(parts['predicates']),
    filters: list(parts['filters']),
    metadata: parts['metadata'] ?? null,
  };
}

/** A template variable that nothing fills would fail every request: it is refused here. */
function refuseUnknownVariables(
  predicates: readonly RoutePredicate[],
  written: number,
  filters: readonly PlacedFilter[],
  problems: Problem[],
): void {
  if (filters.length !== written || !filters.some(({ filter }) => filter.variables?.length)) return;
  const supplied = new Set(predicates.flatMap(({ variables }) => variables ?? []));
  filters.forEach(({ filter }, index) => {
    for (const name of new Set(filter.variables)) {
      if (supplied.has(name)) continue;
      const known = supplied.size > 0 ? `they capture ${[...supplied].join(', ')}` : 'they capture none';
      const message = `the route's predicates do not capture the variable "${name}"; ${known}`;
      problems.push({ pointer: `/filters/${index}`, code: 'unknown-variable', message });
    }
  });
}

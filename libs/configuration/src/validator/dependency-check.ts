import {
  forEachSliced,
  isJsonObject,
  type Json,
  keyText,
  type ParsedObject,
  pointerTo,
  type Problem,
  relaxedName,
} from '@tigateway/model';
import { type PathIndexKey, type RouteBlueprint, RouteSelector } from '@tigateway/routing';
import type { Surroundings } from './validation-context.js';

/** The dependency step over objects that come in together: they may name each other in any order. */
export class DependencyCheck {
  private constructor(
    /** The objects' key texts. */
    private readonly own: ReadonlySet<string>,
    private readonly routes: Iterable<RouteBlueprint>,
    private readonly surroundings: Surroundings,
  ) {}

  /** @param routes the blueprints of those objects that are sound routes */
  static async of(
    objects: readonly ParsedObject[],
    routes: Iterable<RouteBlueprint>,
    surroundings: Surroundings,
  ): Promise<DependencyCheck> {
    const own = new Set<string>();
    await forEachSliced(objects, (object) => own.add(keyText(object)));
    return new DependencyCheck(own, routes, surroundings);
  }

  /** Routes that a filter names by their whole id and that nobody defines. Globs may name what is yet to come. */
  missingRoutes({ configuration, pointer }: ParsedObject): Problem[] {
    if (!isJsonObject(configuration)) return [];
    const key = Object.keys(configuration).find((each) => relaxedName(each) === 'routes');
    const written = key === undefined ? undefined : configuration[key];
    if (key === undefined || !Array.isArray(written)) return [];
    return (written as readonly Json[]).flatMap((routeId, index) => {
      if (typeof routeId !== 'string' || new RouteSelector([routeId]).hasPatterns) return [];
      const route = { configType: 'route', configId: routeId } as const;
      if (this.own.has(keyText(route)) || this.surroundings.exists(route)) return [];
      const message = `there is no route "${routeId}"`;
      return [{ pointer: pointerTo(pointerTo(pointer, key), index), code: 'unknown-route', message }];
    });
  }

  /** `forward:` targets, of the route itself or of its fallbacks, that no route takes. */
  missingTargets({ configuration, pointer }: ParsedObject): Problem[] {
    const { surroundings } = this;
    if (!surroundings.mayServe || !isJsonObject(configuration)) return [];
    const problems: Problem[] = [];
    for (const { path, pointer: at } of forwardTargets(configuration, pointer)) {
      if (this.servesItself(path) || surroundings.mayServe(path)) continue;
      const message = `no route takes the path "${path}" that "forward:" leads to`;
      problems.push({ pointer: at, code: 'unknown-forward-target', message });
    }
    return problems;
  }

  private servesItself(path: string): boolean {
    for (const route of this.routes) if (mayServe(route, path)) return true;
    return false;
  }
}

/** Whether the path predicates of a route leave room for that path. Its other predicates are not asked. */
export function mayServe({ predicates, isEnabled }: RouteBlueprint, path: string): boolean {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  return (
    isEnabled && predicates.every(({ index }) => !index?.paths || index.paths.some((key) => leadsTo(key, segments)))
  );
}

function leadsTo({ segments: key, open }: PathIndexKey, segments: readonly string[]): boolean {
  const trimmed = key.at(-1) === '' ? key.slice(0, -1) : key;
  if (open ? segments.length < trimmed.length : segments.length !== trimmed.length) return false;
  return trimmed.every((segment, index) => segment === null || segment === segments[index]);
}

/** Paths with templates or percent signs are known only when a request comes. */
const FORWARD = /(?:^|[=,]\s*)forward:(\/[^\s,?#{}%]*)(?=$|[\s,?#])/;

function* forwardTargets(value: Json, pointer: string): Generator<{ path: string; pointer: string }> {
  if (typeof value === 'string') {
    const path = FORWARD.exec(value)?.[1];
    if (path !== undefined) yield { path, pointer };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value as Record<string, Json>)) {
      if (relaxedName(key) !== 'metadata') yield* forwardTargets(member, pointerTo(pointer, key));
    }
  }
}

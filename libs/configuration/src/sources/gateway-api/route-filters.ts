import type { ComponentDefinition, JsonObject } from '@tigateway/model';
import { ComponentError, HeaderTemplate } from '@tigateway/routing';
import { segmentsOf, UntranslatableError } from '../cluster-routes/route-parts.js';
import type { BackendRef, HeaderModifier, HttpRouteFilter, HttpRouteMatch, PathModifier } from './gateway-api-types.js';

/** What a rule's filters are read with. */
export interface FilterSurroundings {
  /** They belong to its rule. */
  readonly match: HttpRouteMatch;
  /** Of the listener that the route hangs on: where a redirect without a scheme goes. */
  readonly listenerPort: number;
  /** @returns `undefined` where there is no such backend: nothing is mirrored then */
  uriOf(ref: BackendRef): string | undefined;
}

/** @throws UntranslatableError */
export function filtersOf(
  filters: readonly HttpRouteFilter[],
  surroundings: FilterSurroundings,
  pointer: string,
): ComponentDefinition[] {
  return filters.flatMap((filter, at) => componentsOf(filter, surroundings, `${pointer}/${at}`));
}

function componentsOf(
  filter: HttpRouteFilter,
  surroundings: FilterSurroundings,
  pointer: string,
): ComponentDefinition[] {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return headersOf('Request', filter.requestHeaderModifier ?? {}, `${pointer}/requestHeaderModifier`);
    case 'ResponseHeaderModifier':
      return headersOf('Response', filter.responseHeaderModifier ?? {}, `${pointer}/responseHeaderModifier`);
    case 'RequestRedirect':
      return [redirectOf(filter.requestRedirect ?? {}, surroundings)];
    case 'URLRewrite':
      return rewriteOf(filter.urlRewrite ?? {}, surroundings);
    case 'RequestMirror':
      return mirrorOf(filter.requestMirror, surroundings);
    default:
      throw new UntranslatableError(`${pointer}/type`, `there is no filter of the type ${filter.type} here`);
  }
}

function headersOf(
  side: 'Request' | 'Response',
  { set = [], add = [], remove = [] }: HeaderModifier,
  pointer: string,
): ComponentDefinition[] {
  const written = (verb: 'Set' | 'Add', list: NonNullable<HeaderModifier['set']>): ComponentDefinition[] =>
    list.map(({ name, value }, at): ComponentDefinition => {
      checkValue(value, `${pointer}/${verb.toLowerCase()}/${at}/value`);
      if (side === 'Request' && name.toLowerCase() === 'host')
        return { name: 'SetRequestHostHeader', args: { host: value } };
      return { name: `${verb}${side}Header`, args: { name, value } };
    });
  return [
    ...written('Set', set),
    ...written('Add', add),
    ...remove.map((name) => ({ name: `Remove${side}Header`, args: { name } })),
  ];
}

/** Braces are variables in a route's filters, and there is no other way to write them. */
function checkValue(value: string, pointer: string): void {
  try {
    if (HeaderTemplate.parse(value, 'value').variables.length === 0) return;
  } catch (error) {
    if (error instanceof ComponentError) throw new UntranslatableError(pointer, error.message);
    throw error;
  }
  throw new UntranslatableError(pointer, `a header's value cannot hold a name in braces: "${value}"`);
}

function redirectOf(
  { scheme, hostname, path, port, statusCode = 302 }: NonNullable<HttpRouteFilter['requestRedirect']>,
  { match, listenerPort }: FilterSurroundings,
): ComponentDefinition {
  const toPort = port ?? (scheme === undefined ? listenerPort : undefined);
  const args: JsonObject = {
    status: statusCode,
    ...(scheme !== undefined && { scheme }),
    ...(hostname !== undefined && { host: hostname }),
    ...(toPort !== undefined && { port: toPort }),
    ...pathOf(path, match),
  };
  return { name: 'RequestRedirect', args };
}

function rewriteOf(
  { hostname, path }: NonNullable<HttpRouteFilter['urlRewrite']>,
  { match }: FilterSurroundings,
): ComponentDefinition[] {
  return [
    ...(hostname === undefined ? [] : [{ name: 'SetRequestHostHeader', args: { host: hostname } }]),
    ...(path === undefined ? [] : [{ name: 'ReplacePath', args: pathOf(path, match) }]),
  ];
}

/** The schema sees to it that a prefix is only replaced where one is matched. */
function pathOf(path: PathModifier | undefined, { path: matched }: HttpRouteMatch): JsonObject {
  if (path === undefined) return {};
  if (path.type === 'ReplaceFullPath') return { path: path.replaceFullPath ?? '' };
  return { path: path.replacePrefixMatch ?? '', parts: segmentsOf(matched?.value ?? '/').length };
}

function mirrorOf(mirror: HttpRouteFilter['requestMirror'], surroundings: FilterSurroundings): ComponentDefinition[] {
  const uri = mirror && surroundings.uriOf(mirror.backendRef);
  if (mirror === undefined || uri === undefined) return [];
  const { fraction, percent = fraction ? (100 * fraction.numerator) / (fraction.denominator ?? 100) : 100 } = mirror;
  return [{ name: 'RequestMirror', args: { uri, percent } }];
}

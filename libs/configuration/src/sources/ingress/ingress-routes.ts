import type { ComponentDefinition, ParsedObject, Problem, RouteDefinition } from '@tigateway/model';
import { routeOrder } from '../cluster-routes/route-order.js';
import { answering, exactPath, prefixPath, routeId, UntranslatableError } from '../cluster-routes/route-parts.js';
import type { Ingress, IngressBackend, IngressClass, IngressPath } from './ingress-types.js';

export const INGRESS = 'ingress';
/** What an IngressClass names as its controller to be one of ours. */
export const INGRESS_CONTROLLER = 'tigateway.cn/ingress';
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
/** From before there were classes; still written a lot. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/**
 * Whether an Ingress is ours: its class is the one of the settings, or an IngressClass of our controller; where it names
 * none, whether one of ours is the default class.
 * @param className of the settings; an IngressClass of that name need not exist
 */
export function isOurs(ingress: Ingress, classes: Iterable<IngressClass>, className: string): boolean {
  const named = ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.[CLASS_ANNOTATION];
  const known = [...classes];
  if (named === undefined) {
    return known.some((each) => isOfOurController(each) && each.metadata.annotations?.[DEFAULT_CLASS] === 'true');
  }
  const itsClass = known.find(({ metadata }) => metadata.name === named);
  return itsClass === undefined ? named === className : isOfOurController(itsClass);
}

function isOfOurController({ spec }: IngressClass): boolean {
  return spec?.controller === INGRESS_CONTROLLER;
}

export function placeOf({ metadata: { namespace = '', name } }: Ingress): string {
  return `Ingress/${namespace}/${name}`;
}

export interface IngressRoutes {
  readonly objects: readonly ParsedObject[];
  /** What cannot be done as it is written; with any, the Ingress is refused. */
  readonly problems: readonly Problem[];
}

/**
 * The routes that an Ingress asks for: one for each path, one for the default backend. Whether its Services exist is not
 * asked: where one does not, the answer is 503, and the route is there when it comes. A function of the Ingress.
 */
export function ingressRoutes(ingress: Ingress): IngressRoutes {
  const { namespace = '', name } = ingress.metadata;
  const position = { source: INGRESS, document: placeOf(ingress), line: 0, column: 0 };
  const objects: ParsedObject[] = [];
  const problems: Problem[] = [];
  const add = (pointer: string, make: () => RouteDefinition): void => {
    try {
      const configuration = { ...make() };
      objects.push({ configType: 'route', configId: configuration.id, configuration, pointer, position });
    } catch (error) {
      if (!(error instanceof UntranslatableError)) throw error;
      problems.push({ pointer: error.pointer, code: 'unsupported', message: error.message, position });
    }
  };
  const { rules = [], defaultBackend } = ingress.spec ?? {};
  rules.forEach(({ host, http }, rule) => {
    // A rule without paths sends all of its host to the default backend.
    const paths = http?.paths ?? (host !== undefined && defaultBackend ? [wholeHost(defaultBackend)] : []);
    paths.forEach((path, index) => {
      const pointer = `/spec/rules/${rule}/http/paths/${index}`;
      add(pointer, () =>
        pathRoute(routeId(INGRESS, namespace, name, `${rule}`, `${index}`), namespace, host, path, pointer),
      );
    });
  });
  if (defaultBackend !== undefined) {
    add('/spec/defaultBackend', () => ({
      id: routeId(INGRESS, namespace, name, 'default'),
      order: routeOrder({ host: undefined, path: undefined }),
      predicates: [{ name: 'Path', args: { patterns: ['/**'] } }],
      ...sentTo(defaultBackend, namespace),
    }));
  }
  return { objects, problems };
}

function wholeHost(backend: IngressBackend): IngressPath {
  return { path: '/', pathType: 'Prefix', backend };
}

function pathRoute(
  id: string,
  namespace: string,
  host: string | undefined,
  { path = '/', pathType, backend }: IngressPath,
  pointer: string,
): RouteDefinition {
  const isExact = pathType === 'Exact';
  const text = isExact ? path : path.replace(/\/$/, '') || '/';
  // A name, or one label before it: the wildcard of an Ingress takes no more.
  const hosts: ComponentDefinition[] = host ? [{ name: 'Host', args: { patterns: [host] } }] : [];
  const where = isExact ? exactPath(path, `${pointer}/path`) : prefixPath(path, `${pointer}/path`);
  return {
    id,
    order: routeOrder({ host: host || undefined, path: { isExact, text } }),
    predicates: [...hosts, where],
    ...sentTo(backend, namespace),
  };
}

/** Backends that are no Services are there for gateways that know their kind; here they get 503 rather than another's answer. */
function sentTo({ service }: IngressBackend, namespace: string): Pick<RouteDefinition, 'uri' | 'filters'> {
  if (service === undefined) return answering(503);
  const port = service.port?.name ?? service.port?.number;
  // As ingress controllers have it, the upstream sees the host that the client asked for.
  const filters: ComponentDefinition[] = [{ name: 'PreserveHostHeader' }];
  return { uri: `lb://${service.name}.${namespace}${port === undefined ? '' : `:${port}`}`, filters };
}

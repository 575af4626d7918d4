import type { Condition } from '@tigateway/kubernetes';
import type { ComponentDefinition, ParsedObject, Problem, RouteDefinition } from '@tigateway/model';
import { JavaRegex } from '@tigateway/routing';
import { routeOrder } from '../cluster-routes/route-order.js';
import {
  answering,
  exactPath,
  prefixPath,
  quoteRegex,
  routeId,
  UntranslatableError,
} from '../cluster-routes/route-parts.js';
import type {
  BackendRef,
  HttpBackendRef,
  HttpRoute,
  HttpRouteMatch,
  HttpRouteRule,
  ParentRef,
  ValueMatch,
} from './gateway-api-types.js';
import type { Hostname } from './listener-hostnames.js';
import { type Backend, backendOf, type BackendsView } from './route-backends.js';
import { filtersOf } from './route-filters.js';
import { type Attachment, attachmentsOf, HTTP_ROUTE, type ParentsView } from './route-parents.js';
import { timeoutOf } from './route-timeouts.js';

export const GATEWAY_API_SOURCE = 'gateway-api';

export interface ClusterView extends ParentsView, BackendsView {}

export interface TranslatedHttpRoute {
  readonly objects: readonly ParsedObject[];
  /** What cannot be done as it is written; with any, the route is refused and stays as it was last. */
  readonly problems: readonly Problem[];
  /** For the status: one for each parent of ours. None: the route is not for us. */
  readonly parents: readonly { readonly parentRef: ParentRef; readonly conditions: readonly Condition[] }[];
  readonly attachments: readonly Attachment[];
}

export function placeOf({ metadata: { namespace = '', name } }: HttpRoute): string {
  return `${HTTP_ROUTE}/${namespace}/${name}`;
}

/** The routes that an HTTPRoute asks for, and what to tell of it. A function of the HTTPRoute and of the cluster around it. */
export function translateHttpRoute(route: HttpRoute, view: ClusterView): TranslatedHttpRoute {
  const attachments = attachmentsOf(route, view);
  const hostnames = [...new Set(attachments.flatMap((each) => each.hostnames))];
  const rules = new Rules(
    route,
    view,
    attachments.find(({ refusal }) => refusal === undefined)?.listeners[0]?.port ?? 80,
  );
  // Where it hangs nowhere it is judged all the same, so that its author hears of everything at once.
  const objects = rules.objectsFor(hostnames.length > 0 ? hostnames : [undefined]);
  const [problem] = rules.problems;
  const unsupported = problem && { reason: 'UnsupportedValue', message: `${problem.pointer}: ${problem.message}` };
  const { generation: observedGeneration = 0 } = route.metadata;
  const parents = attachments.map(({ parentRef, refusal }) => ({
    parentRef,
    conditions: [
      conditionOf(
        'Accepted',
        refusal ?? unsupported,
        'Accepted',
        'the route is in the configuration',
        observedGeneration,
      ),
      conditionOf('ResolvedRefs', rules.refusals[0], 'ResolvedRefs', 'every backend exists', observedGeneration),
    ],
  }));
  return { objects: hostnames.length > 0 ? objects : [], problems: rules.problems, parents, attachments };
}

export function conditionOf(
  type: string,
  refusal: Pick<Condition, 'reason' | 'message'> | undefined,
  goodReason: string,
  goodMessage: string,
  observedGeneration: number,
): Condition {
  return {
    type,
    status: refusal === undefined ? 'True' : 'False',
    observedGeneration,
    reason: refusal?.reason ?? goodReason,
    message: refusal?.message ?? goodMessage,
  };
}

class Rules {
  readonly problems: Problem[] = [];
  /** Of references, those of mirrors too. */
  readonly refusals: Pick<Condition, 'reason' | 'message'>[] = [];
  private readonly namespace: string;
  private readonly backends = new Map<BackendRef, Backend>();

  constructor(
    private readonly route: HttpRoute,
    private readonly view: ClusterView,
    private readonly listenerPort: number,
  ) {
    this.namespace = route.metadata.namespace ?? '';
  }

  objectsFor(hostnames: readonly Hostname[]): ParsedObject[] {
    const position = { source: GATEWAY_API_SOURCE, document: placeOf(this.route), line: 0, column: 0 };
    return (this.route.spec.rules ?? [{}]).flatMap((rule, ruleAt) =>
      (rule.matches ?? [{}]).flatMap((match, matchAt) => {
        const pointer = `/spec/rules/${ruleAt}`;
        const id = [
          GATEWAY_API_SOURCE,
          this.namespace,
          this.route.metadata.name,
          this.ruleName(rule, ruleAt),
          String(matchAt),
        ];
        try {
          const predicates = predicatesOf(match, `${pointer}/matches/${matchAt}`);
          const ends = this.endsOf(rule, match, pointer);
          return hostnames.flatMap((hostname) =>
            this.definitions(id, hostname, match, predicates, ends).map((configuration) => ({
              configType: 'route' as const,
              configId: configuration.id,
              configuration: { ...configuration },
              pointer,
              position,
            })),
          );
        } catch (error) {
          if (!(error instanceof UntranslatableError)) throw error;
          this.problems.push({ pointer: error.pointer, code: 'unsupported', message: error.message, position });
          return [];
        }
      }),
    );
  }

  /** Its own name, where that is nobody else's place or name. */
  private ruleName({ name }: HttpRouteRule, at: number): string {
    const isUnique = this.route.spec.rules?.filter((each) => each.name === name).length === 1;
    return name !== undefined && isUnique && !/^\d+$/.test(name) ? name : String(at);
  }

  /** One route for each end, with its weight where there are several. */
  private definitions(
    idParts: readonly string[],
    hostname: Hostname,
    match: HttpRouteMatch,
    predicates: readonly ComponentDefinition[],
    ends: readonly End[],
  ): RouteDefinition[] {
    // No name of the cluster holds an underscore, so it is nobody else's.
    const group = hostname === undefined ? idParts : [...idParts, hostname.replace('*', '_')];
    const { path: { type = 'PathPrefix', value = '/' } = {}, method, headers = [], queryParams = [] } = match;
    const order = routeOrder({
      host: hostname,
      path: { isExact: type === 'Exact', text: type === 'Exact' ? value : value.replace(/\/$/, '') || '/' },
      hasMethod: method !== undefined,
      headers: headers.length,
      queryParams: queryParams.length,
    });
    const all = [...hostPredicates(hostname), ...predicates];
    return ends.map(({ weight, uri, filters = [], metadata }, at) => ({
      id: ends.length === 1 ? routeId(...group) : routeId(...group, `backend-${at}`),
      order,
      predicates:
        ends.length === 1 ? all : [...all, { name: 'Weight', args: { weight: { group: routeId(...group), weight } } }],
      uri,
      filters,
      ...(metadata && { metadata }),
    }));
  }

  private endsOf(rule: HttpRouteRule, match: HttpRouteMatch, pointer: string): End[] {
    const filters = this.filters(rule.filters, match, `${pointer}/filters`);
    const metadata = timeoutOf(rule.timeouts, `${pointer}/timeouts`);
    const refs = rule.backendRefs ?? [];
    const backends = refs.map((ref, at) => ({
      ref,
      backend: this.backend(ref),
      own: this.filters(ref.filters, match, `${pointer}/backendRefs/${at}/filters`),
    }));
    if (rule.filters?.some(({ type }) => type === 'RequestRedirect')) return [{ weight: 1, uri: 'no://op', filters }];
    const drawn = backends.filter(({ ref: { weight = 1 } }) => weight > 0);
    // Nobody to ask: the Gateway API wants 500.
    if (drawn.length === 0) return [{ weight: 1, ...answering(500) }];
    return drawn.map(({ ref: { weight = 1 }, backend, own }) => {
      if (backend.uri === undefined) return { weight, ...answering(500) };
      return { weight, uri: backend.uri, filters: [KEEPS_HOST, ...filters, ...own], ...(metadata && { metadata }) };
    });
  }

  private filters(filters: HttpRouteRule['filters'], match: HttpRouteMatch, pointer: string): ComponentDefinition[] {
    const uriOf = (ref: BackendRef): string | undefined => this.backend(ref).uri;
    return filtersOf(filters ?? [], { match, listenerPort: this.listenerPort, uriOf }, pointer);
  }

  private backend(ref: BackendRef | HttpBackendRef): Backend {
    let backend = this.backends.get(ref);
    if (backend === undefined) {
      backend = backendOf(ref, this.namespace, this.view);
      this.backends.set(ref, backend);
      if (backend.refusal !== undefined) this.refusals.push(backend.refusal);
    }
    return backend;
  }
}

/** Where a match ends: a backend, a redirect, or an error. */
interface End extends Pick<RouteDefinition, 'uri' | 'filters' | 'metadata'> {
  readonly weight: number;
}

/** The backend sees the host that the client asked for, unless a filter after it says otherwise. */
const KEEPS_HOST: ComponentDefinition = { name: 'PreserveHostHeader' };

function hostPredicates(hostname: Hostname): ComponentDefinition[] {
  if (hostname === undefined) return [];
  // One label or more before the rest.
  const pattern = hostname.startsWith('*.') ? `*.**.${hostname.slice(2)}` : hostname;
  return [{ name: 'Host', args: { patterns: [pattern] } }];
}

function predicatesOf(
  { path, method, headers = [], queryParams = [] }: HttpRouteMatch,
  pointer: string,
): ComponentDefinition[] {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  const at = `${pointer}/path`;
  if (type !== 'Exact' && type !== 'PathPrefix') {
    throw new UntranslatableError(
      `${at}/type`,
      `paths cannot be matched by ${type} here: expected Exact or PathPrefix`,
    );
  }
  return [
    type === 'Exact' ? exactPath(value, `${at}/value`) : prefixPath(value, `${at}/value`),
    ...(method === undefined ? [] : [{ name: 'Method', args: { methods: [method] } }]),
    ...headers.map((header, index) => ({
      name: 'Header',
      args: { header: header.name, regexp: headerRegex(header, `${pointer}/headers/${index}`) },
    })),
    ...queryParams.map((param, index) => ({
      name: 'Query',
      args: { param: param.name, regexp: regexOf(param, `${pointer}/queryParams/${index}`) },
    })),
  ];
}

/** The values of a header's lines are compared one by one, parted at their commas. */
function headerRegex(header: ValueMatch, pointer: string): string {
  const { type = 'Exact', value } = header;
  if (type === 'Exact' && (/[,"]/.test(value) || value.trim() !== value)) {
    throw new UntranslatableError(
      `${pointer}/value`,
      `a header's value that holds a comma, a quote or spaces at its ends cannot be matched exactly`,
    );
  }
  return regexOf(header, pointer);
}

function regexOf({ type = 'Exact', value }: ValueMatch, pointer: string): string {
  if (type === 'Exact') return quoteRegex(value);
  if (type !== 'RegularExpression')
    throw new UntranslatableError(`${pointer}/type`, `${type} is no way to match a value`);
  try {
    JavaRegex.compile(value);
    return value;
  } catch (error) {
    throw new UntranslatableError(`${pointer}/value`, (error as Error).message);
  }
}

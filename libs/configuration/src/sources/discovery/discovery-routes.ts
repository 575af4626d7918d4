import {
  type ComponentDefinition,
  isJsonObject,
  type Json,
  type Problem,
  type RouteDefinition,
} from '@tigateway/model';
import { type ComponentKind, readNotation } from '@tigateway/routing';
import type { DiscoveryLocatorSettings } from './discovery-locator.settings.js';
import {
  parseServiceCondition,
  parseServiceText,
  type ServiceCondition,
  type ServiceText,
} from './service-expression.js';

type ComponentOf = (serviceId: string) => ComponentDefinition;

/** What route a service gets, by the locator's settings. A function of its name alone. */
export class DiscoveryRoutes {
  private readonly includes: ServiceCondition;
  private readonly uri: ServiceText;
  private readonly predicates: readonly ComponentOf[];
  private readonly filters: readonly ComponentOf[];

  /** @throws SyntaxError for an expression that is none of the forms that are read */
  constructor(private readonly settings: DiscoveryLocatorSettings) {
    this.includes = parseServiceCondition(settings.includeExpression);
    this.uri = parseServiceText(settings.urlExpression);
    this.predicates = settings.predicates.map((each) => componentOf('predicate', each));
    this.filters = settings.filters.map((each) => componentOf('filter', each));
  }

  /** @returns `undefined` where the service is to have none */
  routeFor(serviceId: string): RouteDefinition | undefined {
    if (!this.includes(serviceId)) return undefined;
    const shown = this.settings.lowerCaseServiceId ? serviceId.toLowerCase() : serviceId;
    return {
      id: `${this.settings.routeIdPrefix}${shown}`,
      uri: this.uri(serviceId),
      predicates: this.predicates.map((make) => make(shown)),
      filters: this.filters.map((make) => make(shown)),
    };
  }
}

function componentOf(kind: ComponentKind, definition: Json): ComponentOf {
  const problems: Problem[] = [];
  const written = readNotation(kind, definition, '', problems);
  if (written === undefined || problems.length > 0)
    throw new SyntaxError(problems.map(({ message }) => message).join('; '));
  const args = written.args.map(({ key, value }) => [key, argumentOf(value)] as const);
  return (serviceId) => ({
    name: written.name,
    args: Object.fromEntries(args.map(([key, make]) => [key, make(serviceId)])),
  });
}

/** Texts are expressions; what is no text is what it is. */
function argumentOf(value: Json): (serviceId: string) => Json {
  if (typeof value === 'string') return parseServiceText(value);
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map(argumentOf);
    return (serviceId) => items.map((make) => make(serviceId));
  }
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([key, member]) => [key, argumentOf(member)] as const);
    return (serviceId) => Object.fromEntries(members.map(([key, make]) => [key, make(serviceId)]));
  }
  return () => value;
}

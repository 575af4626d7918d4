import type { Constructor } from '@tigateway/model';
import type { CompileContext, Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import type { RouteIndexKeys } from '../table/index-keys.js';

/** Collects what a route's predicates capture while they match; thrown away when one of them fails. */
export interface MatchCapture {
  set(name: string, value: string): void;
}

/** What a compiled predicate asks of a request. Synchronous: matching never waits. */
export interface RoutePredicate {
  matches(request: GatewayRequest, capture: MatchCapture): boolean;
  /** URI variables that a match supplies; lets the compiler refuse templates that nothing can fill. */
  readonly variables?: readonly string[];
  /** What the index may know of the requests that can match, asked for once a change; absent: it cannot narrow them. */
  readonly index?: RouteIndexKeys;
  /** Set by `Weight` alone: the route takes part in its group's draw. */
  readonly weight?: { readonly group: string; readonly weight: number };
  /** As the actuator shows it: `Paths: [/a/**], match trailing slash: true`. */
  toString(): string;
}

/** A predicate of the route language: one file, one entry in the catalogue. */
export interface PredicateFactory<Args extends object = object> {
  readonly name: string;
  readonly args: Constructor<Args>;
  readonly shortcut: Shortcut;
  /** True: a compiled predicate keeps no state and does not ask which route it stands in, so equal definitions may have one. */
  readonly isShared?: boolean;
  readonly about: string;
  readonly example: string;
  /** @throws ComponentError for argument values that the class could not judge alone */
  compile(args: Args, context: CompileContext): RoutePredicate;
}

import type { Constructor } from '@tigateway/model';
import type { Exchange } from '../exchange/exchange.js';
import type { CompileContext, Shortcut } from '../compiler/component.js';

/**
 * What a compiled filter does to an exchange. Each hook is optional; a hook that need not wait returns nothing, so the common
 * path makes no promise. Hooks run in the chain's order before the upstream call and in reverse order after it.
 */
export interface GatewayFilter {
  /** Before the upstream call. `exchange.answer(…)` ends the exchange. A throw ends it with the error's status, else 500. */
  onRequest?(exchange: Exchange): void | Promise<void>;
  /** After the response head has come and before it is sent. Not called for responses that the gateway made itself. */
  onResponse?(exchange: Exchange): void | Promise<void>;
  /** Around everything that comes later in the chain, the upstream call included. `proceed` may be called again. */
  around?(exchange: Exchange, proceed: () => Promise<void>): Promise<void>;
  /** URI variables that its templates need; a route whose predicates cannot supply them is refused. */
  readonly variables?: readonly string[];
  /** Fixed place in the chain; absent: by the filter's position. */
  readonly order?: number;
  /** As the actuator shows it: `[AddRequestHeader X-A = 'b']`. */
  toString(): string;
}

/** A filter of the route language: one file, one entry in the catalogue. */
export interface FilterFactory<Args extends object = object> {
  readonly name: string;
  /** The argument class: fields and constraints, see `@tigateway/model` binding. */
  readonly args: Constructor<Args>;
  /** How `Name=a,b` maps to the arguments. */
  readonly shortcut: Shortcut;
  /**
   * True: a compiled filter keeps no state and does not ask which route it stands in, so equal definitions may have one.
   * Absent: each definition has its own.
   */
  readonly isShared?: boolean;
  /** One sentence for the catalogue. */
  readonly about: string;
  readonly example: string;
  /**
   * Does once what can be done once: regexes, templates, dates.
   * @throws ComponentError for argument values that the class could not judge alone
   */
  compile(args: Args, context: CompileContext): GatewayFilter;
}

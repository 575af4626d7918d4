import type { Clock } from '@tigateway/model';

/**
 * How a shortcut's values become arguments. `fields` gives each value its place; the gather kinds take every value,
 * whatever its key, into one list (Spring's GATHER_LIST and GATHER_LIST_TAIL_FLAG).
 */
export type Shortcut =
  | { readonly kind: 'fields'; readonly names: readonly string[] }
  | {
      readonly kind: 'gather';
      readonly list: string;
      /** A comma inside one value of the expanded form separates too (`methods: "GET,POST"`). */
      readonly splitsCommas: boolean;
      /** The field that takes a last value of `true` or `false`. */
      readonly tailFlag?: string;
    };

/** What a predicate or filter may know of its surroundings when it is compiled. */
export interface CompileContext {
  /** Of the route it stands in; a named filter's or default filter's component is compiled once for all routes: `undefined`. */
  readonly routeId: string | undefined;
  /** `filters/2`, `default-filters/0` or `filter:<id>`: tells the components of a route apart, the same over reloads. */
  readonly position?: string;
  readonly clock: Clock;
  /** Tells whoever wrote it of something that is allowed and yet hardly meant; `argument` as in `ComponentError`. */
  readonly warn?: (argument: string | undefined, message: string) => void;
}

/** An argument whose value is wrong; `argument` is the field's name as the class declares it, `field.key` one inside of it. */
export class ComponentError extends Error {
  constructor(
    readonly argument: string | undefined,
    message: string,
    readonly code = 'invalid-argument',
  ) {
    super(message);
  }
}

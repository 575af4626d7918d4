import type { Json, JsonObject } from './json.js';

/** A predicate or filter as it was written: `Path=/a/**`, a bare filter name, or `{ name, args }`. */
export type ComponentDefinition = string | { readonly name: string; readonly args?: JsonObject };

/** A route as it was written; the API gives back exactly this. Spring Cloud Gateway's RouteDefinition. */
export interface RouteDefinition {
  readonly id: string;
  readonly uri: string;
  /** Lower wins. Default 0. */
  readonly order?: number;
  readonly predicates?: readonly ComponentDefinition[];
  readonly filters?: readonly ComponentDefinition[];
  readonly metadata?: JsonObject;
  /** Default true. A disabled route is a definition like any other (it shadows) but takes no traffic. */
  readonly enabled?: boolean;
}

/** A filter with an id of its own that joins the chains of the routes it names. */
export interface FilterDefinition {
  readonly id: string;
  readonly name: string;
  readonly args?: JsonObject;
  /** Position in the chain among the routes' own filters. Default 0. */
  readonly order?: number;
  readonly enabled?: boolean;
  /** Route ids or globs (`order-*`). Absent: all routes. */
  readonly routes?: readonly string[];
}

/** A gateway-wide setting; its shape belongs to its id (`cors`, `httpclient`, …). */
export type GlobalConfiguration = Json;

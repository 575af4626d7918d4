import type { GatewayFilter } from './filter-factory.js';

/**
 * A sorted chain, cut once at compile time into what the data path runs: plain hooks in a loop where nothing goes around the
 * call, nested steps where something does.
 */
export interface FilterChain {
  /** Every filter in order, with its order: what the actuator shows. */
  readonly filters: readonly { readonly filter: GatewayFilter; readonly order: number }[];
  /** `onRequest` of each filter that has one, in order. Only complete where `hasAround` is false. */
  readonly requestHooks: readonly GatewayFilter[];
  /** `onResponse` of each filter that has one, in reverse order. Only complete where `hasAround` is false. */
  readonly responseHooks: readonly GatewayFilter[];
  readonly hasAround: boolean;
}

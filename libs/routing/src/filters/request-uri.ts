import type { Exchange } from '../exchange/exchange.js';
import type { TargetUri } from '../patterns/target-uri.js';

/** Spring's place for filters that replace the whole URI: right after the route's own has been taken. */
export const AFTER_ROUTE_URI = 10_001;

/** Without a target the route's own URI stays. */
export function sendTo(exchange: Exchange, target: TargetUri | undefined): void {
  if (target === undefined) return;
  exchange.uri = target.uri;
  if (target.path === undefined) return;
  exchange.request.path = target.path;
  exchange.request.query = target.query;
}

import type { JsonObject } from '@tigateway/model';
import { UntranslatableError } from '../cluster-routes/route-parts.js';
import type { HttpRouteRule } from './gateway-api-types.js';

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const DURATION = /^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/;

/**
 * The metadata that carries a rule's timeouts: the shorter of both counts, to the head of the response, because there is one
 * attempt. Zero is none, and also switches off the gateway's own.
 * @throws UntranslatableError for what is no duration of the Gateway API
 */
export function timeoutOf(timeouts: HttpRouteRule['timeouts'], pointer: string): JsonObject | undefined {
  const given = Object.entries({ request: timeouts?.request, backendRequest: timeouts?.backendRequest }).flatMap(
    ([name, text]) => (text === undefined ? [] : [durationMs(text, `${pointer}/${name}`)]),
  );
  if (given.length === 0) return undefined;
  const limits = given.filter((ms) => ms > 0);
  return { 'response-timeout': limits.length === 0 ? -1 : Math.min(...limits) };
}

function durationMs(text: string, pointer: string): number {
  if (!DURATION.test(text))
    throw new UntranslatableError(pointer, `"${text}" is no duration such as 10s, 1m30s or 250ms`);
  return [...text.matchAll(/(\d+)(ms|h|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as string] as number),
    0,
  );
}

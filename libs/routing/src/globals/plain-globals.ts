import type { GlobalSettingsSchema } from '@tigateway/model';
import { ACTUATOR_SETTINGS } from './actuator.settings.js';
import { FORWARDED_SETTINGS, X_FORWARDED_SETTINGS } from './forwarded-headers.settings.js';
import { LOADBALANCER_SETTINGS } from './loadbalancer.settings.js';
import { REMOVE_HOP_BY_HOP_SETTINGS } from './remove-hop-by-hop.settings.js';
import { REDIS_RATE_LIMITER_SETTINGS, REQUEST_RATE_LIMITER_SETTINGS } from './request-rate-limiter.settings.js';
import { SECURE_HEADERS_SETTINGS } from './secure-headers.settings.js';
import { SET_STATUS_SETTINGS } from './set-status.settings.js';

/** The globals that are used as they are read. */
const SCHEMAS = {
  actuator: ACTUATOR_SETTINGS,
  forwarded: FORWARDED_SETTINGS,
  loadBalancer: LOADBALANCER_SETTINGS,
  rateLimiterHeaders: REDIS_RATE_LIMITER_SETTINGS,
  removeHopByHop: REMOVE_HOP_BY_HOP_SETTINGS,
  requestRateLimiter: REQUEST_RATE_LIMITER_SETTINGS,
  secureHeaders: SECURE_HEADERS_SETTINGS,
  setStatus: SET_STATUS_SETTINGS,
  xForwarded: X_FORWARDED_SETTINGS,
} as const;

type Part = keyof typeof SCHEMAS;
type SettingsOf<Schema> = Schema extends GlobalSettingsSchema<infer Settings> ? Settings : never;

export type PlainGlobals = { readonly [Name in Part]: SettingsOf<(typeof SCHEMAS)[Name]> };

export const PLAIN_SCHEMAS: Readonly<Record<Part, GlobalSettingsSchema>> = SCHEMAS;

export function isPlain(part: string): part is Part {
  return Object.hasOwn(SCHEMAS, part);
}

/** Which part a configuration of that id decides. */
export const PLAIN_PART_OF: Readonly<Record<string, Part>> = Object.fromEntries(
  Object.entries(PLAIN_SCHEMAS).map(([part, { configId }]) => [configId, part as Part]),
);

export const DEFAULT_PLAIN_GLOBALS = Object.fromEntries(
  Object.entries(PLAIN_SCHEMAS).map(([part, { type }]) => [part, Object.freeze(new type())]),
) as unknown as PlainGlobals;

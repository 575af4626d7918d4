import type { GlobalSettingsSchema } from '@tigateway/model';
import { ACCESS_LOG_SETTINGS } from './access-log.settings.js';
import { CORS_SETTINGS } from './cors.settings.js';
import { DEFAULT_FILTERS_SETTINGS } from './default-filters.settings.js';
import { HTTPCLIENT_SETTINGS } from './httpclient.settings.js';
import { LOCAL_RESPONSE_CACHE_SETTINGS } from './local-response-cache.settings.js';
import { METRICS_SETTINGS } from './metrics.settings.js';
import { PLAIN_SCHEMAS } from './plain-globals.js';
import { TRUSTED_PROXIES_SETTINGS } from './forwarded-headers.settings.js';

/** The global configurations that the routing of requests obeys. */
export const ROUTING_GLOBAL_SETTINGS: readonly GlobalSettingsSchema[] = [
  CORS_SETTINGS,
  HTTPCLIENT_SETTINGS,
  DEFAULT_FILTERS_SETTINGS,
  METRICS_SETTINGS,
  ACCESS_LOG_SETTINGS,
  LOCAL_RESPONSE_CACHE_SETTINGS,
  TRUSTED_PROXIES_SETTINGS,
  ...Object.values(PLAIN_SCHEMAS),
];

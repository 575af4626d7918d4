import type { PlacedFilter } from '../compiler/placed-filter.js';
import type { PathPattern } from '../patterns/path-pattern.js';
import type { PreparedPath } from '../patterns/prepared-path.js';
import { AccessLogSettings } from './access-log.settings.js';
import type { CorsSettings } from './cors.settings.js';
import { HttpClientSettings } from './httpclient.settings.js';
import { CacheRequestSettings } from './local-response-cache.settings.js';
import { MetricsSettings } from './metrics.settings.js';
import { DEFAULT_PLAIN_GLOBALS, type PlainGlobals } from './plain-globals.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** The gateway-wide settings of one snapshot, ready for use. A setting that did not change keeps its object. */
export interface CompiledGlobals extends PlainGlobals {
  readonly cors: GlobalCors;
  readonly httpclient: HttpClientSettings;
  readonly defaultFilters: readonly PlacedFilter[];
  readonly metrics: MetricsSettings;
  readonly accessLog: AccessLogSettings;
  readonly localResponseCache: GlobalResponseCache;
  /** Absent: those of the bootstrap file. */
  readonly trustedProxies?: TrustedProxies | undefined;
}

/** The global configuration `local-response-cache`. */
export interface GlobalResponseCache {
  readonly request: CacheRequestSettings;
  /** What joins every route; none where it is not enabled. */
  readonly filters: readonly PlacedFilter[];
}

/** The global configuration `cors`. */
export class GlobalCors {
  constructor(
    private readonly configurations: readonly { readonly pattern: PathPattern; readonly settings: CorsSettings }[],
    /** Whether preflights of paths that no route matches are answered, too. */
    readonly answersUnroutedPreflights: boolean,
    /** Whether a route's own `metadata.cors` counts. */
    readonly honoursRoutes: boolean,
  ) {}

  /** The settings of the first pattern that matches. @throws MalformedPathError */
  settingsFor(path: PreparedPath): CorsSettings | undefined {
    return this.configurations.find(({ pattern }) => pattern.matches(path, true, NO_CAPTURE))?.settings;
  }
}

const NO_CAPTURE = { set: () => undefined };

/** What is in force where nothing is configured. */
export const DEFAULT_GLOBALS: CompiledGlobals = Object.freeze({
  ...DEFAULT_PLAIN_GLOBALS,
  cors: new GlobalCors([], false, true),
  httpclient: new HttpClientSettings(),
  defaultFilters: Object.freeze([]),
  metrics: new MetricsSettings(),
  accessLog: new AccessLogSettings(),
  localResponseCache: Object.freeze({ request: new CacheRequestSettings(), filters: Object.freeze([]) }),
});

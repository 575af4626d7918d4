import { bindGlobal, type GlobalSettingsSchema, type Json, pointerTo, type Problem } from '@tigateway/model';
import { type Compilation, NO_PROBLEMS } from '../compiler/compilation.js';
import type { CompileEnvironment } from '../compiler/compile-environment.js';
import { ComponentError } from '../compiler/component.js';
import { inOrder, type PlacedFilter } from '../compiler/placed-filter.js';
import { PathPattern } from '../patterns/path-pattern.js';
import { ACCESS_LOG_SETTINGS, type AccessLogSettings } from './access-log.settings.js';
import { type CompiledGlobals, DEFAULT_GLOBALS, GlobalCors } from './compiled-globals.js';
import { CORS_SETTINGS, type GlobalCorsSettings } from './cors.settings.js';
import { DEFAULT_FILTERS_SETTINGS, type DefaultFiltersSettings } from './default-filters.settings.js';
import { TRUSTED_PROXIES_SETTINGS, type TrustedProxiesSettings } from './forwarded-headers.settings.js';
import { HTTPCLIENT_SETTINGS, type HttpClientSettings, needlessSettings } from './httpclient.settings.js';
import { LOCAL_RESPONSE_CACHE_SETTINGS, type LocalResponseCacheSettings } from './local-response-cache.settings.js';
import { METRICS_SETTINGS, type MetricsSettings } from './metrics.settings.js';
import { isPlain, PLAIN_PART_OF, PLAIN_SCHEMAS } from './plain-globals.js';
import { trustedProxies } from './trusted-proxies.js';

/** The part of the globals that one configuration decides. */
export type GlobalPart = Partial<CompiledGlobals>;

type FilterListCompiler = (
  definitions: readonly Json[],
  problems: Problem[],
  pointer: string,
) => readonly PlacedFilter[];

/** Which part of the globals a configuration of that id decides; `undefined` where routing does not know it. */
export const PART_OF: Readonly<Record<string, keyof CompiledGlobals | undefined>> = Object.assign(
  Object.create(null) as Record<string, keyof CompiledGlobals>,
  {
    cors: 'cors',
    httpclient: 'httpclient',
    'default-filters': 'defaultFilters',
    metrics: 'metrics',
    'access-log': 'accessLog',
    'local-response-cache': 'localResponseCache',
    'trusted-proxies': 'trustedProxies',
    ...PLAIN_PART_OF,
  },
);

/** The part as it is without a configuration. */
export function defaultPart(part: keyof CompiledGlobals): GlobalPart {
  return { [part]: DEFAULT_GLOBALS[part] };
}

export function compileGlobal(
  configId: string,
  configuration: Json,
  compileFilters: FilterListCompiler,
  environment: CompileEnvironment,
): Compilation<GlobalPart> {
  const part = PART_OF[configId];
  if (part === undefined) return { problems: NO_PROBLEMS, warnings: NO_PROBLEMS };
  if (isPlain(part)) return read(PLAIN_SCHEMAS[part], configuration, (settings) => ({ [part]: settings }));
  switch (part) {
    case 'cors':
      return read(CORS_SETTINGS, configuration, compileCors);
    case 'httpclient':
      return read(HTTPCLIENT_SETTINGS, configuration, (httpclient: HttpClientSettings, problems, warnings) => {
        problems.push(...(environment.httpClientProblems?.(httpclient) ?? []));
        warnings.push(...needlessSettings(httpclient));
        return { httpclient };
      });
    case 'metrics':
      return read(METRICS_SETTINGS, configuration, (metrics: MetricsSettings) => ({ metrics }));
    case 'accessLog':
      return read(ACCESS_LOG_SETTINGS, configuration, (accessLog: AccessLogSettings) => ({ accessLog }));
    case 'localResponseCache':
      return read(LOCAL_RESPONSE_CACHE_SETTINGS, configuration, (settings: LocalResponseCacheSettings, problems) => ({
        localResponseCache: {
          request: settings.request,
          filters: settings.enabled ? compileFilters([cacheFilter(settings)], problems, '').map(behindOwn) : [],
        },
      }));
    case 'trustedProxies':
      return read(TRUSTED_PROXIES_SETTINGS, configuration, compileTrustedProxies);
    case 'defaultFilters':
      return read(DEFAULT_FILTERS_SETTINGS, configuration, ({ defaultFilters }: DefaultFiltersSettings, problems) => ({
        defaultFilters: inOrder(compileFilters(defaultFilters, problems, filtersPointer(configuration))),
      }));
  }
}

function cacheFilter({ timeToLiveMs, sizeBytes }: LocalResponseCacheSettings): Json {
  const args = { timeToLive: timeToLiveMs, ...(sizeBytes !== undefined && { size: sizeBytes }) };
  return { name: 'LocalResponseCache', args };
}

/** A route's own cache comes before the one of all routes. */
function behindOwn({ filter, order }: PlacedFilter): PlacedFilter {
  return { filter, order: order + 1 };
}

function read<T extends object>(
  schema: GlobalSettingsSchema<T>,
  configuration: Json,
  compile: (settings: T, problems: Problem[], warnings: Problem[]) => GlobalPart,
): Compilation<GlobalPart> {
  const bound = bindGlobal(schema, configuration);
  if (bound.value === undefined) return { problems: bound.problems, warnings: NO_PROBLEMS };
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const result = compile(bound.value, problems, warnings);
  return problems.length > 0 ? { problems, warnings } : { result, problems, warnings };
}

function compileCors(settings: GlobalCorsSettings, problems: Problem[]): GlobalPart {
  const configurations = Object.entries(settings.corsConfigurations).flatMap(([key, cors]) => {
    try {
      // Spring's YAML needs brackets around a key with slashes.
      return [{ pattern: PathPattern.parse(key.replace(/^\[(.*)\]$/, '$1')), settings: cors }];
    } catch (error) {
      if (!(error instanceof ComponentError)) throw error;
      const pointer = pointerTo('/cors-configurations', key);
      problems.push({ pointer, code: error.code, message: error.message });
      return [];
    }
  });
  return { cors: new GlobalCors(configurations, settings.addToSimpleUrlHandlerMapping, settings.enabled) };
}

function compileTrustedProxies({ trustedProxies: written }: TrustedProxiesSettings, problems: Problem[]): GlobalPart {
  try {
    // A single text may be addresses with commas between.
    return { trustedProxies: trustedProxies(written.length === 1 ? written[0] : written) };
  } catch (error) {
    problems.push({ pointer: '', code: 'invalid-argument', message: (error as Error).message });
    return {};
  }
}

/** Where the list of filters stands in what was written. */
function filtersPointer(configuration: Json): string {
  if (Array.isArray(configuration) || configuration === null || typeof configuration !== 'object') return '';
  const [key] = Object.keys(configuration);
  return key === undefined ? '' : pointerTo('', key);
}

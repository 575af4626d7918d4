import { Choice, DurationMs, Flag, type GlobalSettingsSchema, Nested, SizeBytes } from '@tigateway/model';
import { Min } from 'class-validator';
import { unwrapped } from './unwrapped.js';

const STRATEGIES = ['SKIP_UPDATE_CACHE_ENTRY', 'UPDATE_CACHE_ENTRY'] as const;

export class CacheRequestSettings {
  @Choice(STRATEGIES, {
    about: 'What a request with `Cache-Control: no-cache`, which goes upstream in any case, does to what is kept.',
  })
  noCacheStrategy: (typeof STRATEGIES)[number] = 'SKIP_UPDATE_CACHE_ENTRY';
}

/** A cache for every route that has none of its own: Spring's `filter.local-response-cache`. */
export class LocalResponseCacheSettings {
  @Flag({ about: 'Cache the responses of every route.' })
  enabled = false;

  @DurationMs({ key: 'timeToLive', about: 'How long a response is given again.' })
  @Min(1)
  timeToLiveMs = 300_000;

  @SizeBytes({
    key: 'size',
    optional: true,
    about: 'Of all responses that are kept, of all routes together. No limit.',
  })
  @Min(1)
  sizeBytes?: number;

  @Nested(() => CacheRequestSettings)
  request = new CacheRequestSettings();
}

export const LOCAL_RESPONSE_CACHE_SETTINGS: GlobalSettingsSchema<LocalResponseCacheSettings> = {
  configId: 'local-response-cache',
  type: LocalResponseCacheSettings,
  unwrap: (configuration) => unwrapped(configuration, 'local-response-cache'),
};

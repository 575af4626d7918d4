import { Flag, type GlobalSettingsSchema, ListOf } from '@tigateway/model';
import { unwrapped } from './unwrapped.js';

/** One log line per request. */
export class AccessLogSettings {
  @Flag()
  enabled = false;

  @ListOf({ kind: 'text' }, { about: 'Request headers that the line shows.' })
  headers: string[] = [];

  @Flag({ about: 'Show the query, which often holds what should not be kept.' })
  query = false;
}

export const ACCESS_LOG_SETTINGS: GlobalSettingsSchema<AccessLogSettings> = {
  configId: 'access-log',
  type: AccessLogSettings,
  unwrap: (configuration) => unwrapped(configuration, 'access-log', 'accessLog'),
};

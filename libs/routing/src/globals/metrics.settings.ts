import { Flag, type GlobalSettingsSchema, MapOf, Nested, Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { unwrapped } from './unwrapped.js';

export class PathTagSettings {
  @Flag({ about: 'Add the matched path pattern as a label.' })
  enabled = false;
}

/** Request metrics: Spring's `metrics`. */
export class MetricsSettings {
  @Flag()
  enabled = true;

  @Text({ about: 'The first part of the metric’s name.' })
  @IsNotEmpty()
  prefix = 'spring.cloud.gateway';

  @MapOf({ kind: 'text' }, { about: 'Labels that every series gets.' })
  tags: Record<string, string> = {};

  @Nested(() => PathTagSettings)
  pathTags = new PathTagSettings();
}

export const METRICS_SETTINGS: GlobalSettingsSchema<MetricsSettings> = {
  configId: 'metrics',
  type: MetricsSettings,
  unwrap: (configuration) => unwrapped(configuration, 'metrics'),
};

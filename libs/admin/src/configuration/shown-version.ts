import { type ConfigurationVersion, maskSecrets } from '@tigateway/model';

/** A version record as answers show it: its secrets masked. */
export function shownVersion(version: ConfigurationVersion): ConfigurationVersion {
  return { ...version, configuration: maskSecrets(version.configuration) };
}

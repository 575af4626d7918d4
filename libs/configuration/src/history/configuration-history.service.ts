import type { ConfigurationKey, ConfigurationVersion, JsonObject } from '@tigateway/model';

/** What a configuration was before. Secrets are masked in what `diff` says; the versions themselves hold them. */
export abstract class ConfigurationHistoryService {
  /** Newest first, `[]` for none. */
  abstract history(key: ConfigurationKey): Promise<readonly ConfigurationVersion[]>;
  abstract version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined>;
  /**
   * A JSON Patch (RFC 6902) from the content of one version to that of another.
   * @throws ConfigurationNotFoundError
   */
  abstract diff(key: ConfigurationKey, from: string, to: string): Promise<readonly JsonObject[]>;
}

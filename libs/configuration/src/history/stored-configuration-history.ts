import {
  type ConfigurationKey,
  ConfigurationNotFoundError,
  type ConfigurationVersion,
  contentDiff,
  type JsonObject,
} from '@tigateway/model';
import { Injectable } from '@nestjs/common';
import { ConfigurationHistoryService } from './configuration-history.service.js';
import { ConfigurationStore } from './configuration-store.js';

/** The history as the store keeps it. */
@Injectable()
export class StoredConfigurationHistory extends ConfigurationHistoryService {
  constructor(private readonly store: ConfigurationStore) {
    super();
  }

  override history(key: ConfigurationKey): Promise<readonly ConfigurationVersion[]> {
    return this.store.versions(key);
  }

  override version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined> {
    return this.store.version(key, version);
  }

  override async diff(key: ConfigurationKey, from: string, to: string): Promise<readonly JsonObject[]> {
    const [before, after] = await Promise.all([this.existing(key, from), this.existing(key, to)]);
    return contentDiff(before.configuration, after.configuration);
  }

  private async existing(key: ConfigurationKey, version: string): Promise<ConfigurationVersion> {
    const found = await this.store.version(key, version);
    if (!found) throw new ConfigurationNotFoundError(key, version);
    return found;
  }
}

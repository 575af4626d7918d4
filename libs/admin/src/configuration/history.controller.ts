import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ConfigurationNotFoundError, type ConfigurationVersion, Text } from '@tigateway/model';
import { ConfigurationHistoryService } from '@tigateway/configuration';
import { QueryOf } from '../http/query.js';
import { keyOfText } from './path-key.js';
import { shownVersion } from './shown-version.js';

class DiffQuery {
  @Text() from!: string;
  @Text() to!: string;
}

/** What a configuration was before. */
@Controller('api/configuration/history/:configType/:configId')
export class HistoryController {
  constructor(@Inject(ConfigurationHistoryService) private readonly history: ConfigurationHistoryService) {}

  /** Newest first. */
  @Get()
  async list(
    @Param('configType') configType: string,
    @Param('configId') configId: string,
  ): Promise<ConfigurationVersion[]> {
    return (await this.history.history(keyOfText(configType, configId))).map(shownVersion);
  }

  /** A JSON Patch (RFC 6902) from one version's content to the other's. */
  @Get('diff')
  diff(
    @Param('configType') configType: string,
    @Param('configId') configId: string,
    @QueryOf(DiffQuery) { from, to }: DiffQuery,
  ): Promise<unknown> {
    return this.history.diff(keyOfText(configType, configId), from, to);
  }

  @Get(':version')
  async get(
    @Param('configType') configType: string,
    @Param('configId') configId: string,
    @Param('version') version: string,
  ): Promise<ConfigurationVersion> {
    const key = keyOfText(configType, configId);
    const found = await this.history.version(key, version);
    if (!found) throw new ConfigurationNotFoundError(key, version);
    return shownVersion(found);
  }
}

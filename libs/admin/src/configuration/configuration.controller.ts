import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import {
  Choice,
  CONFIG_TYPES,
  type ConfigType,
  ConfigurationValidationError,
  type ConfigurationVersion,
  type Json,
  keyText,
  PendingChangeNotFoundError,
  type SourceName,
  Text,
} from '@tigateway/model';
import {
  ConfigurationHistoryService,
  type Conflict,
  DynamicConfigurationService,
  type DryRunReport,
  type PendingChange,
  type RefreshReport,
} from '@tigateway/configuration';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusePreconditions, writeOptionsOf } from '../http/change-headers.js';
import { JsonBody } from '../http/json-body.js';
import { jsonWithArray } from '../http/json-stream.js';
import { QueryOf } from '../http/query.js';
import { batchOf } from './batch.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { exported } from './export.js';
import { keyOf } from './path-key.js';
import { shownVersion } from './shown-version.js';
import { WriteQuery } from './write-query.js';

class RefreshQuery {
  /** The source whose held-back deletions are let through. */
  @Text({ optional: true }) confirm?: string;
}

class RollbackQuery extends WriteQuery {
  @Choice(CONFIG_TYPES, { key: 'configType' }) configType!: ConfigType;
  @Text({ key: 'configId' }) configId!: string;
  @Text() version!: string;
}

class ExportQuery {
  @Choice(['yaml', 'json']) format: 'yaml' | 'json' = 'yaml';
  @Text({ optional: true }) source?: string;
}

/** The calls that concern more than one configuration, or its past. */
@Controller('api/configuration')
export class ConfigurationController {
  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(ConfigurationHistoryService) private readonly history: ConfigurationHistoryService,
    @Inject(ConfigurationWriter) private readonly writer: ConfigurationWriter,
  ) {}

  /** All or nothing. */
  @Post('batch')
  @HttpCode(200)
  batch(
    @JsonBody() body: Json,
    @QueryOf(WriteQuery) how: WriteQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    refusePreconditions(request.headers);
    return this.writer.write(
      { request, reply, how, wishes: () => batchOf(body) },
      ({ versions, shadowedBy, warnings }) => {
        const shown = (version: ConfigurationVersion): object => {
          const source = shadowedBy.get(keyText(version));
          return { ...shownVersion(version), ...(source !== undefined && { shadowedBy: source }) };
        };
        return jsonWithArray('versions', versions, shown, { warnings });
      },
    );
  }

  @Post('refresh')
  @HttpCode(200)
  refresh(@QueryOf(RefreshQuery) { confirm }: RefreshQuery): Promise<RefreshReport> {
    if (confirm !== undefined) this.requireSource(confirm);
    return this.configurations.refresh(confirm);
  }

  @Post('rollback')
  @HttpCode(200)
  async rollback(
    @QueryOf(RollbackQuery) { configType, configId, version, ...how }: RollbackQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConfigurationVersion | DryRunReport> {
    const key = keyOf(configType, configId);
    if (how.dryRun) return this.writer.previewRollback(key, version, await this.history.version(key, version));
    return shownVersion(await this.writer.rollback({ request, reply, how }, key, version));
  }

  @Get('pending')
  pending(): readonly PendingChange[] {
    return this.configurations.pending();
  }

  @Get('pending/:id')
  pendingChange(@Param('id') id: string): PendingChange {
    const found = this.configurations.pending().find((each) => each.id === id);
    if (!found) throw new PendingChangeNotFoundError(id);
    return found;
  }

  /** It does not go in; where it goes in batch by batch, what is in force of it is taken back first. */
  @Delete('pending/:id')
  @HttpCode(200)
  cancel(@Param('id') id: string, @Req() request: FastifyRequest): Promise<PendingChange> {
    return this.configurations.cancel(id, writeOptionsOf(request));
  }

  @Get('conflicts')
  conflicts(): Promise<readonly Conflict[]> {
    return this.configurations.conflicts();
  }

  @Get('export')
  @Header('x-configuration-secrets', 'masked')
  async export(@QueryOf(ExportQuery) { format, source }: ExportQuery): Promise<StreamableFile> {
    if (source !== undefined) this.requireSource(source);
    return exported(await this.configurations.export(source), format);
  }

  private requireSource(name: SourceName): void {
    const names = this.configurations.sources().map((source) => source.name);
    if (names.includes(name)) return;
    const message = `there is no source "${name}"; expected one of: ${names.join(', ')}`;
    throw new ConfigurationValidationError([{ pointer: '', code: 'unknown-source', message }]);
  }
}

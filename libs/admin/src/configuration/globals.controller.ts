import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ConfigurationNotFoundError, ConfigurationValidationError, type Json, maskSecrets } from '@tigateway/model';
import { DynamicConfigurationService } from '@tigateway/configuration';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { etagOf, isNotModified } from '../http/change-headers.js';
import { JsonBody } from '../http/json-body.js';
import { jsonRecord } from '../http/json-stream.js';
import { QueryOf } from '../http/query.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { keyOf } from './path-key.js';
import { GlobalWriteQuery, WriteQuery } from './write-query.js';

/** Gateway-wide settings: any JSON under an id. */
@Controller('api/configuration/global')
export class GlobalsController {
  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(ConfigurationWriter) private readonly writer: ConfigurationWriter,
  ) {}

  /** By id: without it, a setting would say nothing of what it sets. */
  @Get()
  async list(): Promise<unknown> {
    return jsonRecord(
      await this.configurations.list('global'),
      ({ configId }) => configId,
      ({ configuration }) => maskSecrets(configuration),
    );
  }

  @Get(':configId')
  get(@Param('configId') configId: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const key = keyOf('global', configId);
    const found = this.configurations.get(key);
    if (!found) throw new ConfigurationNotFoundError(key);
    const etag = etagOf(found.version);
    reply.headers({ etag, 'x-configuration-source': found.source });
    if (isNotModified(request.headers, etag)) void reply.status(304).send();
    else sendJson(reply, maskSecrets(found.configuration));
  }

  @Post()
  async post(
    @JsonBody() body: Json,
    @QueryOf(GlobalWriteQuery) { configId, ...how }: GlobalWriteQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    reply.status(200);
    const wishes = () => {
      const key = keyOf('global', configId);
      if (body === null) {
        const message = 'null is no configuration; DELETE removes one';
        throw new ConfigurationValidationError([{ pointer: '', code: 'wrong-type', message }]);
      }
      return [{ ...key, op: 'upsert' as const, configuration: body, ...this.writer.preconditions(request, key) }];
    };
    sendJson(
      reply,
      await this.writer.write({ request, reply, how, wishes }, ({ versions: [made] }) =>
        made ? maskSecrets(made.configuration) : null,
      ),
    );
  }

  @Delete(':configId')
  @HttpCode(200)
  delete(
    @Param('configId') configId: string,
    @QueryOf(WriteQuery) how: WriteQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wishes = () => {
      const key = keyOf('global', configId);
      return [{ ...key, op: 'delete' as const, ...this.writer.preconditions(request, key) }];
    };
    return this.writer.write({ request, reply, how, wishes }, () => undefined);
  }
}

/** The frame would send a text or a number as it stands; a JSON value stays one. */
function sendJson(reply: FastifyReply, value: unknown): void {
  void reply.type('application/json; charset=utf-8').send(JSON.stringify(value));
}

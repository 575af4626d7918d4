import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import {
  type ConfigType,
  ConfigurationNotFoundError,
  ConfigurationValidationError,
  isJsonObject,
  type Json,
  type JsonObject,
  maskSecrets,
} from '@tigateway/model';
import { DynamicConfigurationService } from '@tigateway/configuration';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { etagOf, isNotModified } from '../http/change-headers.js';
import { JsonBody } from '../http/json-body.js';
import { jsonArray } from '../http/json-stream.js';
import { QueryOf } from '../http/query.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { keyOf } from './path-key.js';
import { WriteQuery } from './write-query.js';

/** The five calls that routes and filters have alike. */
abstract class DefinitionsController {
  protected abstract readonly configType: ConfigType;

  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(ConfigurationWriter) private readonly writer: ConfigurationWriter,
  ) {}

  @Get()
  async list(): Promise<unknown> {
    const inForce = await this.configurations.list(this.configType);
    return jsonArray(inForce, ({ configuration }) => maskSecrets(configuration));
  }

  @Get(':id')
  get(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Json | undefined {
    const key = keyOf(this.configType, id);
    const found = this.configurations.get(key);
    if (!found) throw new ConfigurationNotFoundError(key);
    const etag = etagOf(found.version);
    reply.headers({ etag, 'x-configuration-source': found.source });
    if (!isNotModified(request.headers, etag)) return maskSecrets(found.configuration);
    reply.status(304);
    return undefined;
  }

  @Post()
  @HttpCode(200)
  post(
    @JsonBody() body: Json,
    @QueryOf(WriteQuery) how: WriteQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.upsert(undefined, body, how, request, reply);
  }

  @Put(':id')
  put(
    @Param('id') id: string,
    @JsonBody() body: Json,
    @QueryOf(WriteQuery) how: WriteQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.upsert(id, body, how, request, reply);
  }

  @Delete(':id')
  @HttpCode(200)
  delete(
    @Param('id') id: string,
    @QueryOf(WriteQuery) how: WriteQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wishes = () => {
      const key = keyOf(this.configType, id);
      return [{ ...key, op: 'delete' as const, ...this.writer.preconditions(request, key) }];
    };
    return this.writer.write({ request, reply, how, wishes }, () => undefined);
  }

  private upsert(
    pathId: string | undefined,
    body: Json,
    how: WriteQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const wishes = () => {
      const configuration = definitionOf(pathId, body);
      const key = keyOf(this.configType, configuration.id, pathId === undefined ? '/id' : '');
      return [{ ...key, op: 'upsert' as const, configuration, ...this.writer.preconditions(request, key) }];
    };
    return this.writer.write({ request, reply, how, wishes }, ({ versions: [made] }) =>
      made ? maskSecrets(made.configuration) : undefined,
    );
  }
}

@Controller('api/configuration/routes')
export class RoutesController extends DefinitionsController {
  protected override readonly configType = 'route';
}

@Controller('api/configuration/filters')
export class FiltersController extends DefinitionsController {
  protected override readonly configType = 'filter';
}

/**
 * The definition with its id, which the path may supply.
 * @param at where the definition stands in the body
 * @throws ConfigurationValidationError
 */
export function definitionOf(pathId: string | undefined, body: Json, at = ''): JsonObject & { readonly id: string } {
  if (!isJsonObject(body)) throw invalid(at, 'wrong-type', 'expected a definition, an object');
  const { id } = body;
  if (id === undefined) {
    if (pathId === undefined) throw invalid(`${at}/id`, 'required', '"id" is required');
    return Object.assign(Object.create(null) as JsonObject, { id: pathId }, body);
  }
  if (typeof id !== 'string') throw invalid(`${at}/id`, 'wrong-type', 'expected a text');
  if (pathId !== undefined && id !== pathId) {
    throw invalid(`${at}/id`, 'id-mismatch', `the body says "${id}", the path says "${pathId}"`);
  }
  return body as JsonObject & { readonly id: string };
}

function invalid(pointer: string, code: string, message: string): ConfigurationValidationError {
  return new ConfigurationValidationError([{ pointer, code, message }]);
}

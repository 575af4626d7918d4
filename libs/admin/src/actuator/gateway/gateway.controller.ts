import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import {
  ConfigurationConflictError,
  ConfigurationNotFoundError,
  ConfigurationValidationError,
  type FilterDefinition,
  forEachSliced,
  isJsonObject,
  type Json,
  type JsonObject,
  pointerTo,
} from '@tigateway/model';
import { DynamicConfigurationService, type WriteRequest } from '@tigateway/configuration';
import { type CompiledRoute, ComponentCatalogue, RouteManager } from '@tigateway/routing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { definitionOf } from '../../configuration/definitions.controller.js';
import { ConfigurationWriter } from '../../configuration/configuration-writer.js';
import { WriteQuery } from '../../configuration/write-query.js';
import { keyOf } from '../../configuration/path-key.js';
import { JsonBody } from '../../http/json-body.js';
import { jsonArray } from '../../http/json-stream.js';
import { HttpProblem, NOT_FOUND } from '../../problem/http-problem.js';
import {
  combinedFilters,
  definedRoute,
  GATEWAY_ENDPOINTS,
  liveRoute,
  routeEndpoints,
  writtenOut,
} from './gateway-shapes.js';

/**
 * Spring Cloud Gateway's actuator. Its writes go through the same door as everyone's: checked whole, and in force at once
 * rather than at the next refresh.
 */
@Controller('actuator/gateway')
export class GatewayController {
  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(ConfigurationWriter) private readonly writer: ConfigurationWriter,
    @Inject(RouteManager) private readonly live: RouteManager,
    @Inject(ComponentCatalogue) private readonly components: ComponentCatalogue,
  ) {}

  /** What can be called; Spring makes the list of its routes, so it is empty where there are none. */
  @Get()
  async endpoints(): Promise<unknown> {
    const routes = await this.live.routes();
    if (routes.length === 0) return [];
    const endpoints = [...GATEWAY_ENDPOINTS];
    await forEachSliced(routes, (route) => endpoints.push(...routeEndpoints(route)));
    return jsonArray(endpoints, (endpoint) => endpoint);
  }

  @Get('routes')
  async routes(): Promise<unknown> {
    return jsonArray(await this.live.routes(), this.isVerbose ? liveRoute : definedRoute);
  }

  @Get('routes/:id')
  route(@Param('id') id: string): unknown {
    const route = this.required(id);
    return this.isVerbose ? liveRoute(route) : writtenOut(route.definition as unknown as Json);
  }

  @Get('routes/:id/combinedfilters')
  combinedFilters(@Param('id') id: string): Record<string, number> {
    return combinedFilters(this.required(id));
  }

  @Get('routedefinitions')
  async definitions(): Promise<unknown> {
    const routes = await this.configurations.list('route');
    return jsonArray(routes, ({ configuration }) => writtenOut(configuration));
  }

  /** The filters with an id of their own that join every route, and the cache of all routes where it is on. */
  @Get('globalfilters')
  async globalFilters(): Promise<Record<string, number>> {
    const filters = (await this.configurations.list('filter')).map(
      ({ configuration }) => configuration as JsonObject & Pick<FilterDefinition, 'id' | 'name'>,
    );
    const everywhere = filters.filter(({ routes, enabled }) => routes === undefined && enabled !== false);
    const cache = this.live.current.globals.localResponseCache.filters;
    return Object.fromEntries([
      ...cache.map(({ filter, order }) => [String(filter), order] as const),
      ...everywhere.map(({ id, name, order }) => [`${name}@${id}`, typeof order === 'number' ? order : 0] as const),
    ]);
  }

  @Get('routefilters')
  routeFilters(): Record<string, null> {
    return catalogue(this.components.filters);
  }

  @Get('routepredicates')
  routePredicates(): Record<string, null> {
    return catalogue(this.components.predicates);
  }

  /**
   * Settles once every source has been read again: a client that waits for the answer sees the effect. Spring's `metadata`
   * narrows a refresh to some routes; what is unchanged is not touched here in any case.
   */
  @Post('refresh')
  @HttpCode(200)
  async refresh(): Promise<void> {
    await this.configurations.refresh();
  }

  /** The path's id wins over the body's, as in Spring. */
  @Post('routes/:id')
  save(
    @Param('id') id: string,
    @JsonBody() body: Json,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    reply.status(201);
    const wishes = () => [
      {
        ...keyOf('route', id),
        op: 'upsert' as const,
        configuration: definitionOf(id, isJsonObject(body) ? { ...body, id } : body),
      },
    ];
    return this.writer.write({ request, reply, how: new WriteQuery(), wishes }, () => {
      reply.header('location', `/routes/${encodeURIComponent(id)}`);
      return undefined;
    });
  }

  /** Several at once: all or nothing. */
  @Post('routes')
  @HttpCode(200)
  saveAll(
    @JsonBody() body: Json,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wishes = async () => {
      if (!Array.isArray(body)) {
        throw new ConfigurationValidationError([
          { pointer: '', code: 'wrong-type', message: 'expected an array of definitions' },
        ]);
      }
      const requests: WriteRequest[] = [];
      await forEachSliced(body as readonly Json[], (item) => {
        const pointer = pointerTo('', requests.length);
        const configuration = definitionOf(undefined, item, pointer);
        requests.push({ ...keyOf('route', configuration.id, `${pointer}/id`), op: 'upsert', configuration, pointer });
      });
      return requests;
    };
    return this.writer.write({ request, reply, how: new WriteQuery(), wishes }, () => undefined);
  }

  @Delete('routes/:id')
  @HttpCode(200)
  remove(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wishes = () => [{ ...keyOf('route', id), op: 'delete' as const }];
    return this.writer
      .write({ request, reply, how: new WriteQuery(), wishes }, () => undefined)
      .catch((error: unknown) => {
        // Spring's answer for what is not in its writable repository.
        if (error instanceof ConfigurationConflictError) throw new HttpProblem(NOT_FOUND, error.message);
        throw error;
      });
  }

  private get isVerbose(): boolean {
    return this.live.current.globals.actuator.verbose.enabled;
  }

  private required(id: string): CompiledRoute {
    const key = keyOf('route', id);
    const route = this.live.route(id);
    if (!route) throw new ConfigurationNotFoundError(key);
    return route;
  }
}

function catalogue(factories: readonly { readonly name: string }[]): Record<string, null> {
  return Object.fromEntries(factories.map(({ name }) => [name, null]));
}

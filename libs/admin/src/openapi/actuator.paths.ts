import type { Operation, Paths } from './openapi-types.js';
import {
  headers,
  json,
  jsonBody,
  ok,
  parameter,
  pathParameter,
  problems,
  queryParameter,
  refusals,
  writeResponses,
} from './parts.js';
import { arrayOf, ref } from './schemas.js';

const TAGS = ['actuator'];
const GATEWAY = '/actuator/gateway';
/** Probes and scrapers need no token. */
const OPEN: Operation['security'] = [];

const health = (operationId: string, summary: string): Operation => ({
  operationId,
  tags: TAGS,
  summary,
  security: OPEN,
  responses: { 200: ok(ref('Health'), 'UP'), 503: ok(ref('Health'), 'Anything but UP') },
});

const read = (operationId: string, summary: string, schema: Parameters<typeof ok>[0]): Operation => ({
  operationId,
  tags: TAGS,
  summary,
  responses: { 200: ok(schema), ...problems() },
});

const routeId = pathParameter('id', ref('ConfigId'));

export const ACTUATOR_PATHS: Paths = {
  '/actuator': { get: read('actuator', 'Where the endpoints are', ref('Links')) },
  '/actuator/openapi': { get: read('openapi', 'This document', { type: 'object' }) },
  '/actuator/health': { get: health('health', 'The health of every component') },
  '/actuator/health/{component}': {
    get: {
      ...health('healthOf', 'The health of a group (`liveness`, `readiness`) or of one component'),
      parameters: [pathParameter('component')],
      responses: { ...health('', '').responses, ...refusals([404]) },
    },
  },
  '/actuator/info': {
    get: { ...read('info', 'Build and runtime', ref('Info')), security: OPEN, responses: { 200: ok(ref('Info')) } },
  },
  '/actuator/prometheus': {
    get: {
      operationId: 'prometheus',
      tags: TAGS,
      summary: 'Every metric as Prometheus text',
      security: OPEN,
      responses: { 200: { description: 'The metrics', content: { 'text/plain': { schema: { type: 'string' } } } } },
    },
  },
  '/actuator/metrics': { get: read('metricNames', 'The names of the metrics', ref('MetricNames')) },
  '/actuator/metrics/{name}': {
    get: {
      ...read('metric', 'One metric', ref('Metric')),
      parameters: [
        pathParameter('name'),
        queryParameter('tag', arrayOf({ type: 'string', pattern: '^[^:]+:' }), 'Only series with this `tag:value`'),
      ],
      responses: { 200: ok(ref('Metric')), ...problems(400, 404) },
    },
  },
  '/actuator/configuration/status': {
    get: read(
      'configurationStatus',
      'Sources, rejected documents, shadowed ids, pending changes',
      ref('ConfigurationStatus'),
    ),
  },
  '/actuator/configuration/validate': {
    post: {
      operationId: 'validate',
      tags: TAGS,
      summary: 'Check a document, or without one what runs now; changes nothing',
      requestBody: {
        required: false,
        content: { ...json({ type: 'object' }), 'application/yaml': { schema: { type: 'string' } } },
      },
      responses: { 200: ok(ref('ValidationReport')), ...problems(400, 413, 415) },
    },
  },
  '/actuator/circuitbreakers': {
    get: read('circuitBreakers', 'Every circuit breaker that has been asked', ref('CircuitBreakers')),
  },
  '/actuator/workers': {
    get: read('workers', 'The processes that serve traffic; none where the gateway is one process', ref('Workers')),
  },
  '/actuator/workers/restart': {
    post: {
      operationId: 'restartWorkers',
      tags: TAGS,
      summary: 'Replace the workers one after the other; no request fails for it',
      responses: { 202: ok(ref('Workers'), 'It has begun'), ...problems(404) },
    },
  },
  [GATEWAY]: { get: read('gatewayEndpoints', 'What can be called for which route', arrayOf(ref('GatewayEndpoint'))) },
  [`${GATEWAY}/routes`]: {
    get: read(
      'liveRoutes',
      'The routes that take traffic',
      arrayOf({ oneOf: [ref('LiveRoute'), ref('DefinedRoute')] }),
    ),
    post: {
      operationId: 'saveGatewayRoutes',
      tags: TAGS,
      summary: 'Create or replace several routes, all or nothing',
      parameters: [parameter('reason')],
      requestBody: jsonBody(arrayOf(ref('RouteDefinition'))),
      responses: {
        ...writeResponses(undefined, 413, 415),
        200: { description: 'In force', headers: headers({ ETag: 'etag' }) },
      },
    },
  },
  [`${GATEWAY}/routes/{id}`]: {
    get: {
      ...read('liveRoute', 'A route that takes traffic', ref('LiveRoute')),
      parameters: [routeId],
      responses: { 200: ok({ oneOf: [ref('LiveRoute'), ref('RouteDefinition')] }), ...problems(400, 404) },
    },
    post: {
      operationId: 'saveGatewayRoute',
      tags: TAGS,
      summary: 'Create or replace a route; in force at once',
      parameters: [routeId, parameter('reason')],
      requestBody: jsonBody(ref('RouteDefinitionBody')),
      responses: {
        201: { description: 'In force', headers: headers({ Location: 'location', ETag: 'etag' }) },
        202: ok(ref('Pending'), 'Accepted; the update policy delays it'),
        ...problems(400, 405, 413, 415, 503),
      },
    },
    delete: {
      operationId: 'deleteGatewayRoute',
      tags: TAGS,
      summary: "Delete the API's route",
      parameters: [routeId, parameter('reason')],
      responses: {
        200: { description: 'Deleted', headers: headers({ ETag: 'etag' }) },
        202: ok(ref('Pending'), 'Accepted; the update policy delays it'),
        ...problems(400, 404, 405, 503),
      },
    },
  },
  [`${GATEWAY}/routes/{id}/combinedfilters`]: {
    get: {
      ...read('combinedFilters', 'The whole filter chain of a route', ref('FilterOrders')),
      parameters: [routeId],
      responses: { 200: ok(ref('FilterOrders')), ...problems(400, 404) },
    },
  },
  [`${GATEWAY}/routedefinitions`]: {
    get: read('routeDefinitions', 'The definitions in force, written out', arrayOf(ref('RouteDefinition'))),
  },
  [`${GATEWAY}/globalfilters`]: {
    get: read('globalFilters', 'The filters that join every route', ref('FilterOrders')),
  },
  [`${GATEWAY}/routefilters`]: { get: read('routeFilters', 'The filters that a route may name', ref('Catalogue')) },
  [`${GATEWAY}/routepredicates`]: {
    get: read('routePredicates', 'The predicates that a route may name', ref('Catalogue')),
  },
  [`${GATEWAY}/refresh`]: {
    post: {
      operationId: 'gatewayRefresh',
      tags: TAGS,
      summary: 'Read every source again and apply what is different',
      parameters: [
        queryParameter(
          'metadata',
          arrayOf({ type: 'string' }),
          'Spring’s scope, `key:value`. Not needed: what is unchanged is not touched',
        ),
      ],
      responses: { 200: { description: 'Done' }, ...problems(503) },
    },
  },
};

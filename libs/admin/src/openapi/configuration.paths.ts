import type { PathItem, Paths, Schema } from './openapi-types.js';
import {
  headers,
  jsonBody,
  ok,
  parameter,
  pathParameter,
  problems,
  queryParameter,
  WRITE_PARAMETERS,
  writeResponses,
} from './parts.js';
import { arrayOf, ref } from './schemas.js';

const API = '/api/configuration';
const TAGS = ['configuration'];

const getResponses = (schema: Schema) => ({
  200: { ...ok(schema, 'In force'), headers: headers({ ETag: 'etag', 'X-Configuration-Source': 'source' }) },
  304: { description: 'The version that the client has is in force' },
  ...problems(400, 404),
});

function definitionPaths(plural: string, kind: 'Route' | 'Filter'): Paths {
  const definition = ref(`${kind}Definition`);
  const id = pathParameter('id', ref('ConfigId'));
  const collection: PathItem = {
    get: {
      operationId: `list${kind}s`,
      tags: TAGS,
      summary: `Every ${kind.toLowerCase()} in force, from all sources`,
      responses: { 200: ok(arrayOf(definition)), ...problems() },
    },
    post: {
      operationId: `save${kind}`,
      tags: TAGS,
      summary: `Create or replace a ${kind.toLowerCase()}`,
      parameters: WRITE_PARAMETERS,
      requestBody: jsonBody(definition),
      responses: writeResponses(definition, 413, 415),
    },
  };
  const single: PathItem = {
    get: {
      operationId: `get${kind}`,
      tags: TAGS,
      summary: `A ${kind.toLowerCase()} in force`,
      parameters: [id, parameter('ifChanged')],
      responses: getResponses(definition),
    },
    put: {
      operationId: `put${kind}`,
      tags: TAGS,
      summary: `Create or replace a ${kind.toLowerCase()}`,
      parameters: [id, ...WRITE_PARAMETERS],
      requestBody: jsonBody(ref(`${kind}DefinitionBody`)),
      responses: writeResponses(definition, 413, 415),
    },
    delete: {
      operationId: `delete${kind}`,
      tags: TAGS,
      summary: `Delete the API's ${kind.toLowerCase()}`,
      parameters: [id, ...WRITE_PARAMETERS],
      responses: writeResponses(undefined, 404, 409),
    },
  };
  return { [`${API}/${plural}`]: collection, [`${API}/${plural}/{id}`]: single };
}

const configId = pathParameter('configId', ref('ConfigId'));
const ofHistory = [pathParameter('configType', ref('ConfigType')), configId];

export const CONFIGURATION_PATHS: Paths = {
  ...definitionPaths('routes', 'Route'),
  ...definitionPaths('filters', 'Filter'),
  [`${API}/global`]: {
    get: {
      operationId: 'listGlobals',
      tags: TAGS,
      summary: 'Every global configuration in force, by its id',
      responses: { 200: ok({ type: 'object', additionalProperties: ref('Json') }), ...problems() },
    },
    post: {
      operationId: 'saveGlobal',
      tags: TAGS,
      summary: 'Create or replace a global configuration',
      parameters: [
        queryParameter(
          'configId',
          ref('ConfigId'),
          '`cors`, `httpclient`, `update-policy`, … or an id of your own',
          true,
        ),
        ...WRITE_PARAMETERS,
      ],
      requestBody: jsonBody(ref('Json')),
      responses: writeResponses(ref('Json'), 413, 415),
    },
  },
  [`${API}/global/{configId}`]: {
    get: {
      operationId: 'getGlobal',
      tags: TAGS,
      summary: 'A global configuration in force',
      parameters: [configId, parameter('ifChanged')],
      responses: getResponses(ref('Json')),
    },
    delete: {
      operationId: 'deleteGlobal',
      tags: TAGS,
      summary: "Delete the API's global configuration",
      parameters: [configId, ...WRITE_PARAMETERS],
      responses: writeResponses(undefined, 404, 409),
    },
  },
  [`${API}/batch`]: {
    post: {
      operationId: 'applyBatch',
      tags: TAGS,
      summary: 'Several changes at once, all or nothing',
      parameters: [parameter('dryRun'), parameter('wait'), parameter('timeout'), parameter('reason')],
      requestBody: jsonBody(ref('Batch')),
      responses: writeResponses(ref('BatchResult'), 404, 409, 413, 415),
    },
  },
  [`${API}/refresh`]: {
    post: {
      operationId: 'refresh',
      tags: TAGS,
      summary: 'Read every source again and apply what is different',
      parameters: [
        queryParameter('confirm', { type: 'string' }, 'The source whose held-back deletions are let through'),
      ],
      responses: { 200: ok(ref('RefreshReport')), ...problems(400, 503) },
    },
  },
  [`${API}/rollback`]: {
    post: {
      operationId: 'rollback',
      tags: TAGS,
      summary: 'Bring an older version back',
      parameters: [
        queryParameter('configType', ref('ConfigType'), 'The kind of configuration', true),
        queryParameter('configId', ref('ConfigId'), 'Its id', true),
        queryParameter('version', { type: 'string' }, 'The version to bring back', true),
        ...WRITE_PARAMETERS,
      ],
      responses: {
        200: {
          ...ok({ anyOf: [ref('ConfigurationVersion'), ref('DryRunReport')] }, 'The version that the rollback made'),
          headers: headers({ ETag: 'etag' }),
        },
        ...problems(400, 404, 405, 412, 503),
      },
    },
  },
  [`${API}/history/{configType}/{configId}`]: {
    get: {
      operationId: 'history',
      tags: TAGS,
      summary: 'The versions of a configuration, newest first',
      parameters: ofHistory,
      responses: { 200: ok(arrayOf(ref('ConfigurationVersion'))), ...problems(400, 503) },
    },
  },
  [`${API}/history/{configType}/{configId}/{version}`]: {
    get: {
      operationId: 'version',
      tags: TAGS,
      summary: 'One version',
      parameters: [...ofHistory, pathParameter('version')],
      responses: { 200: ok(ref('ConfigurationVersion')), ...problems(400, 404, 503) },
    },
  },
  [`${API}/history/{configType}/{configId}/diff`]: {
    get: {
      operationId: 'diff',
      tags: TAGS,
      summary: 'A JSON Patch (RFC 6902) from one version to another',
      parameters: [
        ...ofHistory,
        queryParameter('from', { type: 'string' }, 'A version', true),
        queryParameter('to', { type: 'string' }, 'A version', true),
      ],
      responses: { 200: ok(arrayOf(ref('PatchOperation'))), ...problems(400, 404, 503) },
    },
  },
  [`${API}/pending`]: {
    get: {
      operationId: 'listPending',
      tags: TAGS,
      summary: 'What is accepted and waits for its time or its turn, in the order of acceptance',
      responses: { 200: ok(arrayOf(ref('PendingChange'))), ...problems() },
    },
  },
  [`${API}/pending/{id}`]: {
    get: {
      operationId: 'getPending',
      tags: TAGS,
      summary: 'One change that waits, or goes in batch by batch',
      parameters: [pathParameter('id')],
      responses: { 200: ok(ref('PendingChange')), ...problems(404) },
    },
    delete: {
      operationId: 'cancelPending',
      tags: TAGS,
      summary: 'Cancel it; of one that goes in batch by batch, what is in force is taken back',
      parameters: [pathParameter('id')],
      responses: { 200: ok(ref('PendingChange'), 'As it was'), ...problems(404, 405, 503) },
    },
  },
  [`${API}/conflicts`]: {
    get: {
      operationId: 'conflicts',
      tags: TAGS,
      summary: 'Every configuration that more than one source defines, and who wins',
      responses: { 200: ok(arrayOf(ref('Conflict'))), ...problems() },
    },
  },
  [`${API}/events`]: {
    get: {
      operationId: 'events',
      tags: TAGS,
      summary: 'What changes, as server-sent events: `id` is the sequence, `event` the type, `data` the event as JSON',
      parameters: [
        {
          name: 'Last-Event-ID',
          in: 'header',
          description: 'The sequence that the client had last: what came after it is sent first',
          schema: { type: 'string', pattern: '^\\d+$' },
        },
        queryParameter('configType', { type: 'string', enum: ['route', 'filter', 'global', '*'] }, 'Only these'),
        queryParameter('configId', { type: 'string' }, 'Only this one; `*`: any'),
      ],
      responses: {
        200: {
          description: 'The events, without end',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        ...problems(400),
      },
    },
  },
  [`${API}/notifications`]: {
    get: {
      operationId: 'notifications',
      tags: TAGS,
      summary: 'The channels that changes are told on, and the messages that they gave up',
      parameters: [
        queryParameter('channel', { type: 'string' }, 'Dead letters of this channel alone'),
        queryParameter('limit', { type: 'integer', minimum: 1, maximum: 5000, default: 100 }, 'Dead letters shown'),
      ],
      responses: { 200: ok(ref('Notifications')), ...problems(400) },
    },
  },
  [`${API}/notifications/{id}/redeliver`]: {
    post: {
      operationId: 'redeliver',
      tags: TAGS,
      summary: 'Send a dead letter once more; it leaves the list when it arrives',
      parameters: [pathParameter('id')],
      responses: { 202: ok(ref('DeadLetter'), 'It is under way'), ...problems(404, 409, 503) },
    },
  },
  [`${API}/export`]: {
    get: {
      operationId: 'export',
      tags: TAGS,
      summary: 'What is in force, as a document of the file source; secrets are masked',
      parameters: [
        queryParameter('format', { type: 'string', enum: ['yaml', 'json'], default: 'yaml' }, 'The format'),
        queryParameter('source', { type: 'string' }, 'Only what this source defines'),
      ],
      responses: {
        200: {
          description: 'The document',
          content: {
            'application/yaml': { schema: { type: 'string' } },
            'application/json': { schema: ref('ExportedDocument') },
          },
        },
        ...problems(400),
      },
    },
  },
};

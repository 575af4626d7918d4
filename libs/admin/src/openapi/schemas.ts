import { CONFIG_TYPES } from '@tigateway/model';
import type { Schema } from './openapi-types.js';

export function ref(name: keyof typeof SCHEMAS): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items };
}

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const instant: Schema = { type: 'string', format: 'date-time' };
const operation: Schema = { type: 'string', enum: ['upsert', 'delete'] };

function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): Schema {
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function recordOf(value: Schema): Schema {
  return { type: 'object', additionalProperties: value };
}

const local = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const key = { configType: local('ConfigType'), configId: local('ConfigId') };

/** Every shape that the API takes or gives. */
export const SCHEMAS = {
  Json: { description: 'Any JSON value' },
  ConfigType: { type: 'string', enum: CONFIG_TYPES },
  ConfigId: { type: 'string', minLength: 1, maxLength: 253, pattern: '^[^/\\u0000-\\u001f\\u007f-\\u009f]+$' },
  Component: {
    description: 'A predicate or filter: `Name=value,value`, a bare filter name, or its name and arguments',
    oneOf: [text, object({ name: text, args: recordOf({}) }, ['name'])],
  },
  RouteDefinition: object(
    {
      id: local('ConfigId'),
      uri: { type: 'string', examples: ['http://127.0.0.1:9001'] },
      order: { type: 'integer', default: 0, description: 'Lower is asked first' },
      predicates: arrayOf(local('Component')),
      filters: arrayOf(local('Component')),
      metadata: recordOf({}),
      enabled: { type: 'boolean', default: true },
    },
    ['id', 'uri'],
  ),
  /** Where the path has the id already. */
  RouteDefinitionBody: object(
    {
      id: local('ConfigId'),
      uri: text,
      order: { type: 'integer', default: 0 },
      predicates: arrayOf(local('Component')),
      filters: arrayOf(local('Component')),
      metadata: recordOf({}),
      enabled: { type: 'boolean', default: true },
    },
    ['uri'],
  ),
  FilterDefinition: object(
    {
      id: local('ConfigId'),
      name: text,
      args: recordOf({}),
      order: { type: 'integer', default: 0 },
      enabled: { type: 'boolean', default: true },
      routes: { ...arrayOf(text), description: 'Route ids or globs such as `order-*`; absent: all routes' },
    },
    ['id', 'name'],
  ),
  FilterDefinitionBody: object(
    {
      id: local('ConfigId'),
      name: text,
      args: recordOf({}),
      order: { type: 'integer', default: 0 },
      enabled: { type: 'boolean', default: true },
      routes: arrayOf(text),
    },
    ['name'],
  ),
  Position: object({
    source: text,
    document: text,
    line: { ...count, description: 'From 1; 0 where the source has no lines' },
    column: count,
  }),
  Finding: object(
    {
      pointer: { type: 'string', description: 'JSON Pointer into what was sent' },
      code: text,
      message: text,
      position: local('Position'),
    },
    ['pointer', 'code', 'message'],
  ),
  Problem: {
    ...object(
      {
        type: { type: 'string', format: 'uri', examples: ['urn:tigateway:problem:invalid-configuration'] },
        title: text,
        status: { type: 'integer', minimum: 400, maximum: 599 },
        detail: text,
        instance: text,
        errors: arrayOf(local('Finding')),
        source: { type: 'string', description: 'With a conflict: the source that defines the configuration' },
        position: local('Position'),
        currentVersion: { type: 'string', description: 'With a failed precondition: the version in force' },
      },
      ['type', 'title', 'status', 'detail', 'instance'],
    ),
    description: 'RFC 9457',
  },
  ConfigurationVersion: object(
    {
      ...key,
      version: { type: 'string', pattern: '^v\\d+$' },
      configuration: { description: 'The content, secrets masked; `null` for a deletion' },
      timestamp: instant,
      hash: text,
      operation: { type: 'string', enum: ['create', 'update', 'delete', 'rollback'] },
      source: text,
      actor: text,
      reason: text,
      rollbackOf: text,
    },
    ['configType', 'configId', 'version', 'configuration', 'timestamp', 'hash', 'operation', 'source', 'actor'],
  ),
  PatchOperation: object(
    {
      op: { type: 'string', enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] },
      path: text,
      from: text,
      value: local('Json'),
    },
    ['op', 'path'],
  ),
  PendingChange: object(
    {
      id: text,
      strategy: { type: 'string', enum: ['scheduled', 'rolling'] },
      source: text,
      actor: text,
      reason: text,
      acceptedAt: instant,
      dueAt: { ...instant, description: 'Scheduled: when it goes in; absent where there is no next time' },
      missedAt: { ...instant, description: 'Scheduled: the time that it missed by more than `misfire-limit`' },
      batch: { ...object({ applied: count, total: count }), description: 'Rolling: batches in force, and all' },
      others: {
        ...object({ served: count, total: count }),
        description: 'Rolling over several replicas: those besides the first that serve it, and all of them',
      },
      changes: arrayOf(object({ ...key, op: operation })),
    },
    ['id', 'strategy', 'source', 'actor', 'acceptedAt', 'changes'],
  ),
  Pending: object({ pending: local('PendingChange') }),
  DryRunReport: object(
    {
      valid: { type: 'boolean' },
      errors: arrayOf(local('Finding')),
      warnings: arrayOf(local('Finding')),
      changes: arrayOf(object({ ...key, op: operation, shadowedBy: text }, ['configType', 'configId', 'op'])),
      impact: local('Impact'),
    },
    ['valid', 'errors', 'warnings', 'changes'],
  ),
  Impact: {
    ...object({
      sampled: { ...count, description: 'Of the last requests, those that could be judged' },
      changed: arrayOf(
        object({
          request: object({ method: text, host: text, path: text }),
          before: { type: ['string', 'null'], description: 'The route; `null`: none' },
          after: { type: ['string', 'null'] },
        }),
      ),
    }),
    description: 'Which of the last requests would go elsewhere; absent where the change is not valid',
  },
  Contender: object({
    source: text,
    position: local('Position'),
    hash: { type: 'string', description: 'Equal hashes: the sources agree' },
  }),
  Conflict: object({
    ...key,
    rule: {
      type: 'string',
      enum: ['precedence', 'held'],
      description: 'Why the winner is in force: the order of the sources, or a rollback that holds it',
    },
    winner: local('Contender'),
    losers: { ...arrayOf(local('Contender')), description: 'In the order in which they would come into force' },
  }),
  Batch: object({
    changes: arrayOf(
      object(
        {
          op: operation,
          ...key,
          configuration: { description: 'Required with `upsert`, absent with `delete`' },
          ifMatch: { type: 'string', description: 'The version that must be in force; `*`: any' },
        },
        ['op', 'configType', 'configId'],
      ),
    ),
  }),
  BatchResult: object({
    versions: arrayOf({ allOf: [local('ConfigurationVersion'), object({ shadowedBy: text }, [])] }),
    warnings: arrayOf(local('Finding')),
  }),
  RefreshReport: object({
    sources: arrayOf(
      object({ name: text, documents: count, accepted: count, rejected: count, error: text }, [
        'name',
        'documents',
        'accepted',
        'rejected',
      ]),
    ),
    routes: count,
    changed: count,
    durationMs: { type: 'number', minimum: 0 },
  }),
  ExportedDocument: {
    ...object(
      { routes: arrayOf(local('RouteDefinition')), filters: arrayOf(local('FilterDefinition')), globals: recordOf({}) },
      [],
    ),
    description: 'A document that the file source reads back to the same state',
  },
  Links: object({
    _links: recordOf(object({ href: { type: 'string', format: 'uri-reference' }, templated: { type: 'boolean' } })),
  }),
  HealthStatus: { type: 'string', enum: ['UP', 'DOWN', 'OUT_OF_SERVICE'] },
  ComponentHealth: object({ status: local('HealthStatus'), details: recordOf({}) }, ['status']),
  Health: object(
    {
      status: local('HealthStatus'),
      components: recordOf(local('ComponentHealth')),
      groups: arrayOf(text),
      details: recordOf({}),
    },
    ['status'],
  ),
  Info: object({
    build: object({ name: text, version: text, commit: text }, ['name', 'version']),
    runtime: object({ node: text, platform: text, arch: text, startedAt: instant }),
  }),
  CircuitBreakers: object({
    circuitBreakers: {
      type: 'object',
      additionalProperties: object(
        {
          routeId: text,
          state: { type: 'string', enum: ['CLOSED', 'OPEN', 'HALF_OPEN'] },
          states: {
            ...recordOf({ type: 'integer' }),
            description: 'Where there are workers: in how many of them it is in which state; `state` is the worst',
          },
          failureRate: text,
          failureRateThreshold: text,
          bufferedCalls: { type: 'integer' },
          failedCalls: { type: 'integer' },
          notPermittedCalls: { type: 'integer' },
        },
        [
          'routeId',
          'state',
          'failureRate',
          'failureRateThreshold',
          'bufferedCalls',
          'failedCalls',
          'notPermittedCalls',
        ],
      ),
    },
  }),
  Workers: object({
    workers: arrayOf(
      object({
        worker: { type: 'integer', minimum: 1 },
        pid: { type: 'integer' },
        state: { type: 'string', enum: ['starting', 'serving', 'draining'] },
        since: instant,
        sequence: { type: 'integer' },
        inFlight: { type: 'integer' },
        openWebSockets: { type: 'integer' },
      }),
    ),
  }),
  MetricNames: object({ names: arrayOf(text) }),
  Metric: object({
    name: text,
    description: text,
    baseUnit: { type: ['string', 'null'] },
    measurements: arrayOf(
      object({
        statistic: { type: 'string', enum: ['COUNT', 'TOTAL', 'TOTAL_TIME', 'VALUE'] },
        value: { type: 'number' },
      }),
    ),
    availableTags: arrayOf(object({ tag: text, values: arrayOf(text) })),
  }),
  RejectedDocument: object({
    document: text,
    problems: arrayOf(local('Finding')),
    servesLastGood: { type: 'boolean' },
  }),
  SourceStatus: object(
    {
      name: text,
      state: { type: 'string', enum: ['starting', 'up', 'stale', 'down'] },
      reason: text,
      revision: text,
      documents: count,
      rejected: arrayOf(local('RejectedDocument')),
      heldBack: object({ deletions: count, of: count }),
    },
    ['name', 'state', 'documents', 'rejected'],
  ),
  TypeStatus: object({ count, shadowed: arrayOf(object({ id: text, source: text, by: text })) }),
  ConfigurationStatus: object(
    {
      revision: count,
      hash: text,
      store: {
        ...object({ sequence: count, reason: text }, ['sequence']),
        description:
          'Of a gateway of several processes: how far this one has come in what all share, and why it cannot follow',
      },
      sources: arrayOf(local('SourceStatus')),
      configurations: object({
        route: local('TypeStatus'),
        filter: local('TypeStatus'),
        global: local('TypeStatus'),
      }),
      pending: arrayOf(local('PendingChange')),
      held: arrayOf(object({ ...key, source: text, version: text, barredHash: text, reason: text })),
      drift: { type: 'boolean' },
      lastUpdate: object(
        {
          at: instant,
          durationMs: { type: 'number', minimum: 0 },
          source: text,
          changes: count,
          outcome: { type: 'string', enum: ['applied', 'rejected', 'failed', 'rolled-back'] },
          detail: text,
        },
        ['at', 'durationMs', 'source', 'changes', 'outcome'],
      ),
      notifications: arrayOf(local('ChannelStatus')),
      replicas: { ...arrayOf(local('ReplicaStatus')), description: 'Of a gateway of several processes' },
      rollbacks: arrayOf(
        object(
          {
            at: instant,
            trigger: { type: 'string', enum: ['manual', 'auto'] },
            keys: arrayOf(object(key)),
            version: text,
            detail: text,
          },
          ['at', 'trigger', 'keys'],
        ),
      ),
    },
    [
      'revision',
      'hash',
      'sources',
      'configurations',
      'pending',
      'held',
      'drift',
      'notifications',
      'replicas',
      'rollbacks',
    ],
  ),
  ReplicaStatus: object(
    {
      identity: text,
      isSelf: { type: 'boolean' },
      isLeader: { type: 'boolean', description: 'It decides what watched sources change' },
      state: {
        type: 'string',
        enum: ['current', 'lagging', 'ahead', 'lost'],
        description: 'Compared with the replica that answers; `lost`: not heard of for too long',
      },
      sequence: { ...count, description: 'Its place in the commits of all' },
      revision: { ...count, description: 'Of its snapshot; each counts for itself' },
      hash: { ...text, description: 'Of all that is in force there; empty before the first word of it' },
      seenAt: instant,
    },
    ['identity', 'isSelf', 'isLeader', 'state', 'sequence', 'revision', 'hash', 'seenAt'],
  ),
  ChannelStatus: object(
    {
      name: { type: 'string', enum: ['webhook', 'email', 'slack', 'teams'] },
      state: { type: 'string', enum: ['up', 'failing', 'misconfigured'] },
      reason: text,
      queued: { ...count, description: 'Events that are not settled yet' },
      oldest: { ...instant, description: 'When the oldest of them was made' },
      inFlight: count,
      waitingForRetry: count,
      dead: { ...count, description: 'Messages on the dead-letter list' },
      delivered: { ...count, description: 'Messages, since the start of the process' },
      failed: { ...count, description: 'Attempts, since the start of the process' },
      lost: { ...count, description: 'Events that waited longer than the store keeps them' },
      lastDelivery: instant,
      lastFailure: object({ at: instant, error: text }),
    },
    ['name', 'state', 'queued', 'inFlight', 'waitingForRetry', 'dead', 'delivered', 'failed', 'lost'],
  ),
  DeadLetter: object({
    id: { type: 'string', format: 'uuid', description: 'Of the delivery: `X-TiGateway-Delivery` of every attempt' },
    channel: text,
    sequence: { ...count, description: 'Of the first of its events' },
    isDigest: { type: 'boolean' },
    attempts: count,
    failedAt: instant,
    error: { type: 'string', description: 'Why the last attempt failed' },
    eventCount: { ...count, description: 'In all; the first 20 are in `events`' },
    events: arrayOf(
      object(
        { type: text, sequence: count, configType: local('ConfigType'), configId: text, version: text, document: text },
        ['type', 'sequence'],
      ),
    ),
    isUnderWay: { type: 'boolean', description: 'It is being sent once more' },
  }),
  Notifications: object({
    channels: arrayOf(local('ChannelStatus')),
    deadLetters: { ...arrayOf(local('DeadLetter')), description: 'Newest first' },
  }),
  ValidationReport: object(
    {
      valid: { type: 'boolean' },
      errors: arrayOf(local('Finding')),
      warnings: arrayOf(local('Finding')),
      migration: local('MigrationReport'),
    },
    ['valid', 'errors', 'warnings'],
  ),
  MigrationEntry: object({
    pointer: { type: 'string', description: 'JSON Pointer into what was sent' },
    position: local('Position'),
    subject: { type: 'string', examples: ['route "orders", filter Retry', 'httpclient.connect-timeout'] },
    message: { type: 'string', description: 'One sentence' },
  }),
  MigrationReport: {
    ...object({
      taken: arrayOf(local('MigrationEntry')),
      differs: arrayOf(local('MigrationEntry')),
      refused: arrayOf(local('MigrationEntry')),
      foreign: arrayOf(local('MigrationEntry')),
    }),
    description:
      'Of a document with a Spring root: what means the same here, what does not, what is refused, what is not ours',
  },
  GatewayEndpoint: object({ href: text, methods: arrayOf(text) }),
  DefinedRoute: {
    ...object({ route_id: text, order: { type: 'integer' }, route_definition: local('RouteDefinition') }),
    description: 'Where the global configuration `actuator` has `verbose.enabled: false`',
  },
  LiveRoute: object(
    {
      route_id: text,
      uri: text,
      order: { type: 'integer' },
      predicate: text,
      filters: arrayOf(text),
      metadata: recordOf({}),
    },
    ['route_id', 'uri', 'order', 'predicate', 'filters'],
  ),
  FilterOrders: { ...recordOf({ type: 'number' }), description: 'The order of each filter, by its text' },
  Catalogue: recordOf({ type: 'null' }),
} as const satisfies Readonly<Record<string, Schema>>;

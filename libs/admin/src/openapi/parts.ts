import type { Content, Header, Operation, Parameter, Reference, Response, Schema } from './openapi-types.js';
import { ref } from './schemas.js';

export const PARAMETERS = {
  dryRun: {
    name: 'dryRun',
    in: 'query',
    description: 'Validate, plan and answer `DryRunReport`; change nothing',
    schema: { type: 'boolean', default: false },
  },
  wait: {
    name: 'wait',
    in: 'query',
    description:
      '`applied`: answer once every live replica serves it; who does not within `timeout` is named, with 202',
    schema: { type: 'string', enum: ['applied'] },
  },
  timeout: {
    name: 'timeout',
    in: 'query',
    description: 'How long `wait` waits at most, such as `10s`',
    schema: { type: 'string', default: '10s' },
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The version, in double quotes, that must be in force; `*`: any',
    schema: { type: 'string' },
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: '`*`: the configuration must not exist yet',
    schema: { type: 'string', const: '*' },
  },
  ifChanged: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The version, in double quotes, that the client has: the answer is 304 while it is in force',
    schema: { type: 'string' },
  },
  reason: {
    name: 'X-Change-Reason',
    in: 'header',
    description: 'Kept in the history and told in notifications',
    schema: { type: 'string', maxLength: 1024 },
  },
} as const satisfies Record<string, Parameter>;

export const HEADERS = {
  etag: { description: 'The version, in double quotes', schema: { type: 'string' } },
  source: { description: 'The source whose definition is in force', schema: { type: 'string' } },
  shadowedBy: {
    description: 'The source of higher precedence that keeps what was written out of force',
    schema: { type: 'string' },
  },
  warning: { description: 'What was accepted but is likely not meant', schema: { type: 'string' } },
  lagging: {
    description: 'With `wait`: the live replicas that do not serve it yet, though it is in force here and durable',
    schema: { type: 'string' },
  },
  location: { description: 'Where the route is', schema: { type: 'string', format: 'uri-reference' } },
} as const satisfies Record<string, Header>;

const PROBLEMS = {
  400: ['BadRequest', 'The request or the configuration in it is not valid'],
  401: ['Unauthorized', 'A bearer token is required'],
  403: ['Forbidden', 'The Host is not ours or the Origin is foreign'],
  404: ['NotFound', 'There is no such thing'],
  405: ['SourceDisabled', 'The API source is switched off'],
  409: ['Conflict', 'Only another source defines it'],
  412: ['PreconditionFailed', 'Another version is in force'],
  413: ['PayloadTooLarge', 'The body is larger than 1 MiB'],
  415: ['UnsupportedMediaType', 'The body is of a media type that this call does not take'],
  503: ['StoreUnavailable', 'The store is out of reach; nothing changed'],
} as const satisfies Record<number, readonly [string, string]>;

export type ProblemStatus = keyof typeof PROBLEMS;

export const PROBLEM_RESPONSES: Readonly<Record<string, Response>> = Object.fromEntries(
  Object.values(PROBLEMS).map(([name, description]) => [
    name,
    { description, content: { 'application/problem+json': { schema: ref('Problem') } } },
  ]),
);

export function parameter(name: keyof typeof PARAMETERS): Reference {
  return { $ref: `#/components/parameters/${name}` };
}

export function pathParameter(name: string, schema: Schema = { type: 'string' }): Parameter {
  return { name, in: 'path', required: true, schema };
}

export function queryParameter(name: string, schema: Schema, description: string, required = false): Parameter {
  return { name, in: 'query', required, description, schema };
}

export function headers(used: Readonly<Record<string, keyof typeof HEADERS>>): Readonly<Record<string, Reference>> {
  return Object.fromEntries(
    Object.entries(used).map(([field, name]) => [field, { $ref: `#/components/headers/${name}` }]),
  );
}

export function json(schema: Schema): Content {
  return { 'application/json': { schema } };
}

export function ok(schema: Schema, description = 'Done'): Response {
  return { description, content: json(schema) };
}

/** The refusals of one call; every call but the open ones can meet 401 and 403 besides. */
export function problems(...statuses: readonly ProblemStatus[]): Readonly<Record<string, Reference>> {
  return refusals([...statuses, 401, 403]);
}

export function refusals(statuses: readonly ProblemStatus[]): Readonly<Record<string, Reference>> {
  return Object.fromEntries(
    statuses.map((status) => [String(status), { $ref: `#/components/responses/${PROBLEMS[status][0]}` }]),
  );
}

/** What every write takes besides its own parameters. */
export const WRITE_PARAMETERS: readonly Reference[] = [
  parameter('dryRun'),
  parameter('wait'),
  parameter('timeout'),
  parameter('ifMatch'),
  parameter('ifNoneMatch'),
  parameter('reason'),
];

const WRITE_HEADERS = headers({
  ETag: 'etag',
  'X-Configuration-Shadowed-By': 'shadowedBy',
  'X-Configuration-Warning': 'warning',
  'X-Configuration-Lagging': 'lagging',
});

/** The answers of a write: done, waiting, refused. */
export function writeResponses(
  done: Schema | undefined,
  ...statuses: readonly ProblemStatus[]
): Operation['responses'] {
  return {
    200: done
      ? {
          description: 'In force, or with `dryRun` the report',
          headers: WRITE_HEADERS,
          content: json({ anyOf: [done, ref('DryRunReport')] }),
        }
      : {
          description: 'In force, and empty; with `dryRun` the report',
          headers: WRITE_HEADERS,
          content: json(ref('DryRunReport')),
        },
    202: ok(
      done ? { anyOf: [ref('Pending'), done] } : ref('Pending'),
      'Accepted, and the update policy delays it; or, with `wait`, in force here and not everywhere in time',
    ),
    ...problems(400, 405, 412, 503, ...statuses),
  };
}

export function jsonBody(schema: Schema): NonNullable<Operation['requestBody']> {
  return { required: true, content: json(schema) };
}

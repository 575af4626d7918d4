import {
  ConfigurationConflictError,
  ConfigurationPreconditionError,
  ConfigurationValidationError,
  type ErrorCode,
  GatewayError,
  type Problem,
  RouteCompileError,
  SourceDisabledError,
} from '@tigateway/model';
import { HttpProblem, INTERNAL, kindOfStatus, type ProblemKind } from './http-problem.js';

/** The one place that knows which HTTP status a domain error has. */
export const PROBLEM_OF_CODE = {
  'configuration.invalid': { status: 400, kind: 'invalid-configuration', title: 'Invalid configuration' },
  'configuration.not-found': { status: 404, kind: 'configuration-not-found', title: 'No such configuration' },
  'configuration.pending-not-found': { status: 404, kind: 'pending-not-found', title: 'No such pending change' },
  'configuration.conflict': { status: 409, kind: 'configuration-conflict', title: 'Defined by another source' },
  'configuration.precondition': { status: 412, kind: 'precondition-failed', title: 'The version has changed' },
  'configuration.store': { status: 503, kind: 'store-unavailable', title: 'The store is out of reach' },
  'configuration.source-disabled': { status: 405, kind: 'source-disabled', title: 'The API source is switched off' },
  'route.compile': { status: 400, kind: 'invalid-configuration', title: 'Invalid configuration' },
  'notification.not-found': { status: 404, kind: 'notification-not-found', title: 'No such notification' },
  'notification.channel-off': { status: 409, kind: 'channel-off', title: 'The channel is off' },
  'startup.invalid': { ...INTERNAL },
} satisfies Record<ErrorCode, ProblemKind>;

/** An answer of `application/problem+json` (RFC 9457) and the headers that belong to it. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for; never its query. */
  readonly instance: string;
  readonly errors?: readonly Problem[];
  readonly [extension: string]: unknown;
}

/** @param instance the path of the request */
export function problemAnswer(error: unknown, instance: string): ProblemAnswer {
  if (error instanceof HttpProblem) {
    const { errors, headers = {} } = error.facts;
    return answer(error.kind, error.message, instance, errors && { errors: errors.map(shownProblem) }, headers);
  }
  if (error instanceof GatewayError) {
    const kind = PROBLEM_OF_CODE[error.code];
    return answer(kind, error.message, instance, extensionsOf(error), headersOf(error));
  }
  const status = frameStatusOf(error);
  // What an unexpected error says may name files or hosts: it belongs in the log, not in an answer.
  if (status === undefined) return answer(INTERNAL, 'the log says more', instance);
  return answer(kindOfStatus(status), error instanceof Error ? error.message : '', instance);
}

/** A problem as it is shown: pointer, code, message, and the position where the source has lines. */
export function shownProblem({ pointer, code, message, position }: Problem): Problem {
  return { pointer, code, message, ...(position && position.line > 0 && { position }) };
}

function answer(
  { status, kind, title }: ProblemKind,
  detail: string,
  instance: string,
  extensions: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  return {
    status,
    headers,
    body: { type: `urn:tigateway:problem:${kind}`, title, status, detail, instance, ...extensions },
  };
}

function extensionsOf(error: GatewayError): Readonly<Record<string, unknown>> {
  if (error instanceof ConfigurationValidationError || error instanceof RouteCompileError) {
    return { errors: error.problems.map(shownProblem) };
  }
  if (error instanceof ConfigurationConflictError) {
    return { source: error.definedAt.source, position: error.definedAt };
  }
  if (error instanceof ConfigurationPreconditionError && error.currentVersion !== undefined) {
    return { currentVersion: error.currentVersion };
  }
  return {};
}

function headersOf(error: GatewayError): Readonly<Record<string, string>> {
  return error instanceof SourceDisabledError ? { allow: 'GET, HEAD' } : {};
}

/** Fastify's errors carry `statusCode`, Nest's `getStatus()`. Theirs below 500 are about the request and say so safely. */
function frameStatusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const nest = (error as { getStatus?: () => number }).getStatus?.();
  const status = nest ?? (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

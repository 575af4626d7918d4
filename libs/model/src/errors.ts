import { type ConfigType, type ConfigurationKey, keyText } from './configuration-key.js';
import { formatPosition, type Position, type Problem } from './problem.js';

export type ErrorCode =
  | 'configuration.invalid'
  | 'configuration.not-found'
  | 'configuration.conflict'
  | 'configuration.pending-not-found'
  | 'configuration.precondition'
  | 'configuration.store'
  | 'configuration.source-disabled'
  | 'route.compile'
  | 'notification.not-found'
  | 'notification.channel-off'
  | 'startup.invalid';

/** A failure that someone can act on. `code` is stable; HTTP statuses are the admin API's business alone. */
export abstract class GatewayError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ConfigurationValidationError extends GatewayError {
  readonly code = 'configuration.invalid';

  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('; '));
  }
}

function describeProblem({ pointer, message, position }: Problem): string {
  const place = [position && formatPosition(position), pointer].filter(Boolean).join(' ');
  return place ? `${place}: ${message}` : message;
}

export class ConfigurationNotFoundError extends GatewayError {
  readonly code = 'configuration.not-found';

  constructor(
    readonly key: ConfigurationKey,
    readonly version?: string,
  ) {
    super(version ? `${keyText(key)} has no version ${version}` : `there is no ${key.configType} "${key.configId}"`);
  }
}

/** No change of that id waits: it never did, it has gone in, or it was cancelled. */
export class PendingChangeNotFoundError extends GatewayError {
  readonly code = 'configuration.pending-not-found';

  constructor(readonly pendingId: string) {
    super(`no change "${pendingId}" is pending`);
  }
}

/** The API cannot delete what only another source defines. */
export class ConfigurationConflictError extends GatewayError {
  readonly code = 'configuration.conflict';

  constructor(
    readonly key: ConfigurationKey,
    readonly definedAt: Position,
  ) {
    super(
      `${key.configType} "${key.configId}" is defined by the source "${definedAt.source}" at ${formatPosition(definedAt)}`,
    );
  }
}

/** `If-Match` or `If-None-Match` did not hold. */
export class ConfigurationPreconditionError extends GatewayError {
  readonly code = 'configuration.precondition';

  constructor(
    readonly key: ConfigurationKey,
    readonly currentVersion: string | undefined,
  ) {
    super(
      currentVersion
        ? `${keyText(key)} is at version ${currentVersion}, not at the one the request asks for`
        : `${keyText(key)} does not exist`,
    );
  }
}

/** The store did not take the commit: nothing changed. */
export class ConfigurationStoreError extends GatewayError {
  readonly code = 'configuration.store';
}

/**
 * Others have written to the store first: what was wanted has to be thought through again on what they made. Whoever gets it
 * has been handed their changes already.
 */
export class StoreAheadError extends GatewayError {
  readonly code = 'configuration.store';
}

export class SourceDisabledError extends GatewayError {
  readonly code = 'configuration.source-disabled';
}

/** A definition that passed validation could not be compiled; nothing changed. */
export class RouteCompileError extends GatewayError {
  readonly code = 'route.compile';

  /** @param configType what does not compile: a route, or a filter or setting that routes are made with */
  constructor(
    readonly routeId: string,
    readonly problems: readonly Problem[],
    readonly configType: ConfigType = 'route',
  ) {
    super(`${configType} "${routeId}": ${problems.map(describeProblem).join('; ')}`);
  }
}

export class NotificationNotFoundError extends GatewayError {
  readonly code = 'notification.not-found';

  constructor(readonly id: string) {
    super(`there is no dead letter "${id}"`);
  }
}

/** A dead letter's channel is switched off: there is nowhere to send it. */
export class NotificationChannelError extends GatewayError {
  readonly code = 'notification.channel-off';

  constructor(readonly channel: string) {
    super(`the channel "${channel}" is off`);
  }
}

/** The process cannot start; the message says in one line what is wrong and where. */
export class StartupError extends GatewayError {
  readonly code = 'startup.invalid';
}

import type { ConfigType, ConfigurationKey } from './configuration-key.js';
import type { Json } from './json.js';
import type { Position, Problem, SourceName } from './problem.js';

/*
 * What the pipeline tells the process, on the bus of @nestjs/event-emitter. The class is the event's meaning, the name in
 * GatewayEvents its address. `sequence` grows by one with every recorded event and goes on over restarts; `timestamp` is in
 * milliseconds since the epoch; secrets in `configuration` are masked already.
 */

interface RecordedFacts {
  readonly sequence: number;
  readonly timestamp: number;
  readonly source: SourceName;
}

interface VersionFacts extends RecordedFacts {
  readonly configType: ConfigType;
  readonly configId: string;
  readonly version: string;
  readonly actor: string;
  readonly reason?: string;
}

export class ConfigurationUpdateEvent {
  readonly type = 'configuration_update';
  constructor(readonly facts: VersionFacts & { readonly configuration: Json; readonly previous?: Json }) {}
}

export class ConfigurationDeleteEvent {
  readonly type = 'configuration_delete';
  constructor(readonly facts: VersionFacts & { readonly previous: Json }) {}
}

export class ConfigurationRollbackEvent {
  readonly type = 'configuration_rollback';
  /** `from` and `to` are version names, `to` the one that the rollback made, `rollbackOf` the one it brought back. */
  constructor(
    readonly facts: VersionFacts & {
      readonly configuration: Json;
      readonly previous?: Json;
      readonly from: string;
      readonly to: string;
      readonly rollbackOf?: string;
      readonly trigger: 'manual' | 'auto';
    },
  ) {}
}

export class ConfigurationRejectedEvent {
  readonly type = 'configuration_rejected';
  constructor(
    readonly facts: RecordedFacts & {
      /** The document that was refused. */
      readonly position: Position;
      readonly errors: readonly Problem[];
    },
  ) {}
}

/** The events that are stored with the commit that caused them, replayed to subscribers and delivered to channels. */
export type RecordedEvent =
  ConfigurationUpdateEvent | ConfigurationDeleteEvent | ConfigurationRollbackEvent | ConfigurationRejectedEvent;

export class RoutesUpdatedEvent {
  constructor(
    readonly routeIds: readonly string[],
    readonly timestamp: number,
  ) {}
}

export class FiltersUpdatedEvent {
  constructor(
    readonly filterIds: readonly string[],
    readonly timestamp: number,
  ) {}
}

export class GlobalConfigurationUpdatedEvent {
  constructor(
    readonly configId: string,
    /** `null` once it is deleted. */
    readonly configuration: Json,
    readonly timestamp: number,
  ) {}
}

/** A batch of an update that goes in step by step is in force. */
export class RolloutAdvancedEvent {
  constructor(
    readonly pendingId: string,
    /** Batches in force, and all. */
    readonly applied: number,
    readonly total: number,
    /** What the batch changed. */
    readonly keys: readonly ConfigurationKey[],
    readonly timestamp: number,
  ) {}
}

/** A new snapshot serves traffic. */
export class RoutesRefreshedEvent {
  constructor(
    readonly revision: number,
    readonly timestamp: number,
  ) {}
}

export class RouteRefreshedEvent {
  constructor(
    readonly routeId: string,
    readonly timestamp: number,
  ) {}
}

/** Every event is one line here: a name that is not, does not compile. */
export interface GatewayEvents {
  'configuration.update': ConfigurationUpdateEvent;
  'configuration.delete': ConfigurationDeleteEvent;
  'configuration.rollback': ConfigurationRollbackEvent;
  'configuration.rejected': ConfigurationRejectedEvent;
  'routes.updated': RoutesUpdatedEvent;
  'filters.updated': FiltersUpdatedEvent;
  'global.updated': GlobalConfigurationUpdatedEvent;
  'rollout.advanced': RolloutAdvancedEvent;
  'routes.refreshed': RoutesRefreshedEvent;
  'route.refreshed': RouteRefreshedEvent;
}

/** The typed face of the event emitter; publishers depend on this, not on the emitter. A listener's failure stays its own. */
export abstract class EventBus {
  abstract publish<Name extends keyof GatewayEvents>(name: Name, event: GatewayEvents[Name]): void;
  /** @returns a function that ends the subscription */
  abstract subscribe<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (event: GatewayEvents[Name]) => void,
  ): () => void;
}

export const RECORDED_EVENT_NAMES = {
  configuration_update: 'configuration.update',
  configuration_delete: 'configuration.delete',
  configuration_rollback: 'configuration.rollback',
  configuration_rejected: 'configuration.rejected',
} as const satisfies Record<RecordedEvent['type'], keyof GatewayEvents>;

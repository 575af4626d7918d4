import type { ConfigType, ConfigurationKey, ConfigurationVersion, Json, SourceName } from '@tigateway/model';
import type {
  ConfigurationInForce,
  ConfigurationStatus,
  Conflict,
  DryRunReport,
  PendingChange,
  RefreshReport,
  RollbackOptions,
  SourceStatus,
  ValidationReport,
  WriteOptions,
  WriteOutcome,
  WriteRequest,
} from './configuration-api.js';

/** The one front door of the pipeline: what the API asks and what the watchers bring comes through here. */
export abstract class DynamicConfigurationService {
  /**
   * Applies all or nothing, in one step.
   * @throws ConfigurationValidationError, ConfigurationNotFoundError, ConfigurationConflictError,
   *   ConfigurationPreconditionError, SourceDisabledError, ConfigurationStoreError: nothing changed
   */
  abstract write(requests: readonly WriteRequest[], options: WriteOptions): Promise<WriteOutcome>;
  /** What `write` would do. Invalid input is an answer here; an unknown id still throws. */
  abstract preview(requests: readonly WriteRequest[]): Promise<DryRunReport>;
  /**
   * Brings an older version back.
   * @throws ConfigurationNotFoundError, ConfigurationPreconditionError, ConfigurationValidationError (no longer valid, or rollbacks
   *   are switched off), ConfigurationStoreError: nothing changed
   */
  abstract rollback(key: ConfigurationKey, version: string, options: RollbackOptions): Promise<ConfigurationVersion>;
  /** Reads every source again and applies what is different; `confirm` lets that source's held-back deletions through. */
  abstract refresh(confirm?: SourceName): Promise<RefreshReport>;
  abstract get(key: ConfigurationKey): ConfigurationInForce | undefined;
  /** In force, in route order for routes, else by id. */
  abstract list(configType: ConfigType): Promise<ConfigurationInForce[]>;
  /** Checks a document without applying it. */
  abstract validateDocument(text: string, format: 'yaml' | 'json'): Promise<ValidationReport>;
  /** Checks what runs now. */
  abstract validateRunning(): Promise<ValidationReport>;
  /** A document that the file source reads back to the same state; secrets masked. */
  abstract export(source?: SourceName): Promise<Json>;
  /** The sources' part of the status; costs the same however much is configured. */
  abstract sources(): SourceStatus[];
  /** What is accepted and waits for its time or its turn, in the order of acceptance. */
  abstract pending(): readonly PendingChange[];
  /** What stays in force against its source, after a rollback. */
  abstract held(): ConfigurationStatus['held'];
  /**
   * Lets nothing come of a change that waits; one that goes in batch by batch is taken back.
   * @throws PendingChangeNotFoundError, ConfigurationStoreError: it goes on waiting
   */
  abstract cancel(pendingId: string, options: WriteOptions): Promise<PendingChange>;
  /** Every configuration that more than one source defines, by type and id. */
  abstract conflicts(): Promise<readonly Conflict[]>;
  /** Which state is in force; costs the same however much is configured. */
  abstract fingerprint(): Pick<ConfigurationStatus, 'revision' | 'hash'>;
  abstract status(): Promise<ConfigurationStatus>;
}

import {
  Choice,
  Decimal,
  DurationMs,
  Flag,
  type GlobalSettingsSchema,
  Int,
  isJsonObject,
  type Json,
  Nested,
  Text,
} from '@tigateway/model';
import { IsIn, Max, Min } from 'class-validator';
import type { HistoryRetention } from '../history/configuration-store.js';
import type { ValidationSteps } from '../validator/validation-context.js';

/** Of steps that can fail for outside reasons: the store, the cluster. Never of invalid input. */
export class RetrySettings {
  @Int() @Min(1) @Max(100) maxAttempts = 3;
  @Choice(['exponential', 'fixed']) backoff: 'exponential' | 'fixed' = 'exponential';
  @DurationMs({ key: 'initial-delay' }) @Min(0) initialDelayMs = 1_000;
  @DurationMs({ key: 'max-delay' }) @Min(0) maxDelayMs = 30_000;
}

export class UpdateSettings {
  @Choice(['immediate', 'rolling', 'scheduled'])
  @IsIn(['immediate'], { message: 'the strategies "rolling" and "scheduled" are not available yet' })
  strategy: 'immediate' | 'rolling' | 'scheduled' = 'immediate';
  @Int() @Min(1) batchSize = 10;
  @DurationMs({ key: 'interval' }) @Min(0) intervalMs = 30_000;
  @DurationMs({ key: 'timeout' }) @Min(1) timeoutMs = 300_000;
  @Text({ optional: true }) schedule?: string;
  @Text({ optional: true }) timezone?: string;
  @DurationMs({ key: 'misfire-limit' }) @Min(0) misfireLimitMs = 3_600_000;
  @Nested(() => RetrySettings) retry = new RetrySettings();
}

export class ValidationSettings {
  @Flag() enabled = true;
  @Flag() schemaValidation = true;
  @Flag() syntaxValidation = true;
  @Flag() dependencyCheck = true;
  /** What one wrong object takes with it: its whole document, or only itself. */
  @Choice(['document', 'object']) onInvalid: 'document' | 'object' = 'document';
  /** Share of a watched source's objects, of at least 10, that one delivery may drop; absent: no limit. */
  @Decimal({ optional: true }) @Min(0) @Max(1) maxDeletions?: number;
}

export class RollbackSettings {
  @Flag() enabled = true;
  @Flag() autoRollback = true;
  @Decimal() @Min(0) @Max(1) rollbackThreshold = 0.1;
  @DurationMs({ key: 'rollback-window' }) @Min(1) rollbackWindowMs = 300_000;
  @Int() @Min(1) minRequests = 20;
}

export class HistorySettings {
  @Int() @Min(1) maxVersions = 10;
  @DurationMs({ key: 'retention-period' }) @Min(1) retentionPeriodMs = 7 * 86_400_000;
  @Flag() compression = true;
}

/** `update-policy.yml`, or the global configuration `update-policy`. */
export class UpdatePolicySettings {
  @Nested(() => UpdateSettings) update = new UpdateSettings();
  @Nested(() => ValidationSettings) validation = new ValidationSettings();
  @Nested(() => RollbackSettings) rollback = new RollbackSettings();
  @Nested(() => HistorySettings) history = new HistorySettings();
}

export const UPDATE_POLICY: GlobalSettingsSchema<UpdatePolicySettings> = {
  configId: 'update-policy',
  type: UpdatePolicySettings,
  unwrap: (configuration: Json) =>
    isJsonObject(configuration) && isJsonObject(configuration['configuration'])
      ? configuration['configuration']
      : configuration,
};

export function validationSteps({ validation }: UpdatePolicySettings): ValidationSteps {
  const { enabled, schemaValidation, syntaxValidation, dependencyCheck } = validation;
  return {
    syntax: enabled && syntaxValidation,
    schema: enabled && schemaValidation,
    semantics: enabled,
    dependencies: enabled && dependencyCheck,
  };
}

export function historyRetention({ history }: UpdatePolicySettings): HistoryRetention {
  return {
    maxVersions: history.maxVersions,
    retentionMs: history.retentionPeriodMs,
    compression: history.compression,
  };
}

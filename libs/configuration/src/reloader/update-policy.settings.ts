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
  type Problem,
  relaxedName,
  Text,
} from '@tigateway/model';
import { Max, Min } from 'class-validator';
import type { HistoryRetention } from '../history/configuration-store.js';
import type { ValidationSteps } from '../validator/validation-context.js';
import { isTimezone, Schedule, scheduleProblem } from './schedule.js';

/** Of steps that can fail for outside reasons: the store, the cluster. Never of invalid input. */
export class RetrySettings {
  @Int() @Min(1) @Max(100) maxAttempts = 3;
  @Choice(['exponential', 'fixed']) backoff: 'exponential' | 'fixed' = 'exponential';
  @DurationMs({ key: 'initial-delay' }) @Min(0) initialDelayMs = 1_000;
  @DurationMs({ key: 'max-delay' }) @Min(0) maxDelayMs = 30_000;
}

export class UpdateSettings {
  @Choice(['immediate', 'rolling', 'scheduled']) strategy: 'immediate' | 'rolling' | 'scheduled' = 'immediate';
  /** Rolling: items of a change that go in together. */
  @Int() @Min(1) batchSize = 10;
  /** Rolling: how long a batch is watched before the next one, in milliseconds. */
  @DurationMs({ key: 'interval' }) @Min(0) intervalMs = 30_000;
  /** Of a whole update; past it, what was applied is taken back. In milliseconds. */
  @DurationMs({ key: 'timeout' }) @Min(1) timeoutMs = 300_000;
  /** Scheduled: cron of five fields, or six with seconds first. */
  @Text({ optional: true }) schedule?: string;
  /** Scheduled: an IANA name; absent: that of the process. */
  @Text({ optional: true }) timezone?: string;
  /** Scheduled: how late a time that was missed is caught up, in milliseconds. */
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
  check: ({ update, rollback }, written) => [...scheduleProblems(update), ...spanProblems(update, rollback, written)],
};

function scheduleProblems({ strategy, schedule, timezone }: UpdateSettings): Problem[] {
  const problems: Problem[] = [];
  if (schedule === undefined && strategy === 'scheduled') {
    const message = 'the strategy "scheduled" needs a "schedule"';
    problems.push({ pointer: '/update/schedule', code: 'required', message });
  }
  const wrong = schedule === undefined ? undefined : scheduleProblem(schedule);
  if (wrong !== undefined) problems.push(refused('/update/schedule', wrong));
  if (timezone !== undefined && !isTimezone(timezone)) {
    problems.push(refused('/update/timezone', `there is no time zone "${timezone}"`));
  }
  return problems;
}

/** A default is nobody's contradiction, unless the strategy makes it count. */
function spanProblems(update: UpdateSettings, rollback: RollbackSettings, written: Json): Problem[] {
  const { strategy, intervalMs, timeoutMs } = update;
  const isRolling = strategy === 'rolling';
  const counts = (part: string, key: string): boolean =>
    isRolling || (isWritten(written, 'update', 'interval') && isWritten(written, part, key));
  const problems: Problem[] = [];
  if (rollback.rollbackWindowMs < intervalMs && counts('rollback', 'rollback-window')) {
    problems.push(refused('/rollback/rollback-window', '"rollback-window" must not be shorter than "interval"'));
  }
  if (timeoutMs < intervalMs && counts('update', 'timeout')) {
    problems.push(refused('/update/timeout', '"timeout" must not be shorter than "interval"'));
  }
  return problems;
}

function isWritten(written: Json, ...path: readonly string[]): boolean {
  let value: Json | undefined = written;
  for (const name of path) {
    if (!isJsonObject(value)) return false;
    const members: Readonly<Record<string, Json>> = value;
    const key = Object.keys(members).find((each) => relaxedName(each) === relaxedName(name));
    value = key === undefined ? undefined : members[key];
  }
  return value !== undefined;
}

function refused(pointer: string, message: string): Problem {
  return { pointer, code: 'constraint', message };
}

/** When the next scheduled change goes in, in milliseconds since the epoch. */
export function nextTimeMs({ update }: UpdatePolicySettings, nowMs: number): number | undefined {
  return update.schedule === undefined ? undefined : new Schedule(update.schedule, update.timezone).next(nowMs);
}

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

import { CONFIG_TYPES, type ConfigType, DurationMs, Flag, Choice, Int, ListOf, Nested } from '@tigateway/model';
import { ArrayNotEmpty, Max, Min } from 'class-validator';

/** The names that `events` takes. */
export const EVENT_NAMES = ['update', 'delete', 'rollback', 'rejected'] as const;
export type EventName = (typeof EVENT_NAMES)[number];

const HOUR_MS = 3_600_000;

/** What every channel has: whether it is on, and what it wants to hear of. */
export class ChannelSettings {
  @Flag() enabled = true;
  @ListOf({ kind: 'choice', choices: EVENT_NAMES }) @ArrayNotEmpty() events: EventName[] = [...EVENT_NAMES];
  /** Absent: all. Of a refused document neither types nor ids are known; `events` alone decides about it. */
  @ListOf({ kind: 'choice', choices: CONFIG_TYPES }, { optional: true }) configTypes?: ConfigType[];
  /** Ids or globs (`order-*`); absent: all. */
  @ListOf({ kind: 'text' }, { optional: true }) configIds?: string[];
}

export class DeliveryRetrySettings {
  /** In all, the first one included. */
  @Int() @Min(1) @Max(100) maxAttempts = 3;
  @Choice(['exponential', 'fixed']) backoff: 'exponential' | 'fixed' = 'exponential';
  @DurationMs({ key: 'initial-delay' }) @Min(1) @Max(HOUR_MS) initialDelayMs = 1_000;
  @DurationMs({ key: 'max-delay' }) @Min(1) @Max(HOUR_MS) maxDelayMs = 60_000;
}

/** What channels have that send to somewhere else. */
export class DeliverySettings extends ChannelSettings {
  /** Of one attempt, from the look-up of the name to the answer, in milliseconds. */
  @DurationMs({ key: 'timeout' }) @Min(1) @Max(300_000) timeoutMs = 10_000;
  /** Events are gathered for this long into one message, in milliseconds; 0: each is a message. */
  @DurationMs({ key: 'digest' }) @Min(0) @Max(24 * HOUR_MS) digestMs = 0;
  @Nested(() => DeliveryRetrySettings) retry = new DeliveryRetrySettings();
}

import {
  ConfigurationDeleteEvent,
  ConfigurationRejectedEvent,
  ConfigurationRollbackEvent,
  ConfigurationUpdateEvent,
  type RecordedEvent,
} from './events.js';

/** A recorded event as it is kept: its type and its facts in one object. */
export type EventRecord = RecordedEvent extends infer Event
  ? Event extends RecordedEvent
    ? Event['facts'] & { readonly type: Event['type'] }
    : never
  : never;

/** How far a notification channel has come in the recorded events. */
export interface DeliveryProgress {
  readonly channel: string;
  /** Every event up to this sequence is delivered, given up or not wanted. */
  readonly through: number;
  /** Further events of which this is true already. */
  readonly ahead: readonly number[];
  /** Attempts made in vain so far, by the first sequence of the message. */
  readonly attempts: readonly (readonly [sequence: number, attempts: number])[];
}

export interface DeadLetterKey {
  readonly channel: string;
  /** Of the first of its events. */
  readonly sequence: number;
}

/** A message that a channel gave up. */
export interface DeadLetter extends DeadLetterKey {
  /** Of the delivery: the same over all attempts, the later ones by hand included. */
  readonly id: string;
  readonly events: readonly EventRecord[];
  /** They were gathered into one message, even where there is but one. */
  readonly isDigest: boolean;
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly failedAt: string;
  /** Why the last attempt failed; holds neither the target nor a secret. */
  readonly error: string;
}

const RECORDED_EVENTS = {
  configuration_update: ConfigurationUpdateEvent,
  configuration_delete: ConfigurationDeleteEvent,
  configuration_rollback: ConfigurationRollbackEvent,
  configuration_rejected: ConfigurationRejectedEvent,
} as const;

/** The event that was recorded. */
export function recordedEventOf({
  type,
  ...facts
}: RecordedEvent['facts'] & Pick<RecordedEvent, 'type'>): RecordedEvent {
  return new RECORDED_EVENTS[type](facts as never);
}

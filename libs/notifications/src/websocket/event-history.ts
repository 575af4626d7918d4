import type { RecordedEvent } from '@tigateway/model';

/** A recorded event as the store keeps it. */
export type ReplayedEvent = RecordedEvent extends infer Event
  ? Event extends RecordedEvent
    ? Event['facts'] & { readonly type: Event['type'] }
    : never
  : never;

/** What was announced before, for those who were away. */
export abstract class EventHistory {
  /**
   * Events with a greater sequence, oldest first, at most `limit`. `undefined` when events after `sequence` are no longer
   * kept.
   */
  abstract eventsSince(sequence: number, limit: number): Promise<readonly ReplayedEvent[] | undefined>;
}

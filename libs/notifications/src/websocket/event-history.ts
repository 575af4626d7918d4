import type { EventRecord } from '@tigateway/model';

/** What was announced before, for those who were away. */
export abstract class EventHistory {
  /**
   * Events with a greater sequence, oldest first, at most `limit`. `undefined` when events after `sequence` are no longer
   * kept, or `sequence` itself has never been given.
   */
  abstract eventsSince(sequence: number, limit: number): Promise<readonly EventRecord[] | undefined>;
}

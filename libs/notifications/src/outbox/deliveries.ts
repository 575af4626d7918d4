import type { ChannelStatus } from './channel-delivery.js';
import type { DeadLetterSummary } from './dead-letters.js';

/** What operators ask about the channels. */
export abstract class Deliveries {
  /** Of every channel that is on. */
  abstract status(): ChannelStatus[];
  /** Newest first. */
  abstract deadLetters(): DeadLetterSummary[];
  /**
   * Sends a dead letter once more, with as many attempts as a new message has. It leaves the list when it arrives.
   * @throws NotificationNotFoundError, NotificationChannelError where its channel is off, ConfigurationStoreError
   */
  abstract redeliver(id: string): Promise<DeadLetterSummary>;
}

import type { DeadLetter, DeadLetterKey, DeliveryProgress } from '@tigateway/model';
import { EventHistory } from '../websocket/event-history.js';

/** What becomes durable in one step. */
export interface OutboxChanges {
  readonly putDeliveries?: readonly DeliveryProgress[];
  readonly removeDeliveries?: readonly string[];
  readonly putDeadLetters?: readonly DeadLetter[];
  readonly removeDeadLetters?: readonly DeadLetterKey[];
}

/**
 * The recorded events as an outbox. Whoever makes a change durable makes its events durable with it; here is kept how far each
 * channel has come in them. Events stay until every channel that is known here has come to them, within the store's limit.
 */
export abstract class OutboxStore extends EventHistory {
  abstract outbox(): Promise<{
    readonly deliveries: readonly DeliveryProgress[];
    readonly oldestSequence: number;
    readonly lastSequence: number;
  }>;
  /** In the order of their keys, those after `after`, at most `limit`. */
  abstract deadLetters(after: DeadLetterKey | undefined, limit: number): Promise<readonly DeadLetter[]>;
  abstract commit(changes: OutboxChanges): Promise<void>;
}

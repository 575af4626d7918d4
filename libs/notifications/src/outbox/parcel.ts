import type { EventRecord } from '@tigateway/model';
import { deliveryId, type Message } from '../message/message.js';

/** A message on its way through one channel. */
export interface Parcel {
  readonly message: Message;
  /** What must not overtake each other: events of one configuration; digests of a channel. */
  readonly lane: string;
  /** Made in vain. */
  attempts: number;
  /** A person has asked for it once more; it is settled already. */
  readonly isRedelivery: boolean;
}

export function parcelOf(
  channel: string,
  events: readonly EventRecord[],
  isDigest: boolean,
  attempts: number,
  isRedelivery = false,
): Parcel {
  const [first] = events;
  return {
    message: { id: deliveryId(channel, events), events, isDigest },
    lane: isDigest || !first ? 'digest' : laneOf(first),
    attempts,
    isRedelivery,
  };
}

function laneOf(event: EventRecord): string {
  return event.type === 'configuration_rejected'
    ? `document:${event.source}:${event.position.document}`
    : `${event.configType}:${event.configId}`;
}

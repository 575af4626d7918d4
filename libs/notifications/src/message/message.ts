import { createHash } from 'node:crypto';
import type { EventRecord } from '@tigateway/model';

/** What a channel sends at once: one event, or those that a digest has gathered. */
export interface Message {
  /** Of this delivery: the same over all attempts, also those after a restart, and no other delivery's. */
  readonly id: string;
  /** At least one, in the order of their sequence. */
  readonly events: readonly EventRecord[];
  readonly isDigest: boolean;
}

/** An event's own id, the same on every channel. */
export function eventId(event: EventRecord): string {
  return stableId(['event', ...identityOf(event)]);
}

export function deliveryId(channel: string, events: readonly EventRecord[]): string {
  return stableId(['delivery', channel, ...events.flatMap(identityOf)]);
}

/** A sequence alone is another event's in another gateway. */
function identityOf(event: EventRecord): (string | number)[] {
  const about = event.type === 'configuration_rejected' ? event.position.document : event.version;
  return [event.sequence, event.timestamp, event.type, event.source, about];
}

/** It follows from what it names: nothing need be remembered for a message to have the same one after a crash. */
function stableId(parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  // A version 8 UUID (RFC 9562): the bits are ours.
  const variant = '89ab'[parseInt(hex[16] as string, 16) % 4] as string;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

import type { DeliveryProgress } from '@tigateway/model';
import type { RowChange } from './store-rows.js';
import { KEPT_EVENTS, KEPT_UNDELIVERED_EVENTS } from './store-tables.js';

/** Events that one commit may drop besides twice as many as it brings: a channel that has caught up leaves many behind. */
const DROPPED_EVENTS = 1_000;

/** Which events may go: those that are neither kept for replay nor for a notification channel. */
export class EventRetention {
  private readonly throughOf = new Map<string, number>();
  private dropped: number;

  /** @param deliveries the bodies of all deliveries */
  constructor(oldestSequence: number, deliveries: readonly string[]) {
    this.dropped = oldestSequence - 1;
    for (const body of deliveries) this.follow(JSON.parse(body) as DeliveryProgress);
  }

  /** @returns the sequence up to which a commit of these rows may drop events; 0 for none */
  unwantedThrough(changes: readonly RowChange[]): number {
    let newest = 0;
    let added = 0;
    for (const change of changes) {
      if (change.table !== 'event' || !('put' in change)) continue;
      newest = Math.max(newest, change.put[0] as number);
      added++;
    }
    const undelivered = Math.max(Math.min(...this.throughOf.values()), newest - KEPT_UNDELIVERED_EVENTS);
    const unwanted = Math.min(newest - KEPT_EVENTS, undelivered, this.dropped + 2 * added + DROPPED_EVENTS);
    return unwanted > this.dropped ? unwanted : 0;
  }

  /** They are durable now. */
  committed(changes: readonly RowChange[]): void {
    this.dropped = Math.max(this.dropped, this.unwantedThrough(changes));
    for (const change of changes) {
      if (change.table !== 'delivery') continue;
      if ('put' in change) this.follow(JSON.parse(change.body) as DeliveryProgress);
      else this.throughOf.delete(change.remove[0] as string);
    }
  }

  private follow({ channel, through }: DeliveryProgress): void {
    this.throughOf.set(channel, through);
  }
}

import type { EventFrame } from './event-frame.js';
import { includes, matches, type Pattern, patternText } from './subscription.js';

/** A span of sequences in which every event of a pattern has been sent. */
interface Sent {
  readonly pattern: Pattern;
  /** Exclusive. */
  readonly after: number;
  readonly through: number;
}

/** Closed spans kept per connection. Beyond it the oldest is forgotten: an event could then be replayed twice. */
const MAX_SPANS = 1_000;

/**
 * What one connection listens to and what it has been sent, without a list of sequences: an event was sent if a subscription
 * of that moment wanted it.
 */
export class DeliveryRecord {
  private readonly subscriptions = new Map<string, { readonly pattern: Pattern; readonly after: number }>();
  private readonly sent: Sent[] = [];
  private delivered: number;

  /** @param delivered the newest sequence that was announced before this connection */
  constructor(delivered: number) {
    this.delivered = delivered;
  }

  get size(): number {
    return this.subscriptions.size;
  }

  has(pattern: Pattern): boolean {
    return this.subscriptions.has(patternText(pattern));
  }

  add(pattern: Pattern): void {
    if (!this.has(pattern)) this.subscriptions.set(patternText(pattern), { pattern, after: this.delivered });
  }

  /** Ends this subscription and those that it includes. */
  remove(pattern: Pattern): void {
    for (const [text, { pattern: each, after }] of this.subscriptions) {
      if (!includes(pattern, each)) continue;
      this.subscriptions.delete(text);
      this.remember({ pattern: each, after, through: this.delivered });
    }
  }

  /** Every event of `pattern` in this span has been sent by a replay. */
  replayed(pattern: Pattern, after: number, through: number): void {
    this.remember({ pattern, after, through });
  }

  /** Takes note of a live event; events come in the order of their sequence. @returns whether it must be sent */
  take(event: EventFrame): boolean {
    const isDue = this.wants(event) && !this.wasReplayed(event);
    this.delivered = Math.max(this.delivered, event.sequence);
    return isDue;
  }

  wasSent(event: EventFrame): boolean {
    if (this.wasReplayed(event)) return true;
    if (event.sequence > this.delivered) return false;
    for (const { pattern, after } of this.subscriptions.values()) {
      if (event.sequence > after && matches(pattern, event)) return true;
    }
    return false;
  }

  private wants({ configType, configId }: EventFrame): boolean {
    const { subscriptions } = this;
    if (subscriptions.has('*:*')) return true;
    if (configType === undefined || configId === undefined) return false;
    return (
      subscriptions.has(`${configType}:${configId}`) ||
      subscriptions.has(`${configType}:*`) ||
      subscriptions.has(`*:${configId}`)
    );
  }

  private wasReplayed(event: EventFrame): boolean {
    return this.sent.some(
      ({ pattern, after, through }) => after < event.sequence && event.sequence <= through && matches(pattern, event),
    );
  }

  private remember(span: Sent): void {
    if (span.through <= span.after) return;
    this.sent.push(span);
    if (this.sent.length > MAX_SPANS) this.sent.shift();
  }
}

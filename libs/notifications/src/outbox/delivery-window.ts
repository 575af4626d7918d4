import type { DeliveryProgress, EventRecord } from '@tigateway/model';

/** Events of one channel that are held in memory at once; what comes after them waits in the store. */
const MAX_EVENTS = 1_000;
const MAX_BYTES = 16 * 2 ** 20;

interface Open {
  readonly timestamp: number;
  readonly bytes: number;
}

/**
 * One channel's place in the events. Messages may be settled in any order; the place is the last sequence before which nothing
 * is open, and what is settled beyond it.
 */
export class DeliveryWindow {
  private through: number;
  private takenThrough: number;
  private readonly ahead: Set<number>;
  private readonly attempts: Map<number, number>;
  /** Taken and not settled, in the order of their sequence. */
  private readonly open = new Map<number, Open>();
  private openBytes = 0;

  constructor({ through, ahead, attempts }: Omit<DeliveryProgress, 'channel'>) {
    this.through = through;
    this.takenThrough = through;
    this.ahead = new Set(ahead);
    this.attempts = new Map(attempts);
  }

  /** The newest sequence that was looked at. */
  get taken(): number {
    return this.takenThrough;
  }

  get isFull(): boolean {
    return this.open.size >= MAX_EVENTS || this.openBytes >= MAX_BYTES;
  }

  /** Events that were taken and are not settled. */
  get size(): number {
    return this.open.size;
  }

  /** When the oldest event that waits was made, in milliseconds since the epoch. */
  get oldestMs(): number | undefined {
    for (const { timestamp } of this.open.values()) return timestamp;
    return undefined;
  }

  /** Takes the next event. @returns false where it was settled before a restart */
  take({ sequence, timestamp }: EventRecord, bytes: number): boolean {
    this.takenThrough = sequence;
    if (this.ahead.has(sequence)) {
      this.advance();
      return false;
    }
    this.open.set(sequence, { timestamp, bytes });
    this.openBytes += bytes;
    return true;
  }

  /** Looks past everything up to `sequence`. */
  skipTo(sequence: number): void {
    const from = this.takenThrough + 1;
    this.takenThrough = Math.max(this.takenThrough, sequence);
    if (this.open.size === 0) {
      // Nothing before it is open, so nothing need be remembered one by one.
      this.through = this.takenThrough;
      for (const each of this.ahead) if (each <= this.through) this.ahead.delete(each);
    } else for (let each = from; each <= sequence; each++) this.ahead.add(each);
    this.advance();
  }

  settle(events: readonly EventRecord[]): void {
    for (const { sequence } of events) {
      const open = this.open.get(sequence);
      if (!open) continue;
      this.open.delete(sequence);
      this.openBytes -= open.bytes;
      this.ahead.add(sequence);
      this.attempts.delete(sequence);
    }
    this.advance();
  }

  attemptsOf(sequence: number): number {
    return this.attempts.get(sequence) ?? 0;
  }

  failed(sequence: number, attempts: number): void {
    this.attempts.set(sequence, attempts);
  }

  progressOf(channel: string): DeliveryProgress {
    return { channel, through: this.through, ahead: [...this.ahead], attempts: [...this.attempts] };
  }

  private advance(): void {
    while (this.ahead.delete(this.through + 1)) this.through++;
  }
}

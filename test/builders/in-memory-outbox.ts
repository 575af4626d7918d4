import {
  ConfigurationStoreError,
  type DeadLetter,
  type DeadLetterKey,
  type DeliveryProgress,
  type EventRecord,
  type Json,
} from '@tigateway/model';
import { NotificationPolicy, type NotificationSource, type OutboxChanges, OutboxStore } from '@tigateway/notifications';

/** An outbox without a disk: a list of events, a map of places, a map of letters. */
export class InMemoryOutbox extends OutboxStore {
  readonly events: EventRecord[] = [];
  readonly deliveries = new Map<string, DeliveryProgress>();
  readonly letters = new Map<string, DeadLetter>();
  /** Sequences up to this one are no longer kept. */
  forgotten = 0;
  isReachable = true;
  commits = 0;

  override async outbox() {
    const lastSequence = this.events.at(-1)?.sequence ?? 0;
    return { deliveries: [...this.deliveries.values()], oldestSequence: this.forgotten + 1, lastSequence };
  }

  override async eventsSince(sequence: number, limit: number): Promise<EventRecord[] | undefined> {
    this.check();
    if (sequence < this.forgotten) return undefined;
    return this.events.filter((event) => event.sequence > sequence).slice(0, limit);
  }

  override async deadLetters(after: DeadLetterKey | undefined, limit: number): Promise<DeadLetter[]> {
    this.check();
    const sorted = [...this.letters.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1));
    return sorted.filter((letter) => !after || isAfter(letter, after)).slice(0, limit);
  }

  override async commit(changes: OutboxChanges): Promise<void> {
    this.check();
    this.commits++;
    for (const delivery of changes.putDeliveries ?? []) this.deliveries.set(delivery.channel, delivery);
    for (const channel of changes.removeDeliveries ?? []) this.deliveries.delete(channel);
    for (const letter of changes.putDeadLetters ?? []) this.letters.set(textOf(letter), letter);
    for (const key of changes.removeDeadLetters ?? []) this.letters.delete(textOf(key));
  }

  private check(): void {
    if (!this.isReachable) throw new ConfigurationStoreError('the disk is full');
  }
}

function textOf({ channel, sequence }: DeadLetterKey): string {
  return `${channel}:${sequence}`;
}

function isAfter(a: DeadLetterKey, b: DeadLetterKey): boolean {
  return a.channel > b.channel || (a.channel === b.channel && a.sequence > b.sequence);
}

/** Settings of the channels that a test changes by hand. */
export class SettablePolicy extends NotificationPolicy {
  private readonly listeners = new Set<() => void>();
  private source: NotificationSource;

  constructor(configuration: Json = {}) {
    super();
    this.source = { configuration, hasVariables: false, isRecorded: false };
  }

  set(configuration: Json, more: Partial<NotificationSource> = {}): void {
    this.source = { ...this.source, configuration, ...more };
    for (const listener of this.listeners) listener();
  }

  override current(): NotificationSource {
    return this.source;
  }

  override onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

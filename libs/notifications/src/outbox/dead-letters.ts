import type { DeadLetter, DeadLetterKey, EventRecord } from '@tigateway/model';
import type { OutboxStore } from './outbox-store.js';

/** Kept of each channel; the oldest go. */
const MAX_LETTERS = 1_000;
/** Events of a digest that are named. */
const NAMED_EVENTS = 20;
const PAGE = 100;

/** One dead letter as it is shown: what it is about, not what it says. */
export interface DeadLetterSummary extends DeadLetterKey {
  readonly id: string;
  readonly attempts: number;
  readonly failedAt: string;
  readonly error: string;
  /** In all; the first ones are in `events`. */
  readonly eventCount: number;
  readonly events: readonly {
    readonly type: EventRecord['type'];
    readonly sequence: number;
    readonly configType?: string;
    readonly configId?: string;
    readonly version?: string;
    readonly document?: string;
  }[];
  /** It is on its way once more. */
  readonly isUnderWay: boolean;
}

/** What the channels gave up, without the events themselves, which may be large and stay in the store. */
export class DeadLetters {
  private readonly byId = new Map<string, DeadLetterSummary>();
  private readonly ofChannel = new Map<string, Set<string>>();

  constructor(private readonly store: OutboxStore) {}

  async load(): Promise<void> {
    let after: DeadLetterKey | undefined;
    for (;;) {
      const page = await this.store.deadLetters(after, PAGE);
      for (const letter of page) this.keep(summaryOf(letter));
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  /** Newest first. */
  list(): DeadLetterSummary[] {
    return [...this.byId.values()].sort((a, b) => (a.failedAt < b.failedAt ? 1 : -1));
  }

  countOf(channel: string): number {
    return this.ofChannel.get(channel)?.size ?? 0;
  }

  find(id: string): DeadLetterSummary | undefined {
    return this.byId.get(id);
  }

  /** @returns the letters that must go to make room */
  add(letter: DeadLetter): DeadLetterKey[] {
    const letters = this.keep(summaryOf(letter));
    const surplus = [...letters].slice(0, Math.max(0, letters.size - MAX_LETTERS));
    return surplus.flatMap((id) => this.remove(id) ?? []);
  }

  /** @returns its key */
  remove(id: string): DeadLetterKey | undefined {
    const letter = this.byId.get(id);
    if (!letter) return undefined;
    this.byId.delete(id);
    this.ofChannel.get(letter.channel)?.delete(id);
    return { channel: letter.channel, sequence: letter.sequence };
  }

  setUnderWay(id: string, isUnderWay: boolean): void {
    const letter = this.byId.get(id);
    if (letter) this.byId.set(id, { ...letter, isUnderWay });
  }

  /** The whole of it; `undefined` where it is not durable yet. */
  async read({ channel, sequence }: DeadLetterKey): Promise<DeadLetter | undefined> {
    const [letter] = await this.store.deadLetters({ channel, sequence: sequence - 1 }, 1);
    return letter?.channel === channel && letter.sequence === sequence ? letter : undefined;
  }

  private keep(letter: DeadLetterSummary): Set<string> {
    this.byId.set(letter.id, letter);
    const letters = this.ofChannel.get(letter.channel) ?? new Set();
    this.ofChannel.set(letter.channel, letters.add(letter.id));
    return letters;
  }
}

function summaryOf({ events, ...letter }: DeadLetter): DeadLetterSummary {
  return {
    ...letter,
    eventCount: events.length,
    events: events.slice(0, NAMED_EVENTS).map((event) => {
      const { type, sequence } = event;
      if (event.type === 'configuration_rejected') return { type, sequence, document: event.position.document };
      const { configType, configId, version } = event;
      return { type, sequence, configType, configId, version };
    }),
    isUnderWay: false,
  };
}

import { Logger } from '@nestjs/common';
import type { Clock, DeadLetter, DeadLetterKey, Scheduled } from '@tigateway/model';
import type { DeliveryWindow } from './delivery-window.js';
import type { OutboxStore } from './outbox-store.js';

/** Places are written down this often, in milliseconds: what was delivered since is delivered again after a crash. */
const WRITE_MS = 250;
/** After the store failed, in milliseconds. */
const RETRY_MS = 1_000;
/** With more dead letters than this not durable yet, no new attempt begins. */
const MAX_UNWRITTEN = 100;

/** Writes down how far the channels have come: one small commit for all of them, never on the way of a change. */
export class OutboxLedger {
  private readonly logger = new Logger('Notifications');
  private readonly moved = new Map<string, DeliveryWindow>();
  private readonly forgotten = new Set<string>();
  private readonly letters = new Map<string, DeadLetter>();
  private readonly goneLetters = new Map<string, DeadLetterKey>();
  private scheduled: Scheduled | undefined;
  private writing: Promise<void> = Promise.resolve();
  private hasFailed = false;

  /** @param caughtUp called when `isBehind` no longer holds */
  constructor(
    private readonly store: OutboxStore,
    private readonly clock: Clock,
    private readonly caughtUp: () => void,
  ) {}

  get isBehind(): boolean {
    return this.letters.size > MAX_UNWRITTEN;
  }

  note(channel: string, window: DeliveryWindow): void {
    this.forgotten.delete(channel);
    this.moved.set(channel, window);
    this.writeSoon(WRITE_MS);
  }

  forget(channel: string): void {
    this.moved.delete(channel);
    this.forgotten.add(channel);
    this.writeSoon(WRITE_MS);
  }

  put(letter: DeadLetter): void {
    this.goneLetters.delete(textOf(letter));
    this.letters.set(textOf(letter), letter);
    this.writeSoon(WRITE_MS);
  }

  drop(key: DeadLetterKey): void {
    this.letters.delete(textOf(key));
    this.goneLetters.set(textOf(key), key);
    this.writeSoon(WRITE_MS);
  }

  /** A letter that is not durable yet. */
  unwritten(key: DeadLetterKey): DeadLetter | undefined {
    return this.letters.get(textOf(key));
  }

  /** Settles once everything that was noted is durable, or cannot be made so. */
  flush(): Promise<void> {
    this.scheduled?.cancel();
    this.scheduled = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private writeSoon(delayMs: number): void {
    this.scheduled ??= this.clock.schedule(delayMs, () => void this.flush());
  }

  private async write(): Promise<void> {
    const { moved, forgotten, letters, goneLetters } = this;
    if (moved.size + forgotten.size + letters.size + goneLetters.size === 0) return;
    const windows = new Map(moved);
    const changes = {
      putDeliveries: [...windows].map(([channel, window]) => window.progressOf(channel)),
      removeDeliveries: [...forgotten],
      putDeadLetters: [...letters.values()],
      removeDeadLetters: [...goneLetters.values()],
    };
    moved.clear();
    forgotten.clear();
    try {
      await this.store.commit(changes);
    } catch (error) {
      for (const [channel, window] of windows)
        if (!moved.has(channel) && !forgotten.has(channel)) moved.set(channel, window);
      for (const channel of changes.removeDeliveries) if (!moved.has(channel)) forgotten.add(channel);
      if (!this.hasFailed) this.logger.error(`deliveries cannot be written down: ${(error as Error).message}`);
      this.hasFailed = true;
      this.writeSoon(RETRY_MS);
      return;
    }
    this.hasFailed = false;
    const wasBehind = this.isBehind;
    // Only what was written: more may have come meanwhile.
    for (const letter of changes.putDeadLetters)
      if (letters.get(textOf(letter)) === letter) letters.delete(textOf(letter));
    for (const key of changes.removeDeadLetters)
      if (goneLetters.get(textOf(key)) === key) goneLetters.delete(textOf(key));
    if (wasBehind && !this.isBehind) this.caughtUp();
  }
}

function textOf({ channel, sequence }: DeadLetterKey): string {
  return `${channel}:${sequence}`;
}

import { type Clock, type EventRecord, type Scheduled } from '@tigateway/model';
import type { DeliverySettings } from '../settings/channel.settings.js';
import { wants } from '../settings/event-selection.js';
import type { EventHistory } from '../websocket/event-history.js';
import type { DeliveryWindow } from './delivery-window.js';

/** Events read from the store at once. */
const PAGE = 50;
/** A digest of more events than this does not wait any longer. */
const MAX_GATHERED = 500;
/** After the store could not be read, in milliseconds. */
const RETRY_READ_MS = 1_000;

/** What a feed asks of the store, and tells. */
export interface FeedPorts {
  readonly history: EventHistory;
  readonly clock: Clock;
  /** The newest recorded event. */
  newest(): number;
  /** The oldest that is still kept. */
  oldestKept(): Promise<number>;
  /** One message is complete. */
  emit(events: readonly EventRecord[]): void;
  /** The place has changed without a message. */
  moved(): void;
  lost(events: number): void;
  failed(error: unknown): void;
}

/** Brings one channel its events, in order and without a gap: as they happen while it keeps up, from the store when not. */
export class ChannelFeed {
  private settings: DeliverySettings | undefined;
  private reading: Promise<void> | undefined;
  private gathered: EventRecord[] = [];
  private gathering: Scheduled | undefined;
  private isEnded = false;

  constructor(
    private readonly window: DeliveryWindow,
    private readonly ports: FeedPorts,
  ) {}

  /** @param settings `undefined`: events stay where they are for the time being */
  configure(settings: DeliverySettings | undefined): void {
    this.settings = settings;
    if (settings) this.emitGathered();
    this.readOn();
  }

  /** An event has happened. */
  offer(event: EventRecord, bytes: number): void {
    const { window, settings } = this;
    if (event.sequence <= window.taken) return;
    const isNext = event.sequence === window.taken + 1;
    if (settings && isNext && !this.reading && !window.isFull) this.take(event, bytes, settings);
    else this.readOn();
  }

  /** There may be room again, or more to read. */
  readOn(): void {
    if (this.reading || !this.settings || this.isEnded || !this.hasMore) return;
    this.reading = this.read()
      .catch((error: unknown) => {
        this.ports.failed(error);
        return new Promise<void>((resolve) => void this.ports.clock.schedule(RETRY_READ_MS, resolve));
      })
      .finally(() => {
        this.reading = undefined;
        this.readOn();
      });
  }

  end(): void {
    this.isEnded = true;
    this.gathering?.cancel();
  }

  private get hasMore(): boolean {
    return !this.window.isFull && this.window.taken < this.ports.newest();
  }

  private async read(): Promise<void> {
    while (this.hasMore && !this.isEnded) {
      const page = await this.ports.history.eventsSince(this.window.taken, PAGE);
      if (!page) {
        const oldest = await this.ports.oldestKept();
        const { taken } = this.window;
        if (oldest <= taken + 1) throw new Error(`the store has no event after ${taken}`);
        this.window.skipTo(oldest - 1);
        this.ports.lost(oldest - 1 - taken);
        continue;
      }
      if (page.length === 0) throw new Error(`the store has no event after ${this.window.taken}`);
      for (const event of page) {
        if (!this.settings || this.isEnded) return;
        this.take(event, JSON.stringify(event).length, this.settings);
      }
    }
  }

  private take(event: EventRecord, bytes: number, settings: DeliverySettings): void {
    if (!wants(settings, event)) {
      this.window.skipTo(event.sequence);
      this.ports.moved();
      return;
    }
    if (!this.window.take(event, bytes)) return;
    if (settings.digestMs === 0) {
      this.ports.emit([event]);
      return;
    }
    this.gathered.push(event);
    if (this.gathered.length >= MAX_GATHERED) this.emitGathered();
    else this.gathering ??= this.ports.clock.schedule(settings.digestMs, () => this.emitGathered());
  }

  private emitGathered(): void {
    this.gathering?.cancel();
    this.gathering = undefined;
    const events = this.gathered;
    if (events.length === 0) return;
    this.gathered = [];
    this.ports.emit(events);
  }
}

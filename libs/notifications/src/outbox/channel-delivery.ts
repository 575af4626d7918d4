import { Logger } from '@nestjs/common';
import {
  type Clock,
  type DeadLetter,
  type DeliveryProgress,
  type EventRecord,
  type Json,
  sameJson,
} from '@tigateway/model';
import type { ChannelKind, ChannelTools } from '../channel.js';
import type { ChannelPlan } from '../settings/channel-plan.js';
import type { DeliverySettings } from '../settings/channel.settings.js';
import { ChannelFeed } from './channel-feed.js';
import { Courier } from './courier.js';
import type { DeliveryPermit } from './delivery-permit.js';
import { DeliveryWindow } from './delivery-window.js';
import type { NotificationMetrics } from './notification-metrics.js';
import type { OutboxLedger } from './outbox-ledger.js';
import type { OutboxStore } from './outbox-store.js';
import { type Parcel, parcelOf } from './parcel.js';

/** How a channel is, as status and health show it. */
export interface ChannelStatus {
  readonly name: string;
  /** `failing`: the last attempt failed; `misconfigured`: nothing can be attempted until the settings are mended. */
  readonly state: 'up' | 'failing' | 'misconfigured';
  readonly reason?: string;
  /** Events that are not settled yet. */
  readonly queued: number;
  /** Of the oldest of them, ISO 8601. */
  readonly oldest?: string;
  readonly inFlight: number;
  readonly waitingForRetry: number;
  /** Messages on the dead-letter list. */
  readonly dead: number;
  /** Since the start of the process. */
  readonly delivered: number;
  readonly failed: number;
  readonly lost: number;
  readonly lastDelivery?: string;
  readonly lastFailure?: { readonly at: string; readonly error: string };
}

/** What all channels share. */
export interface DeliveryPorts {
  readonly store: OutboxStore;
  readonly ledger: OutboxLedger;
  readonly clock: Clock;
  readonly permit: DeliveryPermit;
  readonly metrics: NotificationMetrics;
  readonly tools: ChannelTools;
  /** The newest recorded event's sequence. */
  newest(): number;
  gaveUp(letter: DeadLetter): void;
  redelivered(letter: Pick<DeadLetter, 'id'>): void;
  deadOf(channel: string): number;
}

/** Time for attempts under way when the gateway stops, in milliseconds. */
const STOP_GRACE_MS = 2_000;

/** One channel at work: its place in the events, its feed and its courier. */
export class ChannelDelivery {
  private readonly logger = new Logger('Notifications');
  private readonly window: DeliveryWindow;
  private readonly feed: ChannelFeed;
  private readonly courier: Courier;
  private settings: DeliverySettings | undefined;
  private written: Json | undefined;
  private misconfigured: string | undefined;
  private delivered = 0;
  private failed = 0;
  private lost = 0;
  private lastDeliveryMs: number | undefined;
  private lastFailure: { readonly atMs: number; readonly error: string } | undefined;
  private isFailing = false;
  private isDropped = false;

  constructor(
    private readonly kind: ChannelKind,
    progress: Omit<DeliveryProgress, 'channel'>,
    private readonly ports: DeliveryPorts,
  ) {
    const { clock, permit, store, metrics, ledger } = ports;
    this.window = new DeliveryWindow(progress);
    this.feed = new ChannelFeed(this.window, {
      history: store,
      clock,
      newest: () => ports.newest(),
      oldestKept: async () => (await store.outbox()).oldestSequence,
      emit: (events) => this.emit(events),
      moved: () => this.moved(),
      lost: (events) => this.lose(events),
      failed: (error) => this.logger.error(`${kind.name}: events cannot be read: ${(error as Error).message}`),
    });
    this.courier = new Courier(kind.concurrency, {
      clock,
      permit,
      isHeldUp: () => ledger.isBehind,
      delivered: (parcel, durationMs) => this.arrived(parcel, durationMs),
      failed: (parcel, error, durationMs) => this.didNotArrive(parcel, error, durationMs),
      retried: () => metrics.retries.inc({ channel: kind.name }),
      gaveUp: (parcel, error) => this.giveUp(parcel, error),
    });
    this.moved();
  }

  configure(plan: Extract<ChannelPlan<DeliverySettings>, { state: 'on' | 'misconfigured' }>): void {
    if (plan.state === 'misconfigured') {
      if (this.misconfigured !== plan.reason) this.logger.warn(`${this.kind.name}: ${plan.reason}`);
      this.misconfigured = plan.reason;
      this.settings = undefined;
      this.written = undefined;
      this.courier.shut();
      this.feed.configure(undefined);
      return;
    }
    if (this.written !== undefined && sameJson(this.written, plan.written)) return;
    this.misconfigured = undefined;
    this.settings = plan.settings;
    this.written = plan.written;
    this.courier.open(this.kind.open(plan.settings, this.ports.tools), plan.settings);
    this.feed.configure(plan.settings);
  }

  offer(event: EventRecord, bytes: number): void {
    this.feed.offer(event, bytes);
  }

  redeliver({ events, isDigest }: DeadLetter): void {
    this.courier.add(parcelOf(this.kind.name, events, isDigest, 0, true));
  }

  /** Something that held it up is over. */
  go(): void {
    this.courier.go();
    this.feed.readOn();
  }

  /** What is under way may still arrive; the place is kept. */
  async end(): Promise<void> {
    this.feed.end();
    await this.courier.end(STOP_GRACE_MS);
  }

  /** What waits is dropped, and so is the place. */
  drop(): void {
    this.isDropped = true;
    void this.end();
  }

  /** Sets the gauges. */
  measure(): void {
    const { clock, metrics } = this.ports;
    const channel = this.kind.name;
    metrics.queue.set({ channel }, this.queued);
    const { oldestMs } = this.window;
    metrics.oldest.set({ channel }, oldestMs === undefined ? 0 : Math.max(0, clock.now() - oldestMs) / 1_000);
  }

  get status(): ChannelStatus {
    const { misconfigured, lastFailure, lastDeliveryMs, window } = this;
    const { oldestMs } = window;
    const reason = misconfigured ?? (this.isFailing ? lastFailure?.error : undefined);
    return {
      name: this.kind.name,
      state: misconfigured !== undefined ? 'misconfigured' : this.isFailing ? 'failing' : 'up',
      ...(reason !== undefined && { reason }),
      queued: this.queued,
      ...(oldestMs !== undefined && { oldest: new Date(oldestMs).toISOString() }),
      inFlight: this.courier.inFlight,
      waitingForRetry: this.courier.waitingForRetry,
      dead: this.ports.deadOf(this.kind.name),
      delivered: this.delivered,
      failed: this.failed,
      lost: this.lost,
      ...(lastDeliveryMs !== undefined && { lastDelivery: new Date(lastDeliveryMs).toISOString() }),
      ...(lastFailure && { lastFailure: { at: new Date(lastFailure.atMs).toISOString(), error: lastFailure.error } }),
    };
  }

  private get queued(): number {
    return this.window.size + Math.max(0, this.ports.newest() - this.window.taken);
  }

  private emit(events: readonly EventRecord[]): void {
    const attempts = this.window.attemptsOf((events[0] as EventRecord).sequence);
    this.courier.add(parcelOf(this.kind.name, events, (this.settings?.digestMs ?? 0) > 0, attempts));
  }

  private arrived(parcel: Parcel, durationMs: number): void {
    const channel = this.kind.name;
    this.delivered++;
    this.lastDeliveryMs = this.ports.clock.now();
    if (this.isFailing) this.logger.log(`${channel}: messages arrive again`);
    this.isFailing = false;
    this.ports.metrics.deliveries.inc({ channel, success: 'true' });
    this.ports.metrics.duration.observe({ channel }, durationMs / 1_000);
    if (parcel.isRedelivery) this.ports.redelivered({ id: parcel.message.id });
    else this.settle(parcel);
  }

  private didNotArrive(parcel: Parcel, error: string, durationMs: number): void {
    const channel = this.kind.name;
    this.failed++;
    this.lastFailure = { atMs: this.ports.clock.now(), error };
    // One line when it begins, not one an event: a dead target must not fill the log.
    if (!this.isFailing) this.logger.warn(`${channel}: a message did not arrive: ${error}`);
    this.isFailing = true;
    this.ports.metrics.deliveries.inc({ channel, success: 'false' });
    this.ports.metrics.duration.observe({ channel }, durationMs / 1_000);
    if (parcel.isRedelivery) return;
    this.window.failed((parcel.message.events[0] as EventRecord).sequence, parcel.attempts);
    this.moved();
  }

  private giveUp(parcel: Parcel, error: string): void {
    const { id, events } = parcel.message;
    const channel = this.kind.name;
    this.ports.metrics.dead.inc({ channel });
    this.ports.gaveUp({
      id,
      channel,
      sequence: (events[0] as EventRecord).sequence,
      events,
      isDigest: parcel.message.isDigest,
      attempts: parcel.attempts,
      failedAt: new Date(this.ports.clock.now()).toISOString(),
      error,
    });
    if (!parcel.isRedelivery) this.settle(parcel);
  }

  private settle({ message }: Parcel): void {
    this.window.settle(message.events);
    this.moved();
    this.feed.readOn();
  }

  private moved(): void {
    if (!this.isDropped) this.ports.ledger.note(this.kind.name, this.window);
  }

  private lose(events: number): void {
    this.lost += events;
    this.ports.metrics.lost.inc({ channel: this.kind.name }, events);
    this.logger.error(`${this.kind.name}: ${events} events are lost: they waited longer than the store keeps them`);
    this.moved();
  }
}

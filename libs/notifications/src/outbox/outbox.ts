import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import {
  Clock,
  type DeadLetter,
  type DeliveryProgress,
  EventBus,
  type EventRecord,
  NotificationChannelError,
  NotificationNotFoundError,
  RECORDED_EVENT_NAMES,
  type RecordedEvent,
} from '@tigateway/model';
import type { ChannelKind, ChannelTools } from '../channel.js';
import { CHANNEL_KINDS } from '../channels.js';
import { planOf } from '../settings/channel-plan.js';
import { NotificationPolicy } from '../settings/notification-policy.js';
import { NOTIFICATION } from '../settings/notification.settings.js';
import { ChannelDelivery, type ChannelStatus, type DeliveryPorts } from './channel-delivery.js';
import { DeadLetters, type DeadLetterSummary } from './dead-letters.js';
import { Deliveries } from './deliveries.js';
import { DeliveryPermit } from './delivery-permit.js';
import { NotificationMetrics } from './notification-metrics.js';
import { OutboxLedger } from './outbox-ledger.js';
import { OutboxStore } from './outbox-store.js';

/** What the channels need of the process: `ChannelTools`. */
export const CHANNEL_TOOLS = Symbol('CHANNEL_TOOLS');

const PAGE = 500;

/** Brings every recorded event to every channel that wants it. Nothing waits for it, and no channel for another. */
@Injectable()
export class Outbox extends Deliveries implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Notifications');
  private readonly channels = new Map<string, ChannelDelivery>();
  private readonly ledger: OutboxLedger;
  private readonly letters: DeadLetters;
  private readonly subscriptions: (() => void)[] = [];
  private restored = new Map<string, DeliveryProgress>();
  private newest = 0;
  /** Of the newest change of the settings: what comes after it is what a channel hears that it switched on. */
  private settingsSequence: number | undefined;

  constructor(
    @Inject(OutboxStore) private readonly store: OutboxStore,
    @Inject(NotificationPolicy) private readonly policy: NotificationPolicy,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(DeliveryPermit) private readonly permit: DeliveryPermit,
    @Inject(NotificationMetrics) private readonly metrics: NotificationMetrics,
    @Inject(CHANNEL_TOOLS) private readonly tools: ChannelTools,
  ) {
    super();
    this.ledger = new OutboxLedger(store, clock, () => this.go());
    this.letters = new DeadLetters(store);
  }

  /**
   * Takes up where the last run ended. The store is open, and what ran last is in force.
   * @throws ConfigurationStoreError
   */
  async start(): Promise<void> {
    const { deliveries, lastSequence } = await this.store.outbox();
    this.restored = new Map(deliveries.map((delivery) => [delivery.channel, delivery]));
    this.newest = Math.max(this.newest, lastSequence);
    await this.letters.load();
    if (this.hasNewChannels) this.settingsSequence = await this.lastSettingsEvent();
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.announce(event)));
    }
    this.subscriptions.push(
      this.policy.onChange(() => this.applySettings()),
      this.permit.onChange(() => this.go()),
    );
    this.metrics.measureAtScrape(() => this.channels.forEach((channel) => channel.measure()));
    this.applySettings();
    // Channels that the settings no longer name keep no events.
    for (const name of this.restored.keys()) if (!this.channels.has(name)) this.ledger.forget(name);
    await this.ledger.flush();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  /** Sends nothing more until it is started again, and takes up then what the store says. */
  async stop(): Promise<void> {
    for (const end of this.subscriptions.splice(0)) end();
    const ended = [...this.channels.values()];
    this.channels.clear();
    await Promise.all(ended.map((channel) => channel.end()));
    await this.ledger.flush();
  }

  override status(): ChannelStatus[] {
    return [...this.channels.values()].map(({ status }) => status);
  }

  override deadLetters(): DeadLetterSummary[] {
    return this.letters.list();
  }

  override async redeliver(id: string): Promise<DeadLetterSummary> {
    const found = this.letters.find(id);
    if (!found) throw new NotificationNotFoundError(id);
    const channel = this.channels.get(found.channel);
    if (!channel) throw new NotificationChannelError(found.channel);
    if (found.isUnderWay) return found;
    const letter = this.ledger.unwritten(found) ?? (await this.letters.read(found));
    if (!letter) throw new NotificationNotFoundError(id);
    this.letters.setUnderWay(id, true);
    channel.redeliver(letter);
    return this.letters.find(id) ?? found;
  }

  private announce({ type, facts }: RecordedEvent): void {
    const event = { type, ...facts } as EventRecord;
    this.newest = Math.max(this.newest, event.sequence);
    if (isAboutSettings(event)) this.settingsSequence = event.sequence;
    if (this.channels.size === 0) return;
    const bytes = JSON.stringify(event).length;
    for (const channel of this.channels.values()) channel.offer(event, bytes);
  }

  private applySettings(): void {
    const source = this.policy.current();
    for (const kind of CHANNEL_KINDS) {
      const plan = planOf(kind.name, kind.settings, source);
      if (plan.state === 'on' || plan.state === 'misconfigured') this.channel(kind).configure(plan);
      else if (this.channels.has(kind.name)) this.switchOff(kind.name);
    }
  }

  private channel(kind: ChannelKind): ChannelDelivery {
    const known = this.channels.get(kind.name);
    if (known) return known;
    const from = { through: this.settingsSequence ?? this.newest, ahead: [], attempts: [] };
    const channel = new ChannelDelivery(kind, this.restored.get(kind.name) ?? from, this.ports);
    this.restored.delete(kind.name);
    this.channels.set(kind.name, channel);
    return channel;
  }

  private switchOff(name: string): void {
    const channel = this.channels.get(name);
    this.channels.delete(name);
    // What waits is dropped; when it is switched on again it begins with what happens then.
    channel?.drop();
    this.ledger.forget(name);
    this.metrics.forget(name);
  }

  private go(): void {
    for (const channel of this.channels.values()) channel.go();
  }

  private get ports(): DeliveryPorts {
    const { store, ledger, clock, permit, metrics, tools } = this;
    return {
      store,
      ledger,
      clock,
      permit,
      metrics,
      tools,
      newest: () => this.newest,
      gaveUp: (letter) => this.bury(letter),
      redelivered: ({ id }) => {
        const key = this.letters.remove(id);
        if (key) this.ledger.drop(key);
      },
      deadOf: (channel) => this.letters.countOf(channel),
    };
  }

  private bury(letter: DeadLetter): void {
    this.ledger.put(letter);
    for (const key of this.letters.add(letter)) this.ledger.drop(key);
  }

  /** A recorded change switched a channel on, and the process ended before its place was written down. */
  private get hasNewChannels(): boolean {
    const source = this.policy.current();
    const isNew = ({ name, settings }: ChannelKind): boolean =>
      !this.restored.has(name) && planOf(name, settings, source).state === 'on';
    return source.isRecorded && CHANNEL_KINDS.some(isNew);
  }

  /** @returns `undefined` where it is no longer kept */
  private async lastSettingsEvent(): Promise<number | undefined> {
    let found: number | undefined;
    let through = (await this.store.outbox()).oldestSequence - 1;
    while (through < this.newest) {
      const page = await this.store.eventsSince(through, PAGE);
      if (!page || page.length === 0) break;
      for (const event of page) if (isAboutSettings(event)) found = event.sequence;
      through = (page.at(-1) as EventRecord).sequence;
    }
    return found;
  }
}

function isAboutSettings(event: EventRecord): boolean {
  return (
    event.type !== 'configuration_rejected' && event.configType === 'global' && event.configId === NOTIFICATION.configId
  );
}

import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventBus, type EventRecord, formatPosition, RECORDED_EVENT_NAMES, type RecordedEvent } from '@tigateway/model';
import { NotificationMetrics } from '../outbox/notification-metrics.js';
import { planOf } from '../settings/channel-plan.js';
import { ChannelSettings } from '../settings/channel.settings.js';
import { wants } from '../settings/event-selection.js';
import { NotificationPolicy, type NotificationSource } from '../settings/notification-policy.js';

const CHANNEL = 'log';

/** Writes one structured line for each recorded event; what was configured is in the history, not in the log. */
@Injectable()
export class EventLogChannel implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Configuration');
  private readonly subscriptions: (() => void)[] = [];
  private source: NotificationSource | undefined;
  private settings: ChannelSettings | undefined;

  constructor(
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(NotificationPolicy) private readonly policy: NotificationPolicy,
    @Inject(NotificationMetrics) private readonly metrics: NotificationMetrics,
  ) {}

  onModuleInit(): void {
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.write(event)));
    }
  }

  onModuleDestroy(): void {
    for (const end of this.subscriptions) end();
  }

  private write(event: RecordedEvent): void {
    this.follow();
    if (!this.settings || !wants(this.settings, { type: event.type, ...event.facts } as EventRecord)) return;
    const line = lineOf(event);
    if (event.type === 'configuration_rejected') this.logger.warn(line);
    else this.logger.log(line);
    this.metrics.deliveries.inc({ channel: CHANNEL, success: 'true' });
  }

  /** The log is on unless it is switched off: nothing need be set up for it. */
  private follow(): void {
    const source = this.policy.current();
    if (source === this.source) return;
    this.source = source;
    const plan = planOf(CHANNEL, ChannelSettings, source);
    if (plan.state === 'on') this.settings = plan.settings;
    else this.settings = plan.state === 'off' ? undefined : new ChannelSettings();
  }
}

/** The facts of an event that belong in a log. */
export function lineOf(event: RecordedEvent): Readonly<Record<string, unknown>> {
  const { sequence, source } = event.facts;
  if (event.type === 'configuration_rejected') {
    const { position, errors } = event.facts;
    return {
      event: event.type,
      sequence,
      source,
      document: formatPosition(position),
      errors: errors.map(({ pointer, code, message }) => ({ pointer, code, message })),
    };
  }
  const { configType, configId, version, actor, reason } = event.facts;
  return {
    event: event.type,
    sequence,
    source,
    configType,
    configId,
    version,
    actor,
    ...(reason !== undefined && { reason }),
    ...(event.type === 'configuration_rollback' && {
      from: event.facts.from,
      to: event.facts.to,
      trigger: event.facts.trigger,
    }),
  };
}

import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventBus, formatPosition, RECORDED_EVENT_NAMES, type RecordedEvent } from '@tigateway/model';

/** Writes one structured line for each recorded event; what was configured is in the history, not in the log. */
@Injectable()
export class EventLogChannel implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Configuration');
  private readonly subscriptions: (() => void)[] = [];

  constructor(@Inject(EventBus) private readonly events: EventBus) {}

  onModuleInit(): void {
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.write(event)));
    }
  }

  onModuleDestroy(): void {
    for (const end of this.subscriptions) end();
  }

  private write(event: RecordedEvent): void {
    const line = lineOf(event);
    if (event.type === 'configuration_rejected') this.logger.warn(line);
    else this.logger.log(line);
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
